"""What leaves the portal compressed, and what does not."""

from __future__ import annotations

import gzip

import brotli
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from mlops_portal.lib.compression import Compression, wanted

LONG = b"<p>words and words</p>" * 100


def _answer(response, accepts="gzip, deflate, br"):
    return Compression(lambda _request: response)(RequestFactory().get("/", HTTP_ACCEPT_ENCODING=accepts))


@pytest.mark.parametrize(
    ("accepts", "encoding", "decode"),
    [("gzip, deflate, br, zstd", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)],
)
def test_a_page_is_compressed_and_comes_out_the_same(accepts, encoding, decode):
    sent = _answer(HttpResponse(LONG), accepts)

    assert (sent["Content-Encoding"], sent["Vary"]) == (encoding, "Accept-Encoding")
    assert int(sent["Content-Length"]) == len(sent.content) < len(LONG) / 5
    assert decode(sent.content) == LONG


def test_who_takes_no_encoding_gets_none_and_caches_know():
    sent = _answer(HttpResponse(LONG), "")

    assert (sent.content, "Content-Encoding" in sent, sent["Vary"]) == (LONG, False, "Accept-Encoding")


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(b"short"),
        HttpResponse(LONG, content_type="image/png"),
        HttpResponse(LONG, headers={"Content-Encoding": "br"}),
        StreamingHttpResponse([LONG]),
    ],
    ids=["short", "picture", "encoded already", "streamed"],
)
def test_what_is_left_alone(response):
    before = response.get("Content-Encoding", "")

    assert _answer(response).get("Content-Encoding", "") == before


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("br", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("BR", "br"),
        ("*", ""),
        ("identity, deflate", ""),
        ("", ""),
    ],
)
def test_accepted_encodings_are_heard(header, encoding):
    assert wanted(header) == encoding
