"""GitHub on loopback: a real HTTP server that answers with the rows it is given, pages included, and notes every question."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.http import Http
from integrations.connectors.memory import Forgetful, Memory
from tests.integrations.connectors.loopback import Loopback, Said

REFUSED = {
    "message": "Resource not accessible by personal access token",
    "documentation_url": "https://docs.github.com/rest",
    "status": "403",
}
NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}


@dataclass(frozen=True)
class Answer:
    """What one path answers when the query holds `query`. A list under `key` (or the body itself) is served in pages."""

    path: str
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Asked:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int
    body: Any


class FakeGithub(Loopback):
    """`answer` says what a path gives; what was not said is 404, GitHub's word for absent and for hidden alike.

    `denied`: paths that the credential may not ask for; they answer as GitHub does to a fine-grained token.
    """

    def __init__(self) -> None:
        super().__init__()
        self.denied: re.Pattern[str] | None = None
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        # What the source that collects remembers; asked for at each collection.
        self.memory: Callable[[], Memory] = Forgetful

    def answer(
        self,
        path: str,
        body: Any,
        /,
        *,
        status: int = 200,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> None:
        """From now on `path` gives this body where the query holds these values; the newest fitting answer wins."""
        asked = {name: str(value) for name, value in query.items()}
        self.answers.append(Answer(path, body, status, headers or {}, asked, key))

    def connector(self) -> tuple[GithubConnector, Http]:
        """A connector that talks to this server with a token. The Http is to be closed."""
        headers = GithubConnector.headers({"token": "github_pat_loopback"})
        http = Http(self.url, policy=EgressPolicy.from_text(self.url), headers=headers)
        return GithubConnector(http), http

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).lstrip("/")
        answer = next(
            (a for a in reversed(self.answers) if a.path == path and a.query.items() <= query.items()), None
        )
        status, said, more = (404, NOT_FOUND, {}) if answer is None else self._page(answer, parts.path, query)
        if self.denied is not None and self.denied.search(path):
            status, said, more = 403, REFUSED, {}
        self.asked.append(Asked(path, query, headers, status, said))
        return (
            status,
            json.dumps(said).encode(),
            {"Content-Type": "application/json; charset=utf-8", **more},
        )

    def _page(self, answer: Answer, path: str, query: Mapping[str, str]) -> tuple[int, Any, dict[str, str]]:
        rows = answer.body.get(answer.key) if answer.key else answer.body
        if answer.status != 200 or not isinstance(rows, list):
            return answer.status, answer.body, dict(answer.headers)
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        part = rows[(page - 1) * size : page * size]
        headers = dict(answer.headers)
        if page * size < len(rows):
            headers["Link"] = f'<https://elsewhere.invalid{path}?page={page + 1}>; rel="next"'
        return 200, {**answer.body, answer.key: part} if answer.key else part, headers
