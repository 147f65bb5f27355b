"""Prism: a server made of an API's description, which refuses what the description does not allow.

`python -m tests.services.prism_server` installs it into var/, where it stays for the next time.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.servers import NotInstalled, free_port

# The last one that runs on Node 18 and 20.
PACKAGE = "@stoplight/prism-cli@5.14.2"
HOME = Path(__file__).parents[2] / "var" / "test-prism" / PACKAGE.rpartition("@")[2]
INSTALL = "apt-get install -y npm && python -m tests.services.prism_server"
INSTALL_SECONDS = 300.0
START_SECONDS = 120.0
STOP_SECONDS = 10.0


def ensure_prism() -> Path:
    """The program, installed once. Raises NotInstalled."""
    program, complete = HOME / "node_modules" / ".bin" / "prism", HOME / "complete"
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            command = ["npm", "install", "--prefix", str(HOME), PACKAGE]
            quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            try:
                subprocess.run(
                    [*command, *quiet], check=True, capture_output=True, timeout=INSTALL_SECONDS, cwd=HOME
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise NotInstalled(
                    f"Prism is not installed here ({type(error).__name__}): {INSTALL}"
                ) from error
            complete.touch()
    return program


@contextmanager
def prism_server(description: Path) -> Iterator[str]:
    """The address of a server of that description. Raises NotInstalled, RuntimeError with its log when it does not answer."""
    node = shutil.which("node")
    if node is None:
        raise NotInstalled(f"Node is not installed here: {INSTALL}")
    program, port = ensure_prism(), free_port()
    with tempfile.TemporaryDirectory(prefix="portal-prism-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [node, program, "mock", "-h", "127.0.0.1", "-p", str(port), description],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "HOME": folder, "NO_COLOR": "1"},
                start_new_session=True,
            )
        try:
            _wait_until_it_answers(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/zen")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"Prism did not start:\n{log.read_text(errors='replace')[-3000:]}")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{ensure_prism()}\n")
    except NotInstalled as error:
        sys.exit(str(error))
