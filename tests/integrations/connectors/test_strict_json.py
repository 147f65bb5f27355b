from __future__ import annotations

import pytest

from integrations.connectors.strict_json import decode


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"runs": [1, 2.5, null, true, "x"]}', {"runs": [1, 2.5, None, True, "x"]}),
        (b"\xef\xbb\xbf{}", {}),
        (b"[]", []),
        (b'{"n": "Zo\\u00eb \\ud83d\\ude00"}', {"n": "Zoë 😀"}),
        (b'{"n": "a\\ud800b"}', {"n": "a\ufffdb"}),
        (b'{"n": "a\\udc00\\ud83d"}', {"n": "a\ufffd\ufffd"}),
        (b'{"n": "a\\u0000b"}', {"n": "a\ufffdb"}),
        (b'{"n": "C:\\\\ud800\\\\u0000"}', {"n": "C:\\ud800\\u0000"}),
    ],
)
def test_decode(body: bytes, data: object) -> None:
    assert decode(body) == data


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"runs": [',
        b"\xff\xfe{}",
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b'{"n": 1e999}',
        b'{"n": ' + b"9" * 5_000 + b"}",
        b'{"n": 1, "n": 2}',
        b'{"a": [{"b": {"n": 1, "n": 1}}]}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"n": "' + b"x" * (8 * 1024 * 1024 + 1) + b'"}',
        b"3.17.2",
        b"{} trailing",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_decode_refuses(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body)
