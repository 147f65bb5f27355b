"""A small server on loopback that answers as MLflow's REST API does: one experiment with runs, one model with two versions.

For browser tests, which are about the portal. What MLflow really says is held by the service tests, on a real one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EXPERIMENT, MODEL = "churn", "churn-classifier"
DAY_MS = 86_400_000


class SmallMlflow:
    """`stop` closes the port, as a server that went down does; `start` opens the same one again."""

    def __init__(self) -> None:
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _Handler)
        self._port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@contextmanager
def small_mlflow() -> Iterator[SmallMlflow]:
    server = SmallMlflow()
    try:
        yield server
    finally:
        server.stop()


def _run(number: int) -> dict[str, Any]:
    """A run with everything that a run should carry, `number` days old."""
    started = int(time.time() * 1000) - number * DAY_MS - 60_000
    return {
        "info": {
            "run_id": f"{number:032x}",
            "experiment_id": "1",
            "status": "FINISHED",
            "start_time": started,
            "end_time": started + 30_000,
            "lifecycle_stage": "active",
        },
        "data": {
            "metrics": [{"key": "auc", "value": 0.91, "timestamp": started, "step": 0}],
            "params": [{"key": "depth", "value": "6"}],
            "tags": [
                {"key": "mlflow.source.name", "value": "train.py"},
                {"key": "mlflow.source.type", "value": "LOCAL"},
                {"key": "mlflow.source.git.commit", "value": f"{number:040x}"},
            ],
        },
        "inputs": {
            "dataset_inputs": [
                {
                    "dataset": {"name": "churn", "digest": "a1b2c3d4"},
                    "tags": [{"key": "mlflow.data.context", "value": "training"}],
                }
            ]
        },
    }


RUNS = tuple(range(1, 13))


def _version(number: int) -> dict[str, Any]:
    return {
        "name": MODEL,
        "version": str(number),
        "creation_timestamp": int(time.time() * 1000) - (10 - number) * DAY_MS,
        "current_stage": "None",
        "description": "Churn within 90 days, for the retention team.",
        "source": f"models:/m-{number:032x}",
        "run_id": f"{RUNS[number]:032x}",
        "status": "READY",
    }


def _model() -> dict[str, Any]:
    aliases = [{"alias": "champion", "version": "2"}, {"alias": "challenger", "version": "3"}]
    return {"name": MODEL, "latest_versions": [_version(3)], "aliases": aliases}


def answer(path: str, query: str) -> dict[str, Any] | str | None:
    """What is sent for a path; text for the version, None for what is not there."""
    experiment = {"experiment_id": "1", "name": EXPERIMENT, "lifecycle_stage": "active"}
    answers: dict[str, dict[str, Any] | str] = {
        "/version": "3.4.0",
        "/api/2.0/mlflow/experiments/search": {"experiments": [experiment]},
        "/api/2.0/mlflow/experiments/get-by-name": {"experiment": experiment},
        "/api/2.0/mlflow/runs/search": {"runs": [_run(number) for number in RUNS]},
        "/api/2.0/mlflow/registered-models/search": {}
        if "filter" in query
        else {"registered_models": [_model()]},
        "/api/2.0/mlflow/registered-models/get": {"registered_model": _model()},
        "/api/2.0/mlflow/model-versions/search": {
            "model_versions": [_version(number) for number in (3, 2, 1)]
        },
        "/api/3.0/mlflow/traces/metrics": {
            "data_points": [{"metric_name": "trace_count", "values": {"COUNT": 0}}]
        },
    }
    return answers.get(path)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        found = answer(path, query)
        if found is None:
            self._send(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not here"})
        else:
            self._send(200, found)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _send(self, status: int, found: dict[str, Any] | str) -> None:
        body = (found if isinstance(found, str) else json.dumps(found)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(found, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
