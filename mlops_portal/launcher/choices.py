"""What the environment asks of the launcher, and what it may have."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_portal import env
from mlops_portal.launcher.address import ANY_ADDRESS, Address


class AlreadyRunning(Exception):
    """Another launcher serves from this data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"MLOps Portal runs already on {folder}. Stop it, or choose another folder: PORTAL_DATA_DIR=... make run."
        )


@dataclass(frozen=True, slots=True)
class DemoChoice:
    """Whether demo people may sign in; `note` says why not, when somebody asked for it in vain."""

    is_on: bool
    note: str = ""


def demo_choice(address: Address, *, production: bool) -> DemoChoice:
    """On by default on a loopback address, never elsewhere: whoever can reach the page signs in with one click."""
    wanted = env.flag("DEMO", default=True)
    asked = bool(env.text("DEMO")) and wanted
    if production:
        return DemoChoice(is_on=False, note="There is no demo in production." if asked else "")
    if not address.is_loopback:
        note = f"The demo is for this machine only; HOST={address.host} starts without it." if asked else ""
        return DemoChoice(is_on=False, note=note)
    return DemoChoice(is_on=wanted)


def hosts_for(address: Address, allowed: list[str]) -> list[str]:
    """The host names that the portal answers to; the one to listen on, or else this machine's own name, is among them."""
    own = socket.gethostname() if address.host in ANY_ADDRESS else address.host
    bare = f"[{own}]" if ":" in own else own
    return allowed if bare in allowed else [*allowed, bare]


def hosts_note(address: Address, hosts: list[str]) -> str:
    """What to do for other machines when the portal listens on every address and nobody named its hosts; else empty."""
    if address.host not in ANY_ADDRESS or env.text("PORTAL_HOSTS"):
        return ""
    return (
        f"It answers to {', '.join(hosts)} only. Name what others call it: PORTAL_HOSTS='portal.example.org'."
    )


@contextmanager
def only_launcher(folder: Path) -> Iterator[None]:
    """Holds the data folder for this process; the kernel lets go of it however the process ends. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / "launcher.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(folder) from error
        yield
    finally:
        os.close(handle)
