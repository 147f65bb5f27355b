"""Jenkins on loopback: answers with the rows it is given, cut down to what `tree` asks for as Jenkins does it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.jenkins.connector import JenkinsConnector
from tests.integrations.connectors.loopback import Loopback, Said

USER, TOKEN = "portal", "11loopback"
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Answer:
    path: str
    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    path: str
    query: Mapping[str, str]
    status: int


class FakeJenkins(Loopback):
    """`answer` says what a path gives; what was not said is 404 with a page, Jenkins' word for absent and for hidden alike.

    `denied`: paths that the user may not ask for; they answer 403 with a page.
    """

    def __init__(self) -> None:
        super().__init__()
        self.denied: re.Pattern[str] | None = None
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []

    def answer(
        self, path: str, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """From now on `path` gives this body; the newest answer wins."""
        self.answers.append(Answer(path, body, status, headers or {}))

    def body(self, path: str) -> Any:
        return next(answer.body for answer in reversed(self.answers) if answer.path == path)

    def connector(self, user: str = USER) -> tuple[JenkinsConnector, Http]:
        """A connector that talks to this server. The Http is to be closed."""
        headers = JenkinsConnector.headers({"user": user, "token": TOKEN})
        http = Http(f"{self.url}/ci/", policy=EgressPolicy.from_text(self.url), headers=headers)
        return JenkinsConnector(http), http

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = unquote(parts.path).removeprefix("/ci/")
        status, said, more = self._say(path, query, headers.get("Authorization", ""))
        self.asked.append(Asked(path, query, status))
        sent = said if isinstance(said, bytes) else json.dumps(said).encode()
        kind = "text/html;charset=utf-8" if isinstance(said, bytes) else "application/json;charset=utf-8"
        return status, sent, {"Content-Type": kind, "X-Jenkins": "2.479.1", **more}

    def _say(self, path: str, query: Mapping[str, str], credential: str) -> tuple[int, Any, dict[str, str]]:
        if credential != "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode():
            return 401, b"<html>Unauthorized</html>", {}
        if "depth" in query:
            return 400, b"<html>depth would send everything below</html>", {}
        if self.denied is not None and self.denied.search(path):
            return 403, b"<html>portal is missing the Overall/Read permission</html>", {}
        found = next((answer for answer in reversed(self.answers) if answer.path == path), None)
        if found is None:
            return 404, b"<html>Not Found</html>", {}
        body = found.body
        if found.status == 200 and "tree" in query and isinstance(body, dict):
            body = pruned(body, read_tree(query["tree"]))
        return found.status, body, dict(found.headers)


Tree = dict[str, tuple[Any, slice]]


def read_tree(text: str) -> Tree:
    """`a,b[c]{0,2}` as {a: ({}, all), b: ({c: ...}, 0..2)}."""
    found, rest = _tree(text)
    assert not rest, f"Jenkins would refuse the tree at {rest[:30]!r}"
    return found


def _tree(text: str) -> tuple[Tree, str]:
    found: Tree = {}
    while match := _WORD.match(text):
        text, part = text[match.end() :], slice(None)
        below: Tree = {}
        if text.startswith("["):
            below, text = _tree(text[1:])
            assert text.startswith("]"), text[:30]
            text = text[1:]
        if asked := re.match(r"\{(\d+),(\d+)\}", text):
            part, text = slice(int(asked[1]), int(asked[2])), text[asked.end() :]
        found[match[0]] = (below, part)
        if not text.startswith(","):
            break
        text = text[1:]
    return found, text


def pruned(row: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    """What is left of an object: `_class` is always there where Jenkins has one."""
    found: dict[str, Any] = {"_class": row["_class"]} if "_class" in row else {}
    for name, (below, part) in tree.items():
        if name in row:
            found[name] = _cut(row[name], below, part)
    return found


def _cut(value: Any, below: Tree, part: slice) -> Any:
    if isinstance(value, list):
        return [_cut(one, below, slice(None)) for one in value[part]]
    return pruned(value, below) if isinstance(value, dict) else value
