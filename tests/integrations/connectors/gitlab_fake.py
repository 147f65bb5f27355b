"""GitLab on loopback: a real HTTP server that answers with the rows it is given, pages and their links included, and notes
every question."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from integrations.connectors.base import Collected, Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.gitlab.connector import GitlabConnector
from integrations.connectors.http import Http
from integrations.connectors.memory import Forgetful, Memory
from tests.integrations.connectors.gitlab_rows import UNTIL, payload
from tests.integrations.connectors.loopback import Loopback, Said

API = "/api/v4/"


@dataclass(frozen=True)
class Answer:
    """What one path below the API answers when the query holds `query`. A list is served in pages."""

    path: str
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int


class FakeGitlab(Loopback):
    """`answer` says what a path gives; what was not said is 404, GitLab's word for absent and for hidden alike.

    `prefix` is the path that an installation lives under. The links of pages name a host that is not this one, as those of an
    installation behind a proxy do. `denied`: paths that the credential may not ask for; they answer 403.
    """

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.prefix = prefix
        self.denied: re.Pattern[str] | None = None
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        # What the source that collects remembers; asked for at each collection.
        self.memory: Callable[[], Memory] = Forgetful

    def answer(
        self,
        path: str,
        body: Any,
        *,
        code: int = 200,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> None:
        """From now on `path` gives this body where the query holds these values; the newest fitting answer wins."""
        wanted = {name: str(value) for name, value in query.items()}
        self.answers.append(Answer(path, body, code, headers or {}, wanted))

    def refuse(self, path: str, code: int = 403) -> None:
        """From now on nothing at this path is shown, whatever the query."""
        self.answers = [one for one in self.answers if one.path != path]
        self.answer(path, payload("forbidden"), code=code)

    def connector(self, address: str = "") -> tuple[GitlabConnector, Http]:
        """A connector that talks to this server with a token. The Http is to be closed."""
        headers = GitlabConnector.headers({"token": "glpat-loopback"})
        url = address or f"{self.url}{self.prefix}"
        http = Http(url, policy=EgressPolicy.from_text(self.url), headers=headers)
        return GitlabConnector(http), http

    def collect(
        self,
        options: dict[str, Any],
        *,
        wanted: tuple[str, ...] = (),
        address: str = "",
    ) -> Collected:
        connector, http = self.connector(address)
        with http:
            return connector.collect(
                Question(until=UNTIL, options=options, wanted_shas=wanted, memory=self.memory())
            )

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        root = f"{self.prefix}{API}"
        is_api = parts.path.startswith(root)
        path = unquote(parts.path.removeprefix(root)) if is_api else parts.path
        answer = next(
            (
                a
                for a in reversed(self.answers)
                if is_api and a.path == path and a.query.items() <= query.items()
            ),
            None,
        )
        status, said, more = (
            (404, payload("not_found"), {}) if answer is None else self._page(answer, parts.path, query)
        )
        if self.denied is not None and self.denied.search(path):
            status, said, more = 403, payload("forbidden"), {}
        self.asked.append(Asked(path, query, headers, status))
        return status, json.dumps(said).encode(), {"Content-Type": "application/json", **more}

    def _page(self, answer: Answer, path: str, query: Mapping[str, str]) -> tuple[int, Any, dict[str, str]]:
        if answer.status != 200 or not isinstance(answer.body, list):
            return answer.status, answer.body, dict(answer.headers)
        is_keyset = query.get("pagination") == "keyset"
        size = min(int(query.get("per_page", 20)), 100)
        start = int(query.get("cursor", 0)) if is_keyset else (int(query.get("page", 1)) - 1) * size
        headers = dict(answer.headers)
        if start + size < len(answer.body):
            following = {"cursor": start + size} if is_keyset else {"page": start // size + 2}
            link = urlencode({**query, **following})
            headers["Link"] = f'<https://elsewhere.invalid{path}?{link}>; rel="next"'
            # No X-Total: long listings go without.
            headers |= {} if is_keyset else {"X-Next-Page": str(following["page"])}
        return 200, answer.body[start : start + size], headers
