"""Azure DevOps on loopback: answers with the rows it is given, filtered and paged as the service does it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from integrations.connectors.azure_devops.connector import AzureDevopsConnector
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from tests.integrations.connectors.loopback import Loopback, Said

TOKEN = "loopback-pat"
NOT_FOUND = {
    "$id": "1",
    "message": "TF401019: it does not exist, or you may not see it.",
    "typeKey": "NotFound",
}

Query = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What one path answers where the query holds `query`. Rows under `value` are filtered and served in pages."""

    path: str
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Query = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Asked:
    path: str
    query: Query
    headers: Mapping[str, str]
    status: int


class FakeAzure(Loopback):
    """`answer` says what a path below the organisation gives; what was not said is 404, its word for absent and hidden alike.

    `denied`: paths that the token has no scope for; they answer 403.
    """

    def __init__(self) -> None:
        super().__init__()
        self.denied: re.Pattern[str] | None = None
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        # How many rows a page holds at most, whatever is asked for.
        self.page_size = 100

    def answer(
        self,
        path: str,
        body: Any,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> None:
        """From now on `path` gives this body where the query holds these values; the newest fitting answer wins."""
        asked = {name: str(value) for name, value in query.items()}
        self.answers.append(Answer(path, body, status, headers or {}, asked))

    def rows(self, path: str, found: list[Any], /, **query: Any) -> None:
        self.answer(path, {"count": len(found), "value": found}, **query)

    def refuse(self, *endings: str, status: int = 403) -> None:
        """From now on every path with one of these in it is refused."""
        for answer in [one for one in self.answers if any(ending in one.path for ending in endings)]:
            self.answers.append(Answer(answer.path, {"message": "no"}, status, {}, answer.query))

    def connector(self) -> tuple[AzureDevopsConnector, Http]:
        """A connector that talks to this server. The Http is to be closed."""
        headers = AzureDevopsConnector.headers({"token": TOKEN})
        http = Http(f"{self.url}/acme", policy=EgressPolicy.from_text(self.url), headers=headers)
        return AzureDevopsConnector(http), http

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix("/acme/")
        status, said, more = self._say(path, query, headers)
        self.asked.append(Asked(path, query, headers, status))
        kind = {"Content-Type": "application/json; charset=utf-8; api-version=7.1"}
        return status, b"" if status == 204 else json.dumps(said).encode(), {**kind, **more}

    def _say(self, path: str, query: Query, headers: Mapping[str, str]) -> tuple[int, Any, dict[str, str]]:
        if headers.get("Authorization") != "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode():
            return 401, {}, {}
        if query.get("api-version") != "7.1":
            return 400, {"message": "The api-version is missing."}, {}
        if self.denied is not None and self.denied.search(path):
            return 403, {"message": "no"}, {}
        answer = next(
            (a for a in reversed(self.answers) if a.path == path and a.query.items() <= query.items()), None
        )
        if answer is None:
            return 404, NOT_FOUND, {}
        rows = answer.body.get("value") if isinstance(answer.body, dict) else None
        if answer.status != 200 or not isinstance(rows, list):
            return answer.status, answer.body, dict(answer.headers)
        found, more = self._page([row for row in rows if _fits(path, row, query)], path, query)
        return 200, {**answer.body, "count": len(found), "value": found}, {**answer.headers, **more}

    def _page(self, rows: list[Any], path: str, query: Query) -> tuple[list[Any], dict[str, str]]:
        if not {"$top", "top", "searchCriteria.$top"} & query.keys() and not path.endswith("/configurations"):
            return rows, {}
        is_by_skip = path.endswith(("/pullrequests", "/commits"))
        asked = int(query.get("$top", query.get("top", query.get("searchCriteria.$top", 100))))
        # Only where there is a token may a page be shorter than it was asked to be.
        size = asked if is_by_skip else min(asked, self.page_size)
        start = int(query.get("continuationToken", query.get("$skip", 0)))
        has_more = not is_by_skip and start + size < len(rows)
        return rows[start : start + size], {"x-ms-continuationtoken": str(start + size)} if has_more else {}


def _fits(path: str, row: Any, query: Query) -> bool:
    # What is no row of this kind is served as it stands: a filter must not make garbage look like nothing.
    if not isinstance(row, dict) or not {"id", "pullRequestId"} & row.keys():
        return True
    for ending, test in _FILTERS.items():
        if path.endswith(ending):
            return test(row, query)
    return True


def _build_fits(row: dict[str, Any], query: Query) -> bool:
    if "buildIds" in query:
        return str(row.get("id")) in query["buildIds"].split(",")
    if "minTime" not in query:
        return True
    assert query["queryOrder"].startswith("queueTime"), "what minTime speaks of depends on the order"
    repository = row.get("repository")
    named = repository.get("id") if isinstance(repository, dict) else None
    return named == query["repositoryId"] and _within(
        row.get("queueTime"), query["minTime"], query["maxTime"]
    )


def _change_fits(row: dict[str, Any], query: Query) -> bool:
    asked = {name.removeprefix("searchCriteria."): value for name, value in query.items()}
    # Without this word the times are those of creation.
    field_ = "closedDate" if asked.get("queryTimeRangeType") == "closed" else "creationDate"
    return (
        row.get("status") == asked["status"]
        and row.get("targetRefName") == asked["targetRefName"]
        and _within(row.get(field_), asked["minTime"], asked["maxTime"])
    )


def _within(text: Any, since: str, until: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return True
    return datetime.fromisoformat(since) <= moment <= datetime.fromisoformat(until)


_FILTERS: dict[str, Callable[[dict[str, Any], Query], bool]] = {
    "/build/builds": _build_fits,
    "/pullrequests": _change_fits,
}
