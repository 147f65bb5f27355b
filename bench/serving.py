"""The portal and its floor as servers: the same server, the same number of processes and threads, loopback only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.asking import Client, WrongAnswer
from bench.places import ROOT, NotHere, Place
from tests.services.servers import free_port

PORTAL = "mlops_portal.wsgi:application"
FLOOR = "bench.floor:application"
BLOCKING_THREADS = 4
START_SECONDS = 60.0
# What a proxy that ends TLS says: without it the portal of a production installation refuses plain http.
BEHIND_TLS = {"X-Forwarded-Proto": "https"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `started_in`: seconds from the start of the process to its first answer."""

    port: int
    pid: int
    started_in: float

    def worker_memory(self) -> int:
        """Bytes of the proportional set size of all worker processes together."""
        return sum(_memory(pid) for pid in _children(self.pid))


@contextmanager
def served(place: Place, application: str, *, first: str) -> Iterator[Server]:
    """The application over this database, from its first answer to the path `first` on. Raises NotHere."""
    port = free_port()
    environment = dict(place.environment)
    if application == FLOOR:
        environment["DATABASE_URL"] = place.url
    log = place.data_dir / f"{application.partition(':')[0]}.log"
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
                *("--blocking-threads", str(BLOCKING_THREADS), "--log-level", "warning", application),
            ],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(process, port, first, log)
        yield Server(port, process.pid, time.monotonic() - began)
    finally:
        _stop(process)


def _await(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    client = Client(port, BEHIND_TLS)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.ask(path)
        except (OSError, WrongAnswer):
            time.sleep(0.02)
        else:
            return
        finally:
            client.close()
    raise NotHere(f"A server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
