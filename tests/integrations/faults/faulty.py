"""A whole fake system behind a server that can do to each question what servers in the wild do. It keeps what it did."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.integrations.connectors.hostile import ROUTES, Action, Asked, Hostile, answer, listening
from tests.integrations.connectors.loopback import Said


class Inner(Protocol):
    """What answers where no fault does: a fake's `serve_request`."""

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said: ...


@dataclass(frozen=True)
class Fault:
    """Done to questions whose target or body holds `where`; the first `times` of them, or all."""

    where: str
    action: Action
    times: int = 1_000_000
    after: int = 0


@dataclass
class Faulty(Hostile):
    """`inflicted` are the targets of questions that a fault was done to: the proof that it happened."""

    inner: Inner | None = None
    faults: list[Fault] = field(default_factory=list)
    inflicted: list[str] = field(default_factory=list)
    _met: dict[int, int] = field(default_factory=dict)

    def inflict(self, where: str, action: Action, *, times: int = 1_000_000, after: int = 0) -> None:
        """From now on, but for the first `after` questions that it meets."""
        self.faults.append(Fault(where, action, times, after))

    def mend(self) -> None:
        """No fault any more; what was inflicted stays known."""
        self.faults.clear()
        self._met.clear()

    def action(self, asked: Asked) -> Action:
        text = f"{asked.target} {asked.body.decode()}"
        for number, fault in enumerate(self.faults):
            if fault.where not in text:
                continue
            met = self._met[number] = self._met.get(number, 0) + 1
            if fault.after < met <= fault.after + fault.times:
                self.inflicted.append(asked.target)
                return fault.action
        return _healthy


def _healthy(server: Hostile, connection: socket.socket, asked: Asked) -> None:
    assert isinstance(server, Faulty)
    assert server.inner is not None
    status, body, headers = server.inner.serve_request(asked.target, asked.headers, asked.body)
    content_type = headers.pop("Content-Type")
    answer(connection, body, f"{status} Said", None, Content_Type=content_type, **_plain(headers))


@contextlib.contextmanager
def faulty(inner: Inner) -> Iterator[Faulty]:
    with listening(lambda port: Faulty(port, inner=inner)) as server:
        yield server


# --- what can be done --------------------------------------------------------------------------------------------------


def routed(name: str) -> Action:
    """What the hostile server does under that path."""
    return ROUTES[f"/{name}"]


def says(status: str, body: Any = b"{}", /, **headers: str) -> Action:
    """An answer with that status line; a body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _, connection, __: answer(connection, raw, status, None, **headers)


def changed(change: Callable[[Any], Any]) -> Action:
    """The true answer, changed."""

    def act(server: Hostile, connection: socket.socket, asked: Asked) -> None:
        assert isinstance(server, Faulty)
        assert server.inner is not None
        status, body, headers = server.inner.serve_request(asked.target, asked.headers, asked.body)
        said = json.dumps(change(json.loads(body))).encode()
        answer(connection, said, f"{status} Said", None, **_plain(headers))

    return act


def cut_short(share: float) -> Action:
    """The beginning of the true answer, with the length that it then has."""

    def act(server: Hostile, connection: socket.socket, asked: Asked) -> None:
        assert isinstance(server, Faulty)
        assert server.inner is not None
        _, body, headers = server.inner.serve_request(asked.target, asked.headers, asked.body)
        answer(connection, body[: int(len(body) * share)], "200 OK", None, **_plain(headers))

    return act


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}
