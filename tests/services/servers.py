"""A private PostgreSQL and a private Redis for tests; `python -m tests.services.servers COMMAND...` runs a command on them.

Both live in a temporary folder, on unix sockets or free loopback ports, and are gone when the test is.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlops_portal.launcher.broker import NoBroker, private_broker

START_SECONDS = 30.0
NO_POSTGRES = "PostgreSQL is not installed here: apt-get install postgresql"
# PostgreSQL refuses root; the user of Debian's package, else one that every system has.
OTHER_USERS = ("postgres", "nobody")


class NotInstalled(Exception):
    """What a test needs is missing. The message is the command that installs it."""


def postgres_program(name: str) -> str:
    """The path of initdb or postgres. Raises NotInstalled."""
    packaged = sorted(str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (packaged[-1] if packaged else None)
    if found is None:
        raise NotInstalled(NO_POSTGRES)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _other_user() -> str:
    for name in OTHER_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NotInstalled(NO_POSTGRES)


def _wait_for(address: tuple[str, int] | str, process: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    while time.monotonic() < deadline:
        with socket.socket(family) as probe:
            if probe.connect_ex(address) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def private_postgres() -> Iterator[str]:
    """The DATABASE_URL of a fresh cluster with a database `portal`. Raises NotInstalled."""
    initdb, postgres = postgres_program("initdb"), postgres_program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    log = folder / "log"
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = _other_user()
        as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
        shutil.chown(folder, user)
    port = free_port()
    process = None
    try:
        subprocess.run(
            [initdb, "-D", folder / "data", "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **as_user,
        )
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(postgres, "-D", folder / "data", "-p", str(port), "-k", folder),
                    # Its data is thrown away: nothing has to survive a power cut.
                    *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off"),
                    *("-c", "synchronous_commit=off", "-c", "max_connections=60"),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
                **as_user,
            )
        _wait_for(("127.0.0.1", port), process, log)
        base = f"postgresql://portal@127.0.0.1:{port}"
        _make_database(base)
        yield f"{base}/portal"
    finally:
        if process is not None:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
            process.send_signal(2)
            process.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _make_database(base: str) -> None:
    import psycopg  # noqa: PLC0415 -- needed only where PostgreSQL is

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE portal")
                return
        except psycopg.OperationalError:
            # The port opens a moment before the server takes connections.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def private_redis() -> Iterator[str]:
    """The REDIS_URL of a fresh server on a free loopback port. Raises NotInstalled."""
    folder = Path(tempfile.mkdtemp(prefix="portal-redis-"))
    try:
        broker = private_broker(folder)
    except NoBroker as error:
        raise NotInstalled(str(error)) from error
    port, log = free_port(), folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                broker.executable,
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                str(folder),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(("127.0.0.1", port), process, log)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run `command` with DATABASE_URL and REDIS_URL of private servers; its exit code."""
    try:
        with private_postgres() as database, private_redis() as redis:
            sys.stdout.write(f"On {database} and {redis}\n")
            sys.stdout.flush()
            return subprocess.call(command, env={**os.environ, "DATABASE_URL": database, "REDIS_URL": redis})
    except NotInstalled as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
