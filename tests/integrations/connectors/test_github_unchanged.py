"""GitHub asked twice, with its ETags: what did not change is not sent again, and says the same."""

from __future__ import annotations

import hashlib
import re

from integrations.connectors.base import Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.http import Http
from integrations.connectors.kept import KeptAnswer
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.integrations.connectors.loopback import Said
from tests.integrations.connectors.test_kept import InMemory

# Everything that names no people. Runs, changes, reviews, commits and deployments are never kept.
MAY_BE_KEPT = re.compile(
    r"repos/[^/]+/[^/]+(/git/trees/.*|/actions/workflows|/rules/branches/.*|/branches/.*|/environments/.*)?"
)


class TaggingGithub(FakeGithub):
    def __init__(self) -> None:
        super().__init__()
        self.unchanged: list[str] = []

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        status, said, more = super().serve_request(target, headers, body)
        tag = f'"{hashlib.sha256(said).hexdigest()}"'
        if status != 200:
            return status, said, more
        if headers.get("If-None-Match") == tag:
            self.unchanged.append(self.asked[-1].path)
            return 304, b"", {"ETag": tag}
        return status, said, {**more, "ETag": tag}


class Noting(InMemory):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    def keep(self, url: str, accept: str, answer: KeptAnswer) -> None:
        self.kept.append(url)
        super().keep(url, accept, answer)


def test_second_reading_is_told_what_did_not_change_and_observes_the_same() -> None:
    kept = Noting()
    with TaggingGithub() as github:
        build_world(github)
        headers = GithubConnector.headers({"token": "t"})
        with Http(github.url, policy=EgressPolicy.from_text(github.url), headers=headers, kept=kept) as http:
            connector = GithubConnector(http)
            question = Question(until=UNTIL, options=OPTIONS)
            first = connector.collect(question)
            assert github.unchanged == []
            second = connector.collect(question)

    assert second == first
    paths = [url.removeprefix(f"{github.url}/").partition("?")[0] for url in kept.kept]
    assert [path for path in paths if not MAY_BE_KEPT.fullmatch(path)] == []
    assert sorted(github.unchanged) == sorted(paths)
    assert len(github.unchanged) >= 4
