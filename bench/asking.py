"""Asking servers side by side: a small client over loopback, and interleaved rounds of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

LOOPBACK = "127.0.0.1"
TIMEOUT = 60.0


class WrongAnswer(Exception):
    """A server answered with something else than was expected; the measurement would be of the wrong thing."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body)


class Client:
    """One kept connection. A client of the standard library costs as much as a ping, so the ratio would flatter us."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.port = port
        self._headers = dict(headers or {})
        self._socket: socket.socket | None = None

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        expect: int = 200,
    ) -> Answer:
        """The answer. Raises WrongAnswer for another status than the expected one."""
        head = {"Host": f"{LOOPBACK}:{self.port}", **self._headers, **(headers or {})}
        if body:
            head["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self._connect().sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        answer = self._read(has_body=method != "HEAD")
        if answer.status != expect:
            start = answer.body[:300].decode(errors="replace")
            raise WrongAnswer(f"{method} {path} answered {answer.status}, not {expect}: {start}")
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection((LOOPBACK, self.port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read(self, *, has_body: bool) -> Answer:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        top, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if not has_body or status in {204, 304}:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self._chunks(rest))
        chunks, missing = [rest], int(headers.get("content-length", "0")) - len(rest)
        while missing > 0:
            chunks.append(self._receive())
            missing -= len(chunks[-1])
        return Answer(status, headers, b"".join(chunks))

    def _chunks(self, data: bytes) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in data:
                data += self._receive()
            size, _, data = data.partition(b"\r\n")
            length = int(size, 16)
            while len(data) < length + 2:
                data += self._receive()
            body, data = body + data[:length], data[length + 2 :]
            if not length:
                return body

    def _receive(self) -> bytes:
        received = self._connect().recv(1 << 18)
        if not received:
            self.close()
            raise WrongAnswer("The server closed the connection before its answer was whole.")
        return received


Ask = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each contender: all of them, and the best of each round (a busy machine only ever adds)."""

    every: Mapping[str, Sequence[float]]
    rounds: Mapping[str, Sequence[float]]

    def ratio(self, one: str, other: str) -> float:
        """The ratio inside each round, median over rounds."""
        return median(a / b for a, b in zip(self.rounds[one], self.rounds[other], strict=True))

    def milliseconds(self, name: str) -> float:
        return median(self.every[name])

    def tail(self, name: str) -> float:
        """The 95th of a hundred over the median."""
        ordered = sorted(self.every[name])
        return ordered[int(len(ordered) * 0.95)] / median(ordered)


def side_by_side(contenders: Mapping[str, Ask], *, rounds: int, times: int = 8) -> Times:
    """Ask all of them in turn, in changing order, so that what disturbs one disturbs the others as well."""
    names = list(contenders)
    every: dict[str, list[float]] = {name: [] for name in names}
    bests: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        contenders[name]()
    for number in range(rounds):
        turn = number % len(names)
        taken: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(times):
            for name in names[turn:] + names[:turn]:
                began = time.perf_counter()
                contenders[name]()
                taken[name].append((time.perf_counter() - began) * 1000)
        for name in names:
            every[name] += taken[name]
            bests[name].append(min(taken[name]))
    return Times(every, bests)
