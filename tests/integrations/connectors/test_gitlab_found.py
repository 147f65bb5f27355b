"""What "Test connection" sees of a GitLab: who, choices, and what each missing right blinds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integrations.connectors.base import Found
from integrations.connectors.gitlab.connector import GitlabConnector
from integrations.connectors.http import Failure, SourceError
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import ago, approvals, change, payload, pipeline, project, row
from tests.integrations.connectors.gitlab_world import APP, build_world

pytestmark = pytest.mark.slow


@pytest.fixture
def gitlab() -> Iterator[FakeGitlab]:
    with FakeGitlab() as fake:
        build_world(fake)
        fake.answer("user", payload("user"))
        fake.answer("personal_access_tokens/self", payload("token"))
        fake.answer("projects", [project(101, "team/app"), project(102, "team/training")])
        fake.answer(
            f"{APP}/pipelines",
            [pipeline(1, ago(1), name="Nightly"), pipeline(2, ago(1), name=None)],
            per_page=100,
        )
        fake.answer(f"{APP}/deployments", [], per_page=1)
        fake.answer(f"{APP}/merge_requests", [change(8, ago(2))], per_page=1)
        fake.answer(f"{APP}/merge_requests/8/approvals", approvals())
        yield fake


def look(fake: FakeGitlab) -> Found:
    connector, http = fake.connector()
    with http:
        return connector.test()


def test_identity_choices_and_nothing_missing(gitlab: FakeGitlab) -> None:
    found = look(gitlab)
    assert found.identity == "ann"
    assert found.choices == {
        "repositories": ["team/app", "team/training"],
        "training_jobs": ["Nightly", "pytest", "Train", "train", "build"],
        "production_environments": ["production", "review/x", "staging"],
        "preproduction_environments": ["review/x", "staging"],
    }
    assert (found.missing, found.notes) == ({}, ())
    assert (found.credential, found.ends_at) == ("a token with read_api", datetime(2027, 1, 1, tzinfo=UTC))
    # every choice belongs to an option of the form
    assert set(found.choices) <= {option.name for option in GitlabConnector.source_options}
    assert len(gitlab.asked) <= 25
    asked = next(one for one in gitlab.asked if one.path == "projects").query
    assert (asked["membership"], asked["archived"]) == ("true", "false")


@pytest.mark.parametrize(
    ("scopes", "words", "notes"),
    [
        (
            ["read_user"],
            "a token with read_user",
            ("The token lacks the scope read_api, which everything here needs.",),
        ),
        (
            ["api", "read_repository"],
            "a token with api, read_repository",
            ("The scope api lets this token write too. read_api is enough here.",),
        ),
        (["read_api", "openid"], "a token with read_api, openid", ()),
        (None, "a token", ()),
    ],
)
def test_what_a_token_may_do_is_told(
    gitlab: FakeGitlab, scopes: list[str] | None, words: str, notes: tuple[str, ...]
) -> None:
    gitlab.answer("personal_access_tokens/self", row("token", scopes=scopes, expires_at=None))
    found = look(gitlab)
    assert (found.credential, found.ends_at, found.notes) == (words, None, notes)


@pytest.mark.parametrize("said", ["soon", "2027-13-01", "", 20270101])
def test_an_end_that_is_no_day_is_none(gitlab: FakeGitlab, said: object) -> None:
    gitlab.answer("personal_access_tokens/self", row("token", expires_at=said))
    assert look(gitlab).ends_at is None


def test_a_token_that_may_not_ask_about_itself_says_nothing(gitlab: FakeGitlab) -> None:
    gitlab.refuse("personal_access_tokens/self", 404)
    found = look(gitlab)
    assert (found.credential, found.ends_at, found.notes) == ("", None, ())


def test_a_token_that_may_not_ask_for_projects_lacks_the_scope(gitlab: FakeGitlab) -> None:
    gitlab.answer("personal_access_tokens/self", row("token", scopes=["read_repository"], expires_at=None))
    gitlab.refuse("projects")
    found = look(gitlab)
    assert list(found.missing) == ["Scope: read_api"]
    # That no project is visible says nothing of the account's membership then.
    assert found.notes == ("The token lacks the scope read_api, which everything here needs.",)


@pytest.mark.parametrize("code", [404, 500])
def test_projects_that_cannot_be_listed_are_not_none(gitlab: FakeGitlab, code: int) -> None:
    gitlab.refuse("projects", code)
    with pytest.raises(SourceError) as caught:
        look(gitlab)
    assert caught.value.status == code


def test_a_token_that_shows_no_project_is_told(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects", [])
    found = look(gitlab)
    assert found.choices["repositories"] == []
    assert found.notes[0] == (
        "No project is visible. The token's account has to be a member of the team's projects."
    )


def test_more_projects_than_are_looked_into_are_told(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects", [project(1_000 + at, f"team/p{at}") for at in range(130)])
    found = look(gitlab)
    assert len(found.choices["repositories"]) == 100
    assert found.notes == (
        "Only the 100 projects changed last are listed; others can be typed.",
        "Jobs and environments are those of the 3 projects changed last.",
    )


def test_a_refused_token_is_an_error(gitlab: FakeGitlab) -> None:
    gitlab.answer("user", {"message": "401 Unauthorized"}, code=401)
    with pytest.raises(SourceError) as caught:
        look(gitlab)
    assert caught.value.kind is Failure.UNAUTHORIZED


def test_a_web_server_that_is_no_gitlab_is_an_error() -> None:
    with FakeGitlab() as fake, pytest.raises(SourceError):
        look(fake)
