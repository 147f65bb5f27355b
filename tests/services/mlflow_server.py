"""A real MLflow for tests, in an environment of its own under var/; `python -m tests.services.mlflow_server` makes that.

The server lives in a temporary folder on a free loopback port and is gone, with all its processes, when the test is.
"""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services.servers import NotInstalled, free_port

# What `mlflow server` and its client need, and not the 370 MB of plotting and training libraries that come with them.
REQUIREMENTS = Path(__file__).with_name("mlflow_requirements.txt")
FILL = Path(__file__).with_name("mlflow_fill.py")
HOME = Path(__file__).parents[2] / "var" / "test-mlflow"
INSTALL = "python -m tests.services.mlflow_server"
# It imports for 8 seconds on a quiet machine.
START_SECONDS = 180.0
STOP_SECONDS = 10.0
INSTALL_SECONDS = 600.0
ENVIRONMENT = {
    # Ten processes and 2 GB otherwise.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # Tests talk to this machine only.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def ensure_environment() -> Path:
    """The Python that has MLflow, installed once for these requirements. Raises NotInstalled."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder, python = HOME / digest, HOME / digest / "bin" / "python"
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _install(folder, python)
            except (OSError, subprocess.SubprocessError) as error:
                raise NotInstalled(f"MLflow is not installed here ({_words(error)}): {INSTALL}") from error
            (folder / "complete").touch()
    return python


def _install(folder: Path, python: Path) -> None:
    if importlib.util.find_spec("uv"):
        from uv import find_uv_bin  # noqa: PLC0415 -- ten times quicker than pip, and not everywhere

        uv = find_uv_bin()
        _run([uv, "venv", "--quiet", "--python", sys.executable, folder])
        _run([uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "-r", REQUIREMENTS])
    else:
        _run([sys.executable, "-m", "venv", folder])
        _run([python, "-m", "pip", "install", "--quiet", "--no-deps", "-r", REQUIREMENTS])


def _run(command: list[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)


def _words(error: Exception) -> str:
    said = getattr(error, "stderr", "") or str(error)
    return str(said).strip().splitlines()[-1][:200]


class MlflowServer:
    """A server in a folder of its own, on one port for all its starts. `database` is its SQLite file."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.database = folder / "mlflow.db"

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError with its log when it does not."""
        command: list[str | Path] = [
            *(self._python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self._port)),
            *("--workers", "1", "--backend-store-uri", f"sqlite:///{self.database}"),
            *("--artifacts-destination", self._folder / "artifacts"),
        ]
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=_environment(),
                start_new_session=True,
            )
        _wait_until_healthy(self._port, self._process, log)

    def stop(self) -> None:
        """Ends the whole process group; does nothing the second time."""
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(STOP_SECONDS)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def cpu_seconds(self) -> float:
        """What its processes have computed so far; on a busy machine the clock says little."""
        if self._process is None:
            return 0.0
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            # Its session is what `start_new_session` made; then the time of its own and of the system for it.
            ticks += sum(map(int, fields[11:13])) if int(fields[3]) == self._process.pid else 0
        return ticks / os.sysconf("SC_CLK_TCK")

    def fill(self, now_ms: int) -> dict[str, Any]:
        """The world of mlflow_fill, made by MLflow's own client; the ids it was given. Raises RuntimeError."""
        ids = self._folder / "ids.json"
        done = subprocess.run(
            [self._python, FILL, self.url, str(now_ms), self.database, ids],
            check=False,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            env=_environment(),
            cwd=self._folder,
        )
        if done.returncode:
            raise RuntimeError(f"MLflow could not be filled:\n{done.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(ids.read_text())
        return found


@contextmanager
def mlflow_server() -> Iterator[MlflowServer]:
    """An empty MLflow that answers. Raises NotInstalled."""
    python = ensure_environment()
    folder = Path(tempfile.mkdtemp(prefix="portal-mlflow-"))
    server = MlflowServer(python, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    # Without proxies, and without a tracking address that a developer may have set.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("MLFLOW_") and not name.upper().endswith("_PROXY")
    }
    return {**kept, **ENVIRONMENT}


def _wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        finally:
            connection.close()
    raise RuntimeError(f"MLflow did not start:\n{log.read_text(errors='replace')[-3000:]}")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{ensure_environment()}\n")
    except NotInstalled as error:
        sys.exit(str(error.__cause__))
