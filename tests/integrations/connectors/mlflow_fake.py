"""MLflow on loopback: a real HTTP server that answers with the rows it is given, pages included, and notes every question."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from integrations.connectors.base import Collected, Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.memory import Forgetful, Memory
from integrations.connectors.mlflow.connector import MlflowConnector
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.loopback import Loopback, Said

# Searches that MLflow filters by permission after the fact.
SILENT = frozenset(
    {
        "experiments/search",
        "runs/search",
        "registered-models/search",
        "model-versions/search",
        "traces/metrics",
    }
)
PAYLOADS = Path(__file__).parent.parent / "payloads" / "mlflow"


def payload(name: str) -> Any:
    """The body of a payload file."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())["body"]


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers when the question holds `having`. Rows under `key` are served in pages."""

    path: str
    body: Any
    status: int = 200
    content_type: str = "application/json"
    having: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Asked:
    path: str
    question: Mapping[str, Any]


class FakeMlflow(Loopback):
    """`answer` says what an endpoint gives; what was not said is the 404 page of a server without that endpoint.

    `denied`: endpoints that the user may not read. As MLflow's own basic-auth does, searches then leave everything out without
    a word (200 {}) and everything else is 403.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        # What the source that collects remembers; asked for at each collection.
        self.memory: Callable[[], Memory] = Forgetful
        self.denied: re.Pattern[str] | None = None

    def answer(
        self,
        path: str,
        body: Any,
        /,
        *,
        status: int = 200,
        content_type: str = "application/json",
        **having: Any,
    ) -> None:
        """From now on the endpoint gives this where the question holds these values; the newest fitting answer wins."""
        self.answers.append(Answer(path, body, status, content_type, having))

    def serve(self, path: str, name: str, /, **having: Any) -> None:
        """As `answer`, with a payload file: its body, status and content type."""
        found = json.loads((PAYLOADS / f"{name}.json").read_text())
        self.answers.append(Answer(path, found["body"], found["status"], found["content_type"], having))

    def listing(self, path: str, key: str, rows: Sequence[Any], /, **having: Any) -> None:
        """Rows in pages of the size that is asked for; empty lists are left out, as MLflow does."""
        self.answers.append(Answer(path, list(rows), having=having, key=key))

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def collect(self, options: Mapping[str, Any], **headers: str) -> Collected:
        """One collection over loopback, with all windows ending at UNTIL. Raises SourceError."""
        with Http(self.url, policy=EgressPolicy.from_text(self.url), headers=headers) as http:
            return MlflowConnector(http).collect(Question(until=UNTIL, options=options, memory=self.memory()))

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(target)
        path = unquote(parts.path).lstrip("/")
        for prefix in ("api/2.0/mlflow/", "api/3.0/mlflow/"):
            path = path.removeprefix(prefix)
        question = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        question |= json.loads(body or b"{}")
        self.asked.append(Asked(path, question))
        if self.denied is not None and self.denied.search(path):
            if path in SILENT:
                return 200, b"{}", {"Content-Type": "application/json"}
            return 403, payload("forbidden").encode(), {"Content-Type": "text/html; charset=utf-8"}
        fitting = (
            a for a in reversed(self.answers) if a.path == path and a.having.items() <= question.items()
        )
        status, content_type, said = _said(next(fitting, None), question)
        return status, said, {"Content-Type": content_type}


def _said(answer: Answer | None, question: Mapping[str, Any]) -> tuple[int, str, bytes]:
    if answer is None:
        return 404, "text/html; charset=utf-8", payload("endpoint_absent").encode()
    if isinstance(answer.body, bytes):
        return answer.status, answer.content_type, answer.body
    if answer.content_type != "application/json":
        return answer.status, answer.content_type, answer.body.encode()
    body = _page(answer, question) if answer.key else answer.body
    return answer.status, answer.content_type, json.dumps(body).encode()


def _page(answer: Answer, question: Mapping[str, Any]) -> dict[str, Any]:
    size, start = int(question["max_results"]), int(question.get("page_token", 0))
    rows = answer.body[start : start + size]
    body = {answer.key: rows} if rows else {}
    if start + size < len(answer.body):
        body["next_page_token"] = str(start + size)
    return body
