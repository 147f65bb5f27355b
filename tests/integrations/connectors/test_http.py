"""The door against a hostile server: an answer or a typed error, in time, in bounds, and the credential stays where it belongs."""

from __future__ import annotations

import contextlib
import socket
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, Limits, SourceError
from tests.integrations.connectors.hostile import MIB, Hostile, hostile_server

QUICK = Limits(connect=0.3, read=0.3, total=0.6)


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server() as other, hostile_server() as server:
        server.other = other.url
        yield server
        assert other.asked == [], "no request, and so no credential, may reach another origin"


def door(server: Hostile, limits: Limits | None = None, base: str = "", **headers: str) -> Http:
    policy = EgressPolicy.from_text(f"{server.url} {server.other}")
    return Http(base or f"{server.url}/base", policy=policy, headers=headers, limits=limits)


def failing(server: Hostile, path: str, limits: Limits | None = None) -> SourceError:
    with (
        door(server, limits, Authorization="Bearer top-secret") as http,
        pytest.raises(SourceError) as caught,
    ):
        http.get(path)
    assert "top-secret" not in str(caught.value)
    return caught.value


def test_get_sends_credential_and_parameters(server: Hostile) -> None:
    with door(server, Authorization="Bearer top-secret") as http:
        reply = http.get("echo", {"q": "a b&c", "page": 2, "order": ["x", "y"]})

    assert (reply.status, reply.data["method"]) == (200, "GET")
    assert reply.data["target"] == "/base/echo?q=a+b%26c&page=2&order=x&order=y"
    assert reply.data["headers"]["authorization"] == "Bearer top-secret"
    assert reply.data["headers"]["accept-encoding"] == "gzip"
    assert reply.data["headers"]["host"] == f"127.0.0.1:{server.port}"
    assert reply.headers["content-type"] == "application/json"


def test_post_sends_json(server: Hostile) -> None:
    with door(server) as http:
        reply = http.post("echo", {"ids": ["1"]})

    assert (reply.data["method"], reply.data["body"]) == ("POST", '{"ids":["1"]}')


def test_cookies_are_not_kept(server: Hostile) -> None:
    with door(server) as http:
        http.get("echo")
        assert "cookie" not in http.get("echo").data["headers"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("empty", None),
        ("unchanged", None),
        ("null", None),
        ("gzip", {"ok": True}),
        ("json-as-text", {"ok": True}),
    ],
)
def test_good_answers(server: Hostile, path: str, data: Any) -> None:
    with door(server) as http:
        assert http.get(path).data == data


def test_text(server: Hostile) -> None:
    with door(server) as http:
        assert http.text("version") == "3.17.2"
        with pytest.raises(SourceError, match="web page"):
            http.text("login")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("login", Failure.BAD_PAYLOAD),
        ("html-as-json", Failure.BAD_PAYLOAD),
        ("cut-json", Failure.BAD_PAYLOAD),
        ("latin", Failure.BAD_PAYLOAD),
        ("nan", Failure.BAD_PAYLOAD),
        ("twice", Failure.BAD_PAYLOAD),
        ("deep", Failure.BAD_PAYLOAD),
        ("gzip-cut", Failure.BAD_PAYLOAD),
        ("gzip-broken", Failure.BAD_PAYLOAD),
        ("brotli", Failure.BAD_PAYLOAD),
        ("version", Failure.BAD_PAYLOAD),
        ("sign-in-203", Failure.UNAUTHORIZED),
        ("400", Failure.REJECTED),
        ("401", Failure.UNAUTHORIZED),
        ("403", Failure.FORBIDDEN),
        ("nothing-here", Failure.NOT_FOUND),
        ("404-giant", Failure.NOT_FOUND),
        ("429", Failure.RATE_LIMITED),
        ("500", Failure.UNAVAILABLE),
        ("503", Failure.UNAVAILABLE),
        ("cut", Failure.UNAVAILABLE),
        ("garbage", Failure.UNAVAILABLE),
        ("found", Failure.REJECTED),
        ("found-away", Failure.BLOCKED),
        ("sign-in-here", Failure.UNAUTHORIZED),
        ("sign-in-away", Failure.UNAUTHORIZED),
        ("moved-to-sign-in", Failure.BLOCKED),
        ("moved-away", Failure.BLOCKED),
        ("moved-out-of-path", Failure.BLOCKED),
        ("moved-to-metadata", Failure.BLOCKED),
        ("circle", Failure.REJECTED),
    ],
)
def test_bad_answers(server: Hostile, path: str, kind: Failure) -> None:
    error = failing(server, path)

    assert error.kind is kind
    assert error.message.startswith("127.0.0.1")
    assert error.message.endswith(".")
    for private in ("banner", "Traceback", "Sign in", "Permission denied"):
        assert private not in error.message


def test_codes_and_times_of_refusals(server: Hostile) -> None:
    assert failing(server, "400").code == "INVALID_PARAMETER_VALUE"
    assert failing(server, "nothing-here").code == "RESOURCE_DOES_NOT_EXIST"
    retry_at = failing(server, "429").retry_at
    assert retry_at is not None
    assert abs(retry_at - datetime.now(UTC) - timedelta(seconds=120)) < timedelta(seconds=10)  # noqa: TID251 -- the door's own clock


def test_moved_within_the_base_is_followed(server: Hostile) -> None:
    with door(server, Authorization="Bearer top-secret") as http:
        reply = http.get("moved")
        with pytest.raises(SourceError) as caught:
            http.post("moved", {})

    assert reply.url == f"{server.url}/base/echo?moved=1"
    assert reply.data["headers"]["authorization"] == "Bearer top-secret"
    assert caught.value.kind is Failure.REJECTED


@pytest.mark.slow
@pytest.mark.parametrize("path", ["silent", "drip", "drip-headers"])
def test_the_total_deadline_ends_everything(server: Hostile, path: str) -> None:
    started = time.monotonic()
    error = failing(server, path, QUICK)

    assert error.kind is Failure.UNREACHABLE
    # The server itself would never end.
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_deadline_holds_for_all_hops_of_a_request_together(server: Hostile) -> None:
    with door(server, QUICK) as http:
        http.get("echo")
        time.sleep(QUICK.total)
        assert http.get("echo").status == 200, "each request has a deadline of its own"


@pytest.mark.slow
def test_giant_body_is_left_at_the_cap(server: Hostile) -> None:
    error = failing(server, "giant", Limits(wire_bytes=2 * MIB))

    assert error.kind is Failure.TOO_BIG
    assert server.sent < 16 * MIB


def test_endless_headers_end(server: Hostile) -> None:
    assert failing(server, "endless-headers").kind is Failure.UNAVAILABLE


@pytest.mark.slow
def test_bomb_is_not_unpacked(server: Hostile) -> None:
    tracemalloc.start()
    try:
        error = failing(server, "bomb", Limits(decoded_bytes=4 * MIB))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert error.kind is Failure.TOO_BIG
    assert peak < 40 * MIB, "200 MiB stood in the bomb"


def test_pages_follow_next_links(server: Hostile) -> None:
    with door(server) as http:
        replies = list(http.pages("page1", max_pages=10))
        capped = list(http.pages("page1", max_pages=2))

    assert [reply.data for reply in replies] == [[1], [2], [3]]
    assert replies[-1].next_url == ""
    assert [reply.data for reply in capped] == [[1], [2]]
    assert capped[-1].next_url == f"{server.url}/base/page3"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("page-away", Failure.BLOCKED),
        ("page-out-of-path", Failure.BLOCKED),
        ("page-dots", Failure.BLOCKED),
        ("page-itself", Failure.BAD_PAYLOAD),
        ("page-back", Failure.BAD_PAYLOAD),
    ],
)
def test_pages_stay_and_advance(server: Hostile, path: str, kind: Failure) -> None:
    with door(server) as http, pytest.raises(SourceError) as caught:
        list(http.pages(path, max_pages=10))
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "http://127.0.0.1:1/x", "%2e%2e/secret/..%2f.."]
)
def test_a_path_cannot_leave_the_base(server: Hostile, path: str) -> None:
    with door(server) as http, contextlib.suppress(SourceError):
        http.get(path)
    assert all(asked.target.startswith("/base/") for asked in server.asked)


def test_proxy_of_the_environment_is_ignored(server: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, server.other)
    with door(server) as http:
        assert http.get("echo").status == 200


def test_credential_that_cannot_be_sent(server: Hostile) -> None:
    for value in ("Bearer a\r\nX-Evil: 1", "Bearer \u20ac"):
        with (
            pytest.raises(SourceError, match="credential") as caught,
            door(server, Authorization=value) as http,
        ):
            http.get("echo")
        assert caught.value.kind is Failure.REJECTED
    assert all("x-evil" not in asked.headers for asked in server.asked)


def test_nothing_listens(server: Hostile) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with Http(url, policy=EgressPolicy.from_text(url)) as http, pytest.raises(SourceError) as caught:
        http.get("x")
    assert (caught.value.kind, caught.value.can_retry) == (Failure.UNREACHABLE, True)


def test_base_url_is_checked_before_anything_is_opened(server: Hostile) -> None:
    with pytest.raises(SourceError, match="PORTAL_EGRESS_ALLOW") as caught:
        Http(server.url, policy=EgressPolicy())
    assert caught.value.allow == server.url
    with pytest.raises(SourceError, match="after '\\?'"):
        Http(f"{server.url}/?a=1", policy=EgressPolicy.from_text(server.url))
    assert server.asked == []
