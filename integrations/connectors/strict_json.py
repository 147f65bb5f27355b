"""JSON as the database can keep it, or a ValueError. Pure.

Python's own reader takes NaN, 1e999 (infinity) and duplicate keys without a word, and dies of a deep document with a
RecursionError, which is no ValueError.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

# Far above any field that a connector reads; a single text of this size is an accident or an attack.
LONGEST_TEXT = 8 * 1024 * 1024
LONGEST_NUMBER = 40

# An escaped backslash or a proper surrogate pair is left alone; a lone surrogate and NUL become U+FFFD, because neither can
# be stored in PostgreSQL and both would fail only at the far end, in the transaction.
_UNSTORABLE = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\u0000"
)


def decode(body: bytes) -> Any:
    """The document in UTF-8 (a byte order mark is accepted). Raises ValueError for anything that is not strict JSON."""
    text = body.decode("utf-8-sig")
    if "\\u" in text:
        text = _UNSTORABLE.sub(lambda match: match.group(1) or "\\ufffd", text)
    try:
        data = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(data, str):
        _check_text(data)
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    for value in found.values():
        if isinstance(value, str):
            _check_text(value)
    return found


def _check_text(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise ValueError("a text of absurd length")


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond all bounds")
    return value


def _int(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number of absurd length")
    return int(text)
