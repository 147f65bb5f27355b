"""A version that CI was not read after is judged by nobody: the share is at least so much, never less than it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Reading, Verdict
from integrations.models import Collection, Connection
from integrations.services import joins
from integrations.services.connections import pause_connection
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem
from tests.integrations.services.test_joins import (
    GIT,
    REGISTRY,
    SHA_A,
    SHA_B,
    later,
    moment,
    training,
    version,
)

pytestmark = pytest.mark.django_db
CRITERION = "training.registers_result"
OLD = [version(f"churn/{number}", SHA_A, 50 - number) for number in range(4)]


@pytest.fixture
def team(maturity_model: Any) -> Team:
    return make_team()


@pytest.fixture
def git(fake: FakeSystem, team: Team) -> Connection:
    fake.pages["/projects/code"] = {**GIT, "facts": [training(str(n), SHA_A, 50 - n) for n in range(4)]}
    connection = make_connection(fake, name="Git")
    make_source(connection, team, options={"project": "code"})
    return connection


@pytest.fixture
def registry(fake: FakeSystem, team: Team) -> Connection:
    connection = make_connection(fake, kind="fakeregistry", name="Registry")
    make_source(connection, team, options={"project": "models"})
    tells(fake)
    return connection


def tells(fake: FakeSystem, *more: dict[str, Any]) -> None:
    fake.pages["/projects/models"] = {
        "observations": {**REGISTRY["observations"], "mlflow.versions_90d": len(OLD) + len(more)},
        "facts": [*OLD, *more],
    }


def share() -> tuple[float | None, str, str]:
    """Value, bound and words of the newest reading."""
    latest = Reading.objects.select_related("latest").get(signal=joins.FROM_CI).latest
    return latest.value, latest.bound, latest.detail


def good() -> float | None:
    reading = Reading.objects.select_related("good").get(signal=joins.FROM_CI)
    assert reading.good is not None
    return reading.good.value


def test_ci_that_was_not_read_for_weeks_lowers_nothing(
    fake: FakeSystem, git: Connection, registry: Connection
) -> None:
    collect(git)
    collect(registry, at=later(1))
    assert share() == (1.0, "exact", "4 of 4 versions")
    before = Verdict.objects.get(criterion__slug=CRITERION).verdict
    pause_connection(connection=git, reason="Moving.", by=None, at=later(2))
    tells(fake, *(version(f"churn/1{n}", SHA_B, -24 * 20 + 2 + n) for n in range(4)))

    collect(registry, at=AT + timedelta(days=20), trigger=Collection.Trigger.NOW)

    assert share() == (0.5, "lower", "4 of 8 versions, 4 too new to judge")
    assert good() == 1.0
    assert (before, Verdict.objects.get(criterion__slug=CRITERION).verdict) == ("yes", "yes")


def test_once_ci_was_read_again_they_are_judged(
    fake: FakeSystem, git: Connection, registry: Connection
) -> None:
    collect(git)
    tells(fake, version("churn/10", SHA_B, -1), version("churn/11", SHA_B, -1))
    collect(registry, at=later(120))
    assert share() == (4 / 6, "lower", "4 of 6 versions, 2 too new to judge")

    collect(git, at=later(121))
    assert share() == (4 / 6, "exact", "4 of 6 versions")


def test_version_without_a_commit_needs_no_ci_to_be_judged(
    fake: FakeSystem, git: Connection, registry: Connection
) -> None:
    collect(git)
    tells(fake, version("churn/10", "", -1))

    collect(registry, at=later(120))

    assert share() == (4 / 5, "exact", "4 of 5 versions")


def test_run_of_ci_that_may_still_be_going_on_is_no_no(
    fake: FakeSystem, git: Connection, registry: Connection
) -> None:
    """Runs of CI take 31 minutes here, and clocks differ by 5: after 35 minutes one that made a version may go on."""
    tells(fake, version("churn/10", SHA_B, -0.5))
    collect(registry)
    collect(git, at=later(35))
    assert share() == (4 / 5, "lower", "4 of 5 versions, 1 too new to judge")

    collect(git, at=later(37))
    assert share() == (4 / 5, "exact", "4 of 5 versions")


def test_run_that_had_not_ended_when_the_registry_was_read_is_no_no(
    fake: FakeSystem, git: Connection, registry: Connection
) -> None:
    """It began 10 minutes into the run of CI that made churn/3, with its commit."""
    tells(fake, {**version("churn/10", SHA_A, 46), "started_at": moment(47.8), "finished_at": None})
    collect(git)
    collect(registry, at=later(1))

    assert share() == (4 / 5, "lower", "4 of 5 versions, 1 too new to judge")
