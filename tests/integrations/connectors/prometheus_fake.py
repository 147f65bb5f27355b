"""Prometheus on loopback: a real HTTP server that answers what a real one was recorded to say, and notes every question."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations.connectors.base import Collected, Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.prometheus.connector import PrometheusConnector
from tests.integrations.connectors.loopback import Loopback, Said

PAYLOADS = Path(__file__).parent.parent / "payloads" / "prometheus"
# The end of all windows when the payloads were recorded.
UNTIL = datetime.fromisoformat("2026-11-25T00:23:49+00:00")
MARK = 1_795_566_000
OPTIONS: dict[str, Any] = {
    "services": ['job="churn-api"', 'job="scorer"'],
    "models": ['model="churn"'],
    "prediction_counter": "predictions_total",
    "version_label": "version",
}


def recorded(name: str) -> dict[str, Any]:
    """A payload file: its label, source, status, content type, question and body."""
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def vector(*values: str, **labels: str) -> dict[str, Any]:
    """A body of one instant value for each text."""
    rows = [{"metric": labels, "value": [MARK - 1, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}}


@dataclass(frozen=True)
class Answer:
    """What is said to a question of this path whose query or selector holds `part`."""

    path: str
    part: str
    body: Any
    status: int = 200
    content_type: str = "application/json"

    def fits(self, path: str, question: str) -> bool:
        return path == self.path and self.part in question


@dataclass(frozen=True)
class Asked:
    path: str
    params: Mapping[str, str]

    @property
    def question(self) -> str:
        return self.params.get("query", self.params.get("match[]", ""))


class FakePrometheus(Loopback):
    """`answer` says what is given; the newest fitting answer wins. What was not said is an empty result.

    `denied`: endpoints that a proxy in front of it does not let through.
    """

    def __init__(self) -> None:
        super().__init__()
        self.denied: re.Pattern[str] | None = None
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.headers: list[Mapping[str, str]] = []

    def answer(self, path: str, body: Any, *, part: str = "", status: int = 200, content_type: str = "application/json") -> None:  # fmt: skip
        self.answers.append(Answer(path, part, body, status, content_type))

    def serve(self, path: str, name: str, *, part: str = "") -> None:
        """As `answer`, with a payload file."""
        found = recorded(name)
        self.answer(
            path, found["body"], part=part, status=found["status"], content_type=found["content_type"]
        )

    def serve_recorded(self) -> None:
        """Everything as it was recorded, by path and whole question."""
        for file in sorted(PAYLOADS.glob("*.json")):
            found = json.loads(file.read_text())
            if "path" in found:
                asked = found.get("question", {})
                self.answers.append(
                    Answer(found["path"], asked.get("query", asked.get("match[]", "")), found["body"])
                )

    def questions(self, path: str = "query") -> list[str]:
        return [asked.question for asked in self.asked if asked.path == path]

    def collect(self, options: Mapping[str, Any], **headers: str) -> Collected:
        """One collection over loopback, with all windows ending at UNTIL. Raises SourceError."""
        with Http(self.url, policy=EgressPolicy.from_text(self.url), headers=headers) as http:
            return PrometheusConnector(http).collect(Question(until=UNTIL, options=options))

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(target)
        path = parts.path.removeprefix("/api/v1/")
        asked = Asked(path, {name: values[-1] for name, values in parse_qs(parts.query).items()})
        self.asked.append(asked)
        self.headers.append(headers)
        if self.denied is not None and self.denied.search(path):
            return 403, b"Forbidden", {"Content-Type": "text/plain"}
        found = next((a for a in reversed(self.answers) if a.fits(path, asked.question)), None)
        if found is None:
            found = Answer(path, "", _nothing(path))
        if isinstance(found.body, bytes):
            said = found.body
        elif found.content_type.startswith("application/json"):
            said = json.dumps(found.body).encode()
        else:
            said = str(found.body).encode()
        return found.status, said, {"Content-Type": found.content_type}


def _nothing(path: str) -> Any:
    kind = {"query": "vector", "query_range": "matrix"}.get(path)
    return {"status": "success", "data": {"resultType": kind, "result": []} if kind else []}
