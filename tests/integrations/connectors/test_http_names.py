"""Names: resolved once, every address checked, the checked one connected to. The resolver is the only thing replaced."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, Limits, SourceError
from tests.integrations.connectors.hostile import Hostile, hostile_server

Answers = Callable[[str, list[list[str]]], list[str]]


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile_server() as server:
        yield server


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that sockets were opened to."""
    found: list[str] = []
    connect = socket.create_connection

    def spy(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        found.append(address[0])
        return connect(address, *args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", spy)
    return found


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lets a name resolve to the given answers, one list per look-up; the last one repeats. Gives the names looked up."""

    def answering(*answers: list[str]) -> list[str]:
        asked: list[str] = []
        real = socket.getaddrinfo

        def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if host[0].isdigit():
                return real(host, port, *args, **kwargs)
            asked.append(host)
            ips = answers[min(len(asked), len(answers)) - 1]
            return [
                (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
                for ip in ips
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return answering


def get(url: str, allow: str, limits: Limits | None = None) -> Any:
    with Http(url, policy=EgressPolicy.from_text(allow), limits=limits) as http:
        return http.get("echo").data


def test_name_is_kept_in_the_host_header(server: Hostile, resolver: Any, connected: list[str]) -> None:
    asked = resolver(["127.0.0.1"])
    url = f"http://mlflow.example.org:{server.port}"

    assert get(url, url)["headers"]["host"] == f"mlflow.example.org:{server.port}"
    assert asked == ["mlflow.example.org"]
    assert connected == ["127.0.0.1"]


def test_rebinding_finds_no_second_look_up(server: Hostile, resolver: Any, connected: list[str]) -> None:
    resolver(["127.0.0.1"], ["169.254.169.254"])

    get(f"http://mlflow.example.org:{server.port}", f"http://127.0.0.0/8:{server.port}")

    assert connected == ["127.0.0.1"]


@pytest.mark.parametrize(
    "ips",
    [
        ["169.254.169.254"],
        ["10.0.0.1"],
        ["127.0.0.1", "169.254.169.254"],
        ["127.0.0.1", "10.0.0.1"],
        ["127.0.0.1", "::1"],
        ["::ffff:127.0.0.1"],
        ["fd00:ec2::254"],
    ],
)
def test_one_bad_address_blocks_the_name(
    server: Hostile, resolver: Any, connected: list[str], ips: list[str]
) -> None:
    resolver(ips)

    with pytest.raises(SourceError) as caught:
        get(f"http://mlflow.example.org:{server.port}", f"http://127.0.0.1:{server.port}")

    assert caught.value.kind is Failure.BLOCKED
    assert connected == []
    assert not any(ip in caught.value.message for ip in ips)


def test_second_address_is_tried_when_the_first_refuses(
    server: Hostile, resolver: Any, connected: list[str]
) -> None:
    resolver(["127.0.0.2", "127.0.0.1"])

    assert (
        get(f"http://mlflow.example.org:{server.port}", f"http://127.0.0.0/8:{server.port}")["method"]
        == "GET"
    )
    assert connected == ["127.0.0.2", "127.0.0.1"]


def test_unknown_name_is_unreachable(monkeypatch: pytest.MonkeyPatch, server: Hostile) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(SourceError) as caught:
        get(f"http://mlflow.example.org:{server.port}", f"http://127.0.0.1:{server.port}")
    assert caught.value.kind is Failure.UNREACHABLE


@pytest.mark.slow
def test_hung_resolver_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch, server: Hostile) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        released.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        get(
            f"http://mlflow.example.org:{server.port}",
            f"http://127.0.0.1:{server.port}",
            Limits(connect=0.2, total=0.3),
        )
    released.set()
    assert caught.value.kind is Failure.UNREACHABLE
    assert time.monotonic() - started < 30
