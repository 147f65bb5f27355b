"""Whether GitHub guards the default branch: rulesets and classic protection, and what is said where one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors.base import Observation, Question
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.integrations.connectors.observed import by_signal

pytestmark = pytest.mark.slow


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        yield fake


def guarded(fake: FakeGithub) -> Observation:
    connector, http = fake.connector()
    with http:
        found = connector.collect(Question(until=UNTIL, options=OPTIONS))
    return by_signal(found)["repo.main_branch_guarded"]


def test_nothing_found_on_the_branch_is_unknown_not_unguarded(github: FakeGithub) -> None:
    build_world(github)
    github.answer(
        "repos/octo/training/branches/main/protection", {"message": "Branch not protected"}, status=404
    )
    found = guarded(github)
    assert (found.value, found.reason) == (None, "unauthorized")


@pytest.mark.parametrize(
    ("answer", "status", "why"),
    [
        ({"message": "no"}, 500, "in trouble (HTTP 500)"),
        ({"message": "no"}, 403, "does not show this to the credential"),
        ({"rules": "of another form"}, 200, "not a list of rows"),
    ],
)
def test_rules_that_could_not_be_read_are_not_no_rules(
    github: FakeGithub, answer: Any, status: int, why: str
) -> None:
    """What classic protection does not ask for, a ruleset may."""
    build_world(github)
    partial = {"required_status_checks": {"contexts": ["ci"]}}
    github.answer("repos/octo/training/branches/main/protection", partial)
    github.answer("repos/octo/training/rules/branches/main", answer, status=status)
    found = guarded(github)
    assert (found.value, why in found.detail) == (None, True), found.detail


def test_a_server_without_rulesets_has_classic_protection_alone(github: FakeGithub) -> None:
    build_world(github)
    partial = {"required_status_checks": {"contexts": ["ci"]}}
    github.answer("repos/octo/training/rules/branches/main", {"message": "Not Found"}, status=404)
    assert guarded(github).value is True
    github.answer("repos/octo/training/branches/main/protection", partial)
    found = guarded(github)
    assert (found.value, found.bound) == (False, "exact")


def test_protection_that_is_in_trouble_is_not_said_to_be_for_administrators(github: FakeGithub) -> None:
    build_world(github)
    github.answer("repos/octo/training/branches/main/protection", {"message": "no"}, status=500)
    found = guarded(github)
    assert (found.value, "in trouble (HTTP 500)" in found.detail) == (None, True), found.detail
