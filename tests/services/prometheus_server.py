"""A real Prometheus for tests, with a past that is written by hand and a small target of the test's own.

The server lives in a temporary folder on a free loopback port and is gone, with all its processes, when the test is.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.integrations.connectors.loopback import Loopback, Said
from tests.services.servers import NotInstalled, free_port

INSTALL = "Prometheus is not installed here: apt-get install prometheus"
START_SECONDS = 60.0
STOP_SECONDS = 20.0

# Metric with labels -> (seconds since 1970, value).
Past = dict[str, Iterable[tuple[int, float]]]


class Target(Loopback):
    """What is scraped: `text` is its page of metrics."""

    text = ""

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        return 200, self.text.encode(), {"Content-Type": "text/plain; version=0.0.4"}


class PrometheusServer:
    """`folder` holds configuration and data; `jobs` are scraped every second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def write_past(self, past: Past) -> None:
        """Blocks of samples as they would stand there if the server had scraped them. Raises CalledProcessError."""
        lines = [f"{name} {value} {at}" for name, samples in past.items() for at, value in samples]
        text = self._folder / "past.txt"
        text.write_text("\n".join((*lines, "# EOF\n")))
        command: list[str | Path] = [
            *("promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", text, self._folder / "data")
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS * 2)

    def start(self, *, jobs: dict[str, str], rules: dict[str, Any], retention: str) -> None:
        """Returns when it answers. Raises RuntimeError with its log when it does not."""
        # JSON is YAML.
        (self._folder / "rules.yml").write_text(json.dumps(rules))
        (self._folder / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {
                        "scrape_interval": "1s",
                        "scrape_timeout": "1s",
                        "evaluation_interval": "1s",
                    },
                    "rule_files": ["rules.yml"],
                    "scrape_configs": [
                        {"job_name": name, "static_configs": [{"targets": [address]}]}
                        for name, address in jobs.items()
                    ],
                }
            )
        )
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *("prometheus", f"--config.file={self._folder / 'prometheus.yml'}"),
                    *(f"--storage.tsdb.path={self._folder / 'data'}", f"--storage.tsdb.retention.time={retention}"),
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self._wait_until("/-/ready", lambda _: True, log)

    def wait_for(self, query: str, value: str) -> None:
        """Returns when an instant query gives this one value. Raises RuntimeError after a while."""
        target = f"/api/v1/query?{urlencode({'query': query})}"

        def is_there(body: bytes) -> bool:
            return [row["value"][1] for row in json.loads(body)["data"]["result"]] == [value]

        self._wait_until(target, is_there, self._folder / "log")

    def _wait_until(self, target: str, is_there: Any, log: Path) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
            try:
                connection.request("GET", target)
                response = connection.getresponse()
                if response.status == 200 and is_there(response.read()):
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.1)
        raise RuntimeError(f"{target} was not there:\n{log.read_text(errors='replace')[-3000:]}")

    def stop(self) -> None:
        """Does nothing the second time."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._process = None


@contextmanager
def prometheus_server() -> Iterator[PrometheusServer]:
    """A server that is not started yet. Raises NotInstalled."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        raise NotInstalled(INSTALL)
    folder = Path(tempfile.mkdtemp(prefix="portal-prometheus-"))
    server = PrometheusServer(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
