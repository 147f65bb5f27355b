"""Sockets that go to a checked address and nowhere else, within the deadline. The HTTP door is their only user."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

from integrations.connectors.egress import EgressPolicy

# getaddrinfo has no timeout of its own; hung look-ups must not pile up without end.
_LOOKUPS = threading.BoundedSemaphore(16)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `total` bounds one request from look-up to last byte: a read timeout alone never stops a drip."""

    connect: float = 5
    read: float = 10
    total: float = 30
    wire_bytes: int = 16 * 1024 * 1024
    decoded_bytes: int = 32 * 1024 * 1024


def _addresses(host: str, port: int, timeout: float) -> list[str]:
    """All addresses of a name, in the resolver's order. Raises httpcore2.ConnectError or ConnectTimeout."""
    found: list[str] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(str(error)))
        finally:
            _LOOKUPS.release()

    if not _LOOKUPS.acquire(timeout=max(timeout, 0)):
        raise httpcore2.ConnectTimeout("too many hung look-ups")
    thread = threading.Thread(target=look_up, daemon=True, name="look-up")
    thread.start()
    thread.join(max(timeout, 0))
    if failed:
        raise httpcore2.ConnectError("the name does not resolve") from failed[0]
    if not found:
        raise httpcore2.ConnectTimeout("the name did not resolve in time")
    return list(dict.fromkeys(found))


class PinnedBackend(httpcore2.NetworkBackend):
    """Resolves once, checks every address, connects to a checked one. Host header and TLS name stay those of the URL."""

    def __init__(self, policy: EgressPolicy, scheme: str, limits: Limits) -> None:
        self._policy = policy
        self._scheme = scheme
        self._limits = limits
        self._sockets = httpcore2.SyncBackend()
        self.deadline = 0.0

    def left(self, timeout: float | None, kind: type[Exception]) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise kind("the deadline has passed")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = _addresses(host, port, self.left(timeout, httpcore2.ConnectTimeout))
        # Every one, before any is tried: a name with one good and one bad address is an attack or a mistake.
        for address in addresses:
            self._policy.check_address(self._scheme, host, port, address)
        failure: Exception = httpcore2.ConnectError("no address")
        for address in addresses:
            try:
                left = self.left(timeout, httpcore2.ConnectTimeout)
                stream = self._sockets.connect_tcp(address, port, left, None, socket_options)
                return _TimedStream(stream, self)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _TimedStream(httpcore2.NetworkStream):
    """Each read and write gets what is left of the deadline at most, so that a drip of bytes ends with it."""

    def __init__(self, stream: httpcore2.NetworkStream, backend: PinnedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._backend.left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self._backend.left(timeout, httpcore2.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class PinnedTransport(httpx2.HTTPTransport):
    """httpx2's transport over a pool whose sockets are opened by the backend above."""

    def __init__(self, context: ssl.SSLContext, backend: httpcore2.NetworkBackend) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            max_keepalive_connections=1,
            http1=True,
            http2=False,
            network_backend=backend,
        )
