"""One file of a repository by Azure DevOps' API: there, gone, never there, hidden, broken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.connectors.base import SourceFile
from integrations.connectors.http import Failure, SourceError
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.azure_devops_rows import APP_ID, commit, file, folder, row, sha
from tests.integrations.connectors.azure_devops_world import API, APP

pytestmark = pytest.mark.slow

PLACE, PATH = "churn/app", ".mlops-portal.yaml"
NAMED, REFS, ITEMS, COMMITS = f"{API}/git/repositories/app", f"{APP}/refs", f"{APP}/items", f"{APP}/commits"
WROTE_AT = datetime(2026, 6, 1, 10, tzinfo=UTC)
HEAD = {"versionDescriptor.version": sha("head"), "versionDescriptor.versionType": "commit"}
AT_HEAD = {
    "searchCriteria.itemVersion.version": sha("head"),
    "searchCriteria.itemVersion.versionType": "commit",
    "searchCriteria.$top": "1",
}


@pytest.fixture
def azure() -> Iterator[FakeAzure]:
    with FakeAzure() as fake:
        fake.answer(NAMED, row("repository", defaultBranch="refs/heads/trunk"))
        heads = [{"name": f"refs/heads/{one}", "objectId": sha(one)} for one in ("trunk-2",)]
        fake.rows(REFS, [*heads, {"name": "refs/heads/trunk", "objectId": sha("head")}], filter="heads/trunk")
        yield fake


def read(fake: FakeAzure, place: str = PLACE) -> SourceFile | None:
    connector, http = fake.connector()
    with http:
        return connector.read_file(place, PATH)


def failure(fake: FakeAzure, place: str = PLACE) -> Failure:
    with pytest.raises(SourceError) as caught:
        read(fake, place)
    return caught.value.kind


def written(fake: FakeAzure, **over: Any) -> None:
    """The file stands at the head of trunk."""
    answer = {**file(PATH), "content": "version: 1\n", **over}
    asked: dict[str, Any] = {"$format": "json", **HEAD}
    fake.answer(ITEMS, answer, path=f"/{PATH}", includeContent="true", **asked)
    wrote = [commit("wrote-it", WROTE_AT), commit("before", WROTE_AT)]
    fake.rows(COMMITS, wrote, **{"searchCriteria.itemPath": f"/{PATH}", **AT_HEAD})


def test_file_comes_with_the_commit_that_wrote_it(azure: FakeAzure) -> None:
    written(azure)

    assert read(azure) == SourceFile(
        b"version: 1\n",
        sha("wrote-it"),
        WROTE_AT,
        f"https://dev.azure.com/acme/churn/_git/app?path=%2F.mlops-portal.yaml&version=GC{sha('wrote-it')}",
    )
    version = {"api-version": "7.1"}
    assert [(one.path, dict(one.query)) for one in azure.asked] == [
        (NAMED, version),
        (REFS, {"filter": "heads/trunk", **version}),
        (ITEMS, {"path": f"/{PATH}", "includeContent": "true", "$format": "json", **HEAD, **version}),
        (COMMITS, {"searchCriteria.itemPath": f"/{PATH}", **AT_HEAD, **version}),
    ]


def test_names_with_a_space_are_asked_for_by_their_name(azure: FakeAzure) -> None:
    home = f"Churn Model/_apis/git/repositories/{APP_ID}"
    azure.answer("Churn Model/_apis/git/repositories/the app", row("repository"))
    azure.rows(f"{home}/refs", [{"name": "refs/heads/main", "objectId": sha("head")}])

    assert read(azure, "Churn%20Model/the%20app") is None
    assert azure.paths()[-1] == f"{home}/items"


def test_head_that_was_read_and_does_not_hold_it_proves_absence(azure: FakeAzure) -> None:
    assert read(azure) is None
    assert [(one.path, one.status) for one in azure.asked] == [(NAMED, 200), (REFS, 200), (ITEMS, 404)]


def test_repository_without_a_commit_has_no_file(azure: FakeAzure) -> None:
    empty = row("repository")
    del empty["defaultBranch"]
    azure.answer(NAMED, empty)

    assert read(azure) is None
    assert azure.paths() == [NAMED]


REFUSALS = {
    404: Failure.NOT_FOUND,
    403: Failure.FORBIDDEN,
    401: Failure.UNAUTHORIZED,
    203: Failure.UNAUTHORIZED,
    429: Failure.RATE_LIMITED,
    500: Failure.UNAVAILABLE,
}


@pytest.mark.parametrize(
    ("path", "status"),
    # But for the one 404 that means "not there".
    [
        (path, status)
        for path in (NAMED, REFS, ITEMS, COMMITS)
        for status in REFUSALS
        if (path, status) != (ITEMS, 404)
    ],
)
def test_what_cannot_be_read_is_no_absence(azure: FakeAzure, path: str, status: int) -> None:
    written(azure)
    azure.answer(path, {"message": "no"}, status=status)

    assert failure(azure) is REFUSALS[status]


def test_disabled_repository_is_no_absence(azure: FakeAzure) -> None:
    """It is named still, and nothing in it is shown."""
    azure.answer(NAMED, row("repository", isDisabled=True))

    assert failure(azure) is Failure.NOT_FOUND
    assert azure.paths() == [NAMED, REFS]


def test_broken_answer_is_neither_the_file_nor_its_absence(azure: FakeAzure) -> None:
    written(azure, content=None)
    without = failure(azure)
    azure.answer(ITEMS, folder(PATH))
    of_a_folder = failure(azure)
    azure.answer(ITEMS, [])
    list_of_nothing = failure(azure)
    written(azure)
    azure.rows(COMMITS, [])
    by_nobody = failure(azure)
    azure.rows(COMMITS, [row("commit", commitId="../../evil")])
    by_no_commit = failure(azure)
    azure.rows(REFS, [])
    no_branch = failure(azure)
    azure.answer(NAMED, {})
    no_repository = failure(azure)

    assert {
        without, of_a_folder, list_of_nothing, by_nobody, by_no_commit, no_branch, no_repository,
    } == {Failure.BAD_PAYLOAD}  # fmt: skip


def test_name_that_is_none_is_not_asked_for(azure: FakeAzure) -> None:
    assert failure(azure, "https://dev.azure.com/acme/churn") is Failure.REJECTED
    assert azure.asked == []


def test_text_comes_as_utf_8(azure: FakeAzure) -> None:
    written(azure, content="\ufeffteam: chürn\n")

    found = read(azure)
    assert found is not None
    assert found.content == b"\xef\xbb\xbfteam: ch\xc3\xbcrn\n"
