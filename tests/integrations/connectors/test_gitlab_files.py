"""One file of a project by GitLab's API: there, gone, never there, hidden, broken."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.connectors.base import SourceFile
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.strict_json import LONGEST_TEXT
from integrations.mapping.marked import MOST_BYTES
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import project, row, sha

pytestmark = pytest.mark.slow

PLACE, PATH = "team/app", ".mlops-portal.yaml"
FILE, COMMITS = f"projects/101/repository/files/{PATH}", "projects/101/repository/commits"
WROTE = sha("wrote-it")


@pytest.fixture
def gitlab() -> Iterator[FakeGitlab]:
    with FakeGitlab() as fake:
        fake.answer(f"projects/{PLACE}", project(101, PLACE, default_branch="trunk"))
        yield fake


def read(fake: FakeGitlab, place: str = PLACE) -> SourceFile | None:
    connector, http = fake.connector()
    with http:
        return connector.read_file(place, PATH)


def failure(fake: FakeGitlab, place: str = PLACE) -> Failure:
    with pytest.raises(SourceError) as caught:
        read(fake, place)
    return caught.value.kind


def written(fake: FakeGitlab, holds: bytes = b"version: 1\n", **over: Any) -> None:
    """The file stands on trunk, and nowhere else."""
    said = {
        "size": len(holds),
        "content": base64.b64encode(holds).decode(),
        "last_commit_id": WROTE,
        "ref": "trunk",
    }
    fake.answer(FILE, row("file", **{**said, **over}), ref="trunk")
    fake.answer(f"{COMMITS}/{WROTE}", row("commit", id=WROTE, committed_date="2026-06-01T12:00:00.000+02:00"))


def test_file_comes_with_the_commit_that_wrote_it(gitlab: FakeGitlab) -> None:
    written(gitlab)

    assert read(gitlab) == SourceFile(
        b"version: 1\n",
        WROTE,
        datetime(2026, 6, 1, 10, tzinfo=UTC),
        f"https://gitlab.example.com/team/app/-/blob/{WROTE}/.mlops-portal.yaml",
    )
    assert [(one.path, one.query) for one in gitlab.asked] == [
        (f"projects/{PLACE}", {}),
        (FILE, {"ref": "trunk"}),
        (f"{COMMITS}/{WROTE}", {}),
    ]


def test_project_may_be_named_by_its_number(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects/101", project(101, PLACE, default_branch="trunk"))
    written(gitlab)

    found = read(gitlab, "101")
    assert (found.content if found else None) == b"version: 1\n"


def test_branch_that_was_read_and_does_not_hold_it_proves_absence(gitlab: FakeGitlab) -> None:
    gitlab.answer(COMMITS, [])
    gitlab.answer(COMMITS, [row("commit")], ref_name="trunk")

    assert read(gitlab) is None
    assert [(one.path, one.status) for one in gitlab.asked] == [
        (f"projects/{PLACE}", 200),
        (FILE, 404),
        (COMMITS, 200),
    ]


@pytest.mark.parametrize("over", [{"empty_repo": True}, {"default_branch": None}])
def test_project_without_a_commit_has_no_file(gitlab: FakeGitlab, over: dict[str, Any]) -> None:
    gitlab.answer(f"projects/{PLACE}", project(101, PLACE, **over))

    assert read(gitlab) is None
    assert len(gitlab.asked) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (404, Failure.NOT_FOUND),
        (403, Failure.FORBIDDEN),
        (401, Failure.UNAUTHORIZED),
        (429, Failure.RATE_LIMITED),
        (500, Failure.UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("path", [f"projects/{PLACE}", FILE, COMMITS, f"{COMMITS}/{WROTE}"])
def test_what_cannot_be_read_is_no_absence(gitlab: FakeGitlab, path: str, code: int, kind: Failure) -> None:
    if path != COMMITS:
        written(gitlab)
    # For the file itself a 404 is no answer yet: here its branch is not shown either.
    gitlab.answer(path, {"message": "no"}, code=code)

    assert failure(gitlab) is kind


def test_role_that_may_not_read_code_is_no_absence(gitlab: FakeGitlab) -> None:
    guest = project(101, PLACE)
    del guest["default_branch"]
    gitlab.answer(f"projects/{PLACE}", guest)

    with pytest.raises(SourceError) as caught:
        read(gitlab)
    assert caught.value.message == (
        "GitLab does not show its code to the credential: it needs the role Reporter."
    )


@pytest.mark.parametrize(
    "over",
    [
        {"content": None},
        {"encoding": "text"},
        {"content": "no base64!"},
        {"size": 12},
        {"last_commit_id": "../../evil"},
    ],
)
def test_broken_answer_is_neither_the_file_nor_its_absence(gitlab: FakeGitlab, over: dict[str, Any]) -> None:
    written(gitlab, **over)

    assert failure(gitlab) is Failure.BAD_PAYLOAD


@pytest.mark.parametrize("body", [[], None, "version: 1"])
def test_answer_of_another_shape_is_neither(gitlab: FakeGitlab, body: Any) -> None:
    gitlab.answer(FILE, body)
    gitlab.answer(COMMITS, [row("commit")])
    assert failure(gitlab) is Failure.BAD_PAYLOAD

    gitlab.answer(f"projects/{PLACE}", body)
    assert failure(gitlab) is Failure.BAD_PAYLOAD


def test_branch_without_a_commit_proves_nothing(gitlab: FakeGitlab) -> None:
    gitlab.answer(COMMITS, [])

    assert failure(gitlab) is Failure.BAD_PAYLOAD


def test_name_that_is_none_is_not_asked_for(gitlab: FakeGitlab) -> None:
    assert failure(gitlab, "team/../admin") is Failure.REJECTED
    assert gitlab.asked == []


def test_bytes_are_those_of_the_file(gitlab: FakeGitlab) -> None:
    written(gitlab, b"\xef\xbb\xbfteam: \xff\n")

    found = read(gitlab)
    assert found is not None
    assert found.content == b"\xef\xbb\xbfteam: \xff\n"


def test_file_that_is_too_large_for_a_mapping_is_still_told_of_and_an_absurd_one_is_not(
    gitlab: FakeGitlab,
) -> None:
    written(gitlab, b"#" * (MOST_BYTES + 1))
    found = read(gitlab)
    assert found is not None
    assert len(found.content) == MOST_BYTES + 1

    written(gitlab, b"#" * LONGEST_TEXT)
    assert failure(gitlab) is Failure.BAD_PAYLOAD
