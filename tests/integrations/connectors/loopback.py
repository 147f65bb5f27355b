"""An HTTP server on a free loopback port, in a thread of its own, for systems that tests pretend to be."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Said = tuple[int, bytes, dict[str, str]]


class Loopback(ABC):
    """Serves from `__enter__` until `stop` or `__exit__`; `url` is known before."""

    def __init__(self) -> None:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(*fake.serve_request(self.path, dict(self.headers), b""))

            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                self._say(*fake.serve_request(self.path, dict(self.headers), asked))

            def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet: fakes keep the questions themselves."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @abstractmethod
    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        """Status, body and headers of the answer to a question."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on nobody listens on its port; does nothing the second time."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
