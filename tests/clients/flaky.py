"""A line between a command and the portal that fails as it is told: real sockets, and a log of what happened."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from urllib.parse import urlsplit

# What may happen to one request. A number is an answer of the line itself: nothing reaches the portal.
DROP, LOSE, CUT, HTML, THROUGH = "drop", "lose", "cut", "html", "through"


@dataclass
class Line:
    """`faults` happen one to a request, in order; after them everything goes through. `log` is what happened, and when."""

    url: str = ""
    faults: list[str | int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str | int, float]] = field(default_factory=list)
    # The bodies that the portal got, and the headers of all requests.
    forwarded: list[bytes] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def happened(self) -> list[str | int]:
        return [fault for fault, _ in self.log]

    @property
    def pauses(self) -> list[float]:
        times = [moment for _, moment in self.log]
        return [later - earlier for earlier, later in pairwise(times)]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, line: Line, portal: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.line, self.portal = line, urlsplit(portal).netloc

    def handle_error(self, *_: object) -> None:
        """A line that was cut has nothing to say."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._meet()

    def do_POST(self) -> None:
        self._meet()

    def _meet(self) -> None:
        line = self.server.line
        fault = line.faults.pop(0) if line.faults else THROUGH
        line.log.append((fault, time.monotonic()))
        line.asked.append(dict(self.headers.items()))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if fault == DROP:
            self._hang_up()
        elif isinstance(fault, int):
            self._answer(fault, b'{"detail": "The line is down."}', line.headers)
        elif fault == HTML:
            self._answer(200, b"<html>Sign in</html>", {})
        else:
            self._pass_on(body, fault)

    def _pass_on(self, body: bytes, fault: str) -> None:
        host = self.server.portal
        kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        wire = http.client.HTTPConnection(host, timeout=20)
        wire.request(self.command, self.path, body=body or None, headers={**kept, "Host": host})
        answer = wire.getresponse()
        content = answer.read()
        wire.close()
        self.server.line.forwarded.append(body)
        if fault == LOSE:
            self._hang_up()
            return
        told = {"content-type", "retry-after", "location"}
        headers = {name: value for name, value in answer.getheaders() if name.lower() in told}
        self._answer(answer.status, content, headers, is_cut=fault == CUT)

    def _answer(self, status: int, content: bytes, headers: dict[str, str], *, is_cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if is_cut else content)
        if is_cut:
            self._hang_up()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def between(portal: str) -> Iterator[Line]:
    """The line, on a free port of this machine."""
    line = Line()
    server = _Server(line, portal)
    line.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
