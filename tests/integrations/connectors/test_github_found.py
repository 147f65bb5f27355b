"""What "Test connection" tells of a GitHub credential: its kind, its scopes, its end, and whom it lets in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest

from integrations.connectors.base import Found
from integrations.connectors.github.connector import GithubConnector
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import payload, row, rule
from tests.integrations.connectors.github_world import build_world

pytestmark = pytest.mark.slow


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        yield fake


def look(fake: FakeGithub, headers: Mapping[str, str] | None = None, *repositories: str) -> Found:
    fake.answer("user", row("user", login="portal"), headers=headers or {})
    rows = [
        row("user_repository", full_name=name, default_branch="main", permissions={"admin": False})
        for name in repositories
    ]
    fake.answer("user/repos", rows)
    connector, http = fake.connector()
    with http:
        return connector.test()


@pytest.mark.parametrize(
    ("said", "ends_at"),
    [
        ("2027-02-01 09:30:00 UTC", datetime(2027, 2, 1, 9, 30, tzinfo=UTC)),
        ("2027-02-01 11:30:00 +0200", datetime(2027, 2, 1, 11, 30, tzinfo=timezone(timedelta(hours=2)))),
        ("soon", None),
        ("", None),
    ],
)
def test_end_of_the_token(github: FakeGithub, said: str, ends_at: datetime | None) -> None:
    found = look(github, {"github-authentication-token-expiration": said} if said else {})

    assert found.ends_at == ends_at
    assert ("The token ends on soon." in found.notes) == (said == "soon")


@pytest.mark.parametrize(
    ("scopes", "credential", "notes"),
    [
        (None, "a fine-grained token", ()),
        (
            "repo, read:org",
            "a classic token with repo, read:org",
            (
                "The scope repo lets this token write too. A fine-grained token with read access is enough here.",
            ),
        ),
        (
            "read:org, user:email",
            "a classic token with read:org, user:email",
            ("The scope repo is missing: private repositories stay hidden from this classic token.",),
        ),
        (
            "",
            "a classic token with no scope",
            ("The scope repo is missing: private repositories stay hidden from this classic token.",),
        ),
    ],
)
def test_kind_of_the_token_and_what_its_scopes_mean(
    github: FakeGithub, scopes: str | None, credential: str, notes: tuple[str, ...]
) -> None:
    found = look(github, {} if scopes is None else {"X-OAuth-Scopes": scopes})

    assert (found.identity, found.credential) == ("portal", credential)
    assert found.notes[:-1] == notes  # the last one: no repository is visible


def test_credential_that_sees_no_repository_is_blind_for_everything(github: FakeGithub) -> None:
    missing = look(github).missing

    assert list(missing) == ["Access to a repository"]
    assert set(missing["Access to a repository"]) == (GithubConnector.signals - {"ci.tests_executed_p50"}) | {
        "mlflow.production_git_commit_share",
        "mlflow.lineage_complete_share",
        "mlflow.versions_from_ci_share_90d",
    }


def test_administration_is_not_missed_where_rulesets_guard_the_branch(github: FakeGithub) -> None:
    build_world(github)
    github.answer("repos/octo/app/deployments", [])
    github.answer("repos/octo/app/branches/main/protection", payload("protection"), status=403)
    assert list(look(github, None, "octo/app").missing) == []

    github.answer("repos/octo/app/rules/branches/main", [rule("deletion")])
    assert list(look(github, None, "octo/app").missing) == [
        "Administration: read (only where no ruleset guards the branch)"
    ]
