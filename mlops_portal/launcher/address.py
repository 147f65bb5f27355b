"""Where the portal listens: HOST and PORT, and whether that is this machine only."""

from __future__ import annotations

import errno
import ipaddress
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from mlops_portal import env

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
TOP_PORT = 65_535
# Longer than a web process needs to end on a busy machine when its launcher was killed.
PATIENCE = 10.0
ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 -- recognised, not bound


class CannotListen(Exception):
    """The address is taken or not ours. The message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def reachable_host(self) -> str:
        """A host under which this machine reaches the portal."""
        if self.host in ANY_ADDRESS:
            return "::1" if ":" in self.host else DEFAULT_HOST
        return self.host

    @property
    def url(self) -> str:
        host = f"[{self.reachable_host}]" if ":" in self.reachable_host else self.reachable_host
        return f"http://{host}:{self.port}"


def from_environment() -> Address:
    """HOST and PORT, else 127.0.0.1:8000. Raises WrongSetting."""
    port = env.number("PORT", DEFAULT_PORT, low=1)
    if port > TOP_PORT:
        raise env.WrongSetting(f"PORT is {port}; it must be at most {TOP_PORT}.")
    return Address(env.text("HOST").strip("[] ") or DEFAULT_HOST, port)


def require_free(address: Address, on_wait: Callable[[str], None]) -> None:
    """Nothing, when the address can be listened on. Raises CannotListen.

    A port in use gets a moment, and `on_wait` hears of it: after `kill -9` of a launcher its web process needs one to end.
    """
    deadline = time.monotonic() + PATIENCE
    waits = False
    while True:
        try:
            _try_to_bind(address)
        except CannotListen as refused:
            if not isinstance(refused.__cause__, OSError) or refused.__cause__.errno != errno.EADDRINUSE:
                raise
            if time.monotonic() > deadline:
                raise
            if not waits:
                waits = True
                on_wait(f"Port {address.port} is in use; waiting {PATIENCE:g} s for it to become free ...")
            time.sleep(0.1)
        else:
            return


def _try_to_bind(address: Address) -> None:
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        )[0]
    except socket.gaierror as error:
        raise CannotListen(f"HOST={address.host} is no address of this machine.") from error
    with socket.socket(family, kind, protocol) as probe:
        # As the web server does: an address that is only waiting out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(target)
        except OSError as error:
            raise CannotListen(_why(address, error)) from error


def _why(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        free = address.port + 1 if address.port < TOP_PORT else DEFAULT_PORT
        return f"Port {address.port} is in use. Choose another: PORT={free} make run."
    if error.errno == errno.EACCES:
        return f"Port {address.port} needs rights that this user lacks. Choose another: PORT=8000 make run."
    return f"HOST={address.host} is no address of this machine."
