"""One file of a repository by GitHub's API: there, gone, never there, hidden, too big."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.connectors.base import SourceFile
from integrations.connectors.http import Failure, SourceError
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import content, row, sha

pytestmark = pytest.mark.slow

PLACE, PATH = "octo/app", ".mlops-portal.yaml"
COMMITS, CONTENTS = f"repos/{PLACE}/commits", f"repos/{PLACE}/contents/{PATH}"


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        yield fake


def read(fake: FakeGithub, place: str = PLACE) -> SourceFile | None:
    connector, http = fake.connector()
    with http:
        return connector.read_file(place, PATH)


def written(fake: FakeGithub, **over: Any) -> None:
    commit = {"committer": {"name": "Ann", "email": "ann@example.org", "date": "2026-06-01T10:00:00Z"}}
    fake.answer(COMMITS, [])
    fake.answer(COMMITS, [row("commit", sha=sha("wrote-it"), commit=commit)], path=PATH)
    page = f"https://github.com/{PLACE}/blob/main/{PATH}"
    fake.answer(CONTENTS, {**content("version: 1\n"), "html_url": page, **over}, ref=sha("wrote-it"))


def test_file_comes_with_the_commit_that_wrote_it(github: FakeGithub) -> None:
    written(github)

    assert read(github) == SourceFile(
        b"version: 1\n",
        sha("wrote-it"),
        datetime(2026, 6, 1, 10, tzinfo=UTC),
        f"https://github.com/{PLACE}/blob/main/{PATH}",
    )
    assert [(one.path, one.query) for one in github.asked] == [
        (COMMITS, {"path": PATH, "per_page": "1"}),
        (CONTENTS, {"ref": sha("wrote-it")}),
    ]


def test_no_commit_wrote_it_and_the_last_one_took_it_away_are_proven_absence(github: FakeGithub) -> None:
    github.answer(COMMITS, [])
    assert read(github) is None

    github.answer(COMMITS, [row("commit", sha=sha("took-it"))], path=PATH)
    assert read(github) is None

    github.answer(COMMITS, {"message": "Git Repository is empty."}, status=409)
    assert read(github) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, Failure.NOT_FOUND),
        (403, Failure.FORBIDDEN),
        (401, Failure.UNAUTHORIZED),
        (500, Failure.UNAVAILABLE),
    ],
)
def test_repository_that_is_hidden_is_no_absence(github: FakeGithub, status: int, kind: Failure) -> None:
    github.answer(COMMITS, {"message": "no"}, status=status)

    with pytest.raises(SourceError) as caught:
        read(github)
    assert caught.value.kind is kind


def test_what_cannot_be_the_file_is_a_failure(github: FakeGithub) -> None:
    written(github, encoding="none", content="")
    with pytest.raises(SourceError) as big:
        read(github)
    github.answer(CONTENTS, [content("a folder")], ref=sha("wrote-it"))
    with pytest.raises(SourceError) as folder:
        read(github)
    with pytest.raises(SourceError) as name:
        read(github, "https://github.com/octo/app")

    kinds = [caught.value.kind for caught in (big, folder, name)]
    assert kinds == [Failure.TOO_BIG, Failure.BAD_PAYLOAD, Failure.REJECTED]


def test_bytes_are_those_of_the_file(github: FakeGithub) -> None:
    written(github, content=base64.encodebytes(b"\xef\xbb\xbfteam: \xff\n").decode())

    found = read(github)
    assert found is not None
    assert found.content == b"\xef\xbb\xbfteam: \xff\n"
