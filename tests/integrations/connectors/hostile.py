"""A server on loopback that does to its clients what servers in the wild do, by path. It keeps what it was asked."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

MIB = 2**20


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hostile:
    """`other` is a second origin that answers pages may point to. `sent` counts the bytes of endless answers."""

    port: int
    scheme: str = "http"
    other: str = ""
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0
    is_stopping: bool = False

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            rest = b""
            while not self.is_stopping:
                while b"\r\n\r\n" not in rest:
                    part = connection.recv(65536)
                    if not part:
                        return
                    rest += part
                head, _, rest = rest.partition(b"\r\n\r\n")
                asked = _asked(head)
                length = int(asked.headers.get("content-length", "0"))
                while len(rest) < length:
                    rest += connection.recv(65536)
                asked.body, rest = rest[:length], rest[length:]
                self.asked.append(asked)
                self.action(asked)(self, connection, asked)

    def action(self, asked: Asked) -> Action:
        """What is done to who asks this."""
        return ROUTES.get(asked.target.partition("?")[0].removeprefix("/base"), _missing)


def _asked(head: bytes) -> Asked:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    return Asked(
        method, target, {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}, b""
    )


def answer(
    connection: socket.socket, body: bytes, status: str = "200 OK", length: int | None = None, **headers: str
) -> None:
    fields = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    fields["Content-Length"] = str(len(body) if length is None else length)
    head = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
    connection.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def _missing(_: Hostile, connection: socket.socket, __: Asked) -> None:
    answer(connection, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}', "404 Not Found")


def _echo(_: Hostile, connection: socket.socket, asked: Asked) -> None:
    data = {
        "method": asked.method,
        "target": asked.target,
        "headers": asked.headers,
        "body": asked.body.decode(),
    }
    answer(connection, json.dumps(data).encode(), Set_Cookie="session=1; Path=/")


def _status(status: str, body: bytes = b"{}", **headers: str) -> Callable[..., None]:
    return lambda _, connection, __: answer(connection, body, status, length=None, **headers)


def _body(body: bytes, **headers: str) -> Callable[..., None]:
    return _status("200 OK", body, **headers)


def _silent(server: Hostile, connection: socket.socket, _: Asked) -> None:
    while not server.is_stopping:
        time.sleep(0.02)
    connection.close()


def _drip(head: bytes) -> Callable[..., None]:
    def drip(server: Hostile, connection: socket.socket, _: Asked) -> None:
        connection.sendall(head)
        while not server.is_stopping:
            connection.sendall(b" ")
            time.sleep(0.05)

    return drip


def _giant(server: Hostile, connection: socket.socket, _: Asked) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n["
    )
    while not server.is_stopping:
        connection.sendall(b"1," * 32_768)
        server.sent += 65_536


def _endless_headers(server: Hostile, connection: socket.socket, _: Asked) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not server.is_stopping:
        connection.sendall(b"X-More: " + b"a" * 1000 + b"\r\n")


def _bomb(_: Hostile, connection: socket.socket, __: Asked) -> None:
    pack = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    body = b"".join(pack.compress(b" " * MIB) for _ in range(200)) + pack.flush()
    answer(connection, body, Content_Encoding="gzip")


def _cut(_: Hostile, connection: socket.socket, __: Asked) -> None:
    answer(connection, b'{"runs": [1,', length=500)
    connection.close()


def _garbage(_: Hostile, connection: socket.socket, __: Asked) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH\r\n")
    connection.close()


def _redirect(status: str, place: str) -> Callable[..., None]:
    def redirect(server: Hostile, connection: socket.socket, _: Asked) -> None:
        where = place.format(url=server.url, other=server.other)
        answer(connection, b"{}", f"{status} Moved", Location=where)

    return redirect


def _page(number: int, after: str) -> Callable[..., None]:
    def page(server: Hostile, connection: socket.socket, _: Asked) -> None:
        link = f'<{server.url}/base/page1>; rel="first"'
        if after:
            link += f', <{after.format(url=server.url, other=server.other)}>; rel="next"'
        answer(connection, json.dumps([number]).encode(), Link=link)

    return page


Action = Callable[[Hostile, socket.socket, Asked], None]

ROUTES: dict[str, Action] = {
    "/echo": _echo,
    "/empty": _status("204 No Content", b""),
    "/unchanged": _status("304 Not Modified", b""),
    "/login": _body(b"<!doctype html><title>Sign in</title>", Content_Type="text/html"),
    "/html-as-json": _body(b"  <html>sign in</html>"),
    "/json-as-text": _body(b'{"ok": true}', Content_Type="text/plain; charset=utf-8"),
    # As MLflow sends it.
    "/version": _body(b"3.17.2", Content_Type="text/html; charset=utf-8"),
    "/null": _body(b"null"),
    "/cut-json": _body(b'{"runs": ['),
    "/latin": _body('{"name": "Zoë"}'.encode("latin-1")),
    "/nan": _body(b'{"value": NaN}'),
    "/twice": _body(b'{"a": 1, "a": 2}'),
    "/deep": _body(b"[" * 200_000),
    "/sign-in-203": _status("203 Non-Authoritative", b"<html>", Content_Type="text/html"),
    "/400": _status("400 Bad Request", b'{"error_code": "INVALID_PARAMETER_VALUE"}'),
    "/401": _status("401 Unauthorized", b"secret banner", Content_Type="text/html"),
    "/403": _status("403 Forbidden", b"Permission denied", Content_Type="text/plain"),
    "/429": _status("429 Too Many Requests", b"", Retry_After="120"),
    "/500": _status("500 Oops", b"Traceback"),
    "/503": _status("503 Busy", b"<html>busy</html>"),
    "/404-giant": _status("404 Not Found", b"x" * MIB),
    "/silent": _silent,
    "/drip": _drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"),
    "/drip-headers": _drip(b"HTTP/1.1 200 OK\r\nX-Slow:"),
    "/giant": _giant,
    "/endless-headers": _endless_headers,
    "/bomb": _bomb,
    "/gzip": _body(gzip.compress(b'{"ok": true}'), Content_Encoding="gzip"),
    "/gzip-cut": _body(gzip.compress(b'{"ok": true}')[:-6], Content_Encoding="gzip"),
    "/gzip-broken": _body(b"not gzip at all", Content_Encoding="gzip"),
    "/brotli": _body(b"\x0b\x02\x80{}\x03", Content_Encoding="br"),
    "/cut": _cut,
    "/garbage": _garbage,
    "/moved": _redirect("301", "/base/echo?moved=1"),
    "/moved-away": _redirect("301", "{other}/echo"),
    "/moved-out-of-path": _redirect("301", "{url}/secret"),
    "/moved-to-metadata": _redirect("301", "https://169.254.169.254/"),
    "/found": _redirect("302", "/base/echo"),
    "/found-away": _redirect("302", "{other}/echo"),
    "/sign-in-here": _redirect("302", "/users/sign_in"),
    "/sign-in-away": _redirect("302", "{other}/oauth2/authorize?client_id=x"),
    "/moved-to-sign-in": _redirect("301", "{other}/login"),
    "/circle": _redirect("301", "/base/circle"),
    "/page1": _page(1, "/base/page2?x=1"),
    "/page2": _page(2, "{url}/base/page3"),
    "/page3": _page(3, ""),
    "/page-away": _page(1, "{other}/echo"),
    "/page-out-of-path": _page(1, "{url}/secret"),
    "/page-dots": _page(1, "{url}/base/../secret"),
    "/page-itself": _page(1, "{url}/base/page-itself"),
    "/page-back": _page(1, "{url}/base/page-forth"),
    "/page-forth": _page(2, "{url}/base/page-back"),
}


H = TypeVar("H", bound=Hostile)


@contextlib.contextmanager
def hostile_server(context: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """A server on a free port until the block ends. `context` makes it speak TLS."""
    with listening(lambda port: Hostile(port, "https" if context else "http"), context) as server:
        yield server


@contextlib.contextmanager
def listening(make: Callable[[int], H], context: ssl.SSLContext | None = None) -> Iterator[H]:
    """The server that `make` gives for a free port, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = make(listener.getsockname()[1])
    threads: list[threading.Thread] = []

    def take(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            server.serve(context.wrap_socket(connection, server_side=True) if context else connection)
        connection.close()

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=take, args=(connection,), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        server.is_stopping = True
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(2)
        for thread in threads:
            thread.join(2)
