"""The whole embedded portal as `make run` starts it - web, worker, beat, broker - on an empty folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.serving import ROOT, NotServed

READY = "MLOps Portal is ready:"
PATIENCE = 90  # seconds; ready within 2 on a machine that does nothing else


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def launched(folder: Path) -> Iterator[str]:
    """The address of a portal without demo, stopped by Ctrl-C's signal at the end. Raises NotServed with what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PORTAL_")}
    environment |= {
        "PORTAL_DATA_DIR": str(folder),
        "PORT": str(_free_port()),
        "DEMO": "0",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "PYTHONUNBUFFERED": "1",
    }
    told = folder / "told.txt"
    folder.mkdir(parents=True, exist_ok=True)
    with told.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _wait_for(process, told)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _wait_for(process: subprocess.Popen[bytes], told: Path) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        ready = [line for line in told.read_text().splitlines() if READY in line]
        if ready:
            return ready[0].split(READY)[1].strip()
        time.sleep(0.1)
    raise NotServed(told.read_text())
