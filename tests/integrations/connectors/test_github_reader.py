"""Asking GitHub: budget, pages, what ends a collection; and what "Test connection" sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.connectors.common.unread import Unread
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.github.reader import Reader
from integrations.connectors.http import Failure, Http, SourceError
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import payload, row, workflow

ROWS = [{"id": n} for n in range(250)]


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        yield fake


@pytest.fixture
def http(github: FakeGithub) -> Iterator[Http]:
    with Http(github.url, policy=EgressPolicy.from_text(github.url)) as door:
        yield door


def test_listing_reads_all_pages_by_number(github: FakeGithub, http: Http) -> None:
    github.answer("list", {"total_count": 250, "jobs": ROWS}, key="jobs")
    listing = Reader(http).listing("list", key="jobs")
    assert ([found["id"] for found in listing.rows], listing.is_complete) == ([*range(250)], True)
    assert [asked.query["page"] for asked in github.asked] == ["1", "2", "3"]


def test_listing_stops_at_the_page_cap_and_says_so(github: FakeGithub, http: Http) -> None:
    github.answer("list", ROWS)
    listing = Reader(http).listing("list", max_pages=2)
    assert (len(listing.rows), listing.is_complete) == (200, False)
    with pytest.raises(Unread):
        Reader(http).whole("list", max_pages=2)


def test_listing_keeps_what_was_read_before_a_failure(github: FakeGithub, http: Http) -> None:
    github.answer("list", ROWS)
    github.answer("list", {"message": "x"}, status=404, page=3)
    listing = Reader(http).listing("list")
    assert (len(listing.rows), listing.is_complete) == (200, False)


def test_a_spent_budget_is_unread_and_asks_nothing_more(github: FakeGithub, http: Http) -> None:
    github.answer("thing", {})
    reader = Reader(http, budget=2)
    reader.get("thing")
    reader.get("thing")
    with pytest.raises(Unread) as caught:
        reader.get("thing")
    assert (caught.value.reason, reader.is_spent, len(github.asked)) == ("truncated", True, 2)


def test_trouble_of_the_server_is_asked_once_more_and_three_in_a_row_end_it(
    github: FakeGithub, http: Http
) -> None:
    github.answer("bad", {"message": "Server Error"}, status=502)
    reader = Reader(http)
    for _ in range(2):
        with pytest.raises(Unread) as caught:
            reader.get("bad")
        assert caught.value.reason == "unreachable"
    with pytest.raises(SourceError) as ended:
        reader.get("bad")
    assert ended.value.kind is Failure.UNAVAILABLE
    assert len(github.asked) == 6


def test_refused_and_absent_are_unauthorized_and_never_end_it(github: FakeGithub, http: Http) -> None:
    github.answer("no", {"message": "Resource not accessible"}, status=403)
    reader = Reader(http)
    for path in ("no", "gone", "no", "gone"):
        with pytest.raises(Unread) as caught:
            reader.get(path)
        assert caught.value.reason == "unauthorized"


@pytest.mark.parametrize("status", [429, 403])
def test_a_limit_ends_it_with_the_time_to_come_back(github: FakeGithub, http: Http, status: int) -> None:
    github.answer(
        "any",
        {"message": "You have exceeded a secondary rate limit"},
        status=status,
        headers={"Retry-After": "60"},
    )
    with pytest.raises(SourceError) as caught:
        Reader(http).get("any")
    assert caught.value.kind is Failure.RATE_LIMITED
    assert caught.value.retry_at is not None


def test_test_shows_identity_choices_and_what_stays_blind(github: FakeGithub) -> None:
    github.answer(
        "user",
        {**payload("user"), "login": "portal"},
        headers={"github-authentication-token-expiration": "2027-01-01"},
    )
    mine = row("user_repository", full_name="octo/app", default_branch="main", permissions={"admin": False})
    github.answer("user/repos", [mine])
    github.answer(
        "repos/octo/app/actions/workflows",
        {"total_count": 1, "workflows": [workflow(1, ".github/workflows/train.yml", "Train")]},
    )
    github.answer(
        "repos/octo/app/environments",
        {"total_count": 1, "environments": [{**payload("environment"), "name": "production"}]},
    )
    for path in ("commits", "pulls"):
        github.answer(f"repos/octo/app/{path}", [])
    github.answer("repos/octo/app/actions/runs", {"total_count": 0, "workflow_runs": []})
    github.answer("repos/octo/app/deployments", {"message": "Resource not accessible"}, status=403)
    connector, http = github.connector()
    with http:
        found = connector.test()
    assert found.identity == "portal"
    assert found.choices == {
        "repositories": ["octo/app"],
        "training_workflows": ["train.yml"],
        "production_environments": ["production"],
        "preproduction_environments": ["production"],
    }
    permissions = {permission.split(":")[0]: signals for permission, signals in found.missing.items()}
    assert set(permissions) == {"Deployments", "Administration"}
    assert permissions["Administration"] == ("repo.main_branch_guarded",)
    assert len(permissions["Deployments"]) == 10
    assert found.notes == ("The token ends on 2027-01-01.",)
    assert len(github.asked) <= 20


def test_test_with_a_refused_token_says_so(github: FakeGithub) -> None:
    github.answer("user", {"message": "Bad credentials"}, status=401)
    connector, http = github.connector()
    with http, pytest.raises(SourceError) as caught:
        connector.test()
    assert caught.value.kind is Failure.UNAUTHORIZED


def test_test_with_an_apps_token_finds_its_repositories(github: FakeGithub) -> None:
    github.answer("user", {"message": "Resource not accessible by integration"}, status=403)
    github.answer("user/repos", {"message": "Resource not accessible by integration"}, status=403)
    github.answer("installation/repositories", {"total_count": 0, "repositories": []})
    connector, http = github.connector()
    with http:
        found = connector.test()
    assert (found.identity, found.choices["repositories"]) == ("an app's token", [])
    assert found.notes == (
        "No repository is visible. A fine-grained token names the repositories that it may read.",
    )


def test_test_at_an_address_that_is_not_github_says_so(github: FakeGithub) -> None:
    connector, http = github.connector()
    with http, pytest.raises(SourceError) as caught:
        connector.test()
    assert caught.value.kind is Failure.NOT_FOUND
