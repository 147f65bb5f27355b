"""Signals that join a model registry with repositories and CI: worked out from small facts of two systems."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from assessments.models import Measurement, Reading
from integrations.models import Connection, SourceFact
from integrations.services import joins
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db

SHA_A, SHA_B, SHA_C = "a" * 40, "b" * 40, "c" * 40


def moment(hours_ago: float) -> str:
    return (AT - timedelta(hours=hours_ago)).isoformat()


def version(key: str, sha: str, hours_ago: float, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "version",
        "key": key,
        "sha": sha,
        "happened_at": moment(hours_ago),
        "started_at": moment(hours_ago + 1),
        "finished_at": moment(hours_ago + 0.5),
        **fields,
    }


def training(key: str, sha: str, hours_ago: float) -> dict[str, Any]:
    """A CI run that starts 1 h 2 min before and ends 28 min before: the version's run fits with grace at the start."""
    return {
        "kind": "training_run",
        "key": key,
        "sha": sha,
        "happened_at": moment(hours_ago),
        "started_at": moment(hours_ago + 59 / 60),
        "finished_at": moment(hours_ago + 28 / 60),
    }


VERSIONS = [
    version("churn/1", SHA_A, 100),
    version("churn/2", SHA_A, 50, is_live=True, has_digest=True),
    version("churn/3", SHA_B, 20, is_live=True, has_digest=True),
    version("churn/4", "", 10, is_live=True),
]
REGISTRY: dict[str, Any] = {
    "observations": {
        "mlflow.production_versions": 3,
        "mlflow.versions_90d": 4,
        "mlflow.production_from_notebook_share": 0.0,
        "mlflow.versions_with_run_share": 1.0,
    },
    "facts": VERSIONS,
}
GIT: dict[str, Any] = {
    "observations": {"repo.connected": True, "ci.runs_30d": 20, "ci.training_runs_90d": 2},
    "facts": [training("1", SHA_A, 100), training("2", SHA_A, 50), training("3", SHA_B, 60)],
    "commits": [SHA_A],
}


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


@pytest.fixture
def registry(fake: FakeSystem, team: Team) -> Connection:
    fake.pages["/projects/models"] = REGISTRY
    connection = make_connection(fake, kind="fakeregistry", name="Registry")
    make_source(connection, team, options={"project": "models"})
    return connection


@pytest.fixture
def git(fake: FakeSystem, team: Team) -> Connection:
    fake.pages["/projects/code"] = GIT
    connection = make_connection(fake, name="Git")
    make_source(connection, team, options={"project": "code"})
    return connection


def joined(connection: Connection) -> dict[str, tuple[float | None, str, float | None, float | None]]:
    readings = Reading.objects.filter(source=connection.measurement_source, signal__in=joins.JOINED)
    return {
        r.signal: (r.latest.value, r.latest.reason, r.latest.numerator, r.latest.denominator)
        for r in readings.select_related("latest")
    }


def later(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_without_another_side_all_three_are_not_configured(registry: Connection) -> None:
    collect(registry)

    assert joined(registry) == dict.fromkeys(joins.JOINED, (None, "not_configured", None, None))


def test_both_sides_read_give_the_shares_worked_out_by_hand(registry: Connection, git: Connection) -> None:
    collect(registry)
    collect(git, at=later(1))

    assert joined(registry) == {
        # churn/1 and churn/2 lie in runs 1 and 2 with their commit; churn/3's run is of another time, churn/4 has no commit.
        joins.FROM_CI: (0.5, "", 2, 4),
        # Of the live 2, 3 and 4 only 2 has a commit that the repository has: it was asked for SHA_B and did not have it.
        joins.WITH_COMMIT: (1 / 3, "", 1, 3),
        joins.LINEAGE: (1 / 3, "", 1, 3),
    }


def test_commit_that_no_repository_was_asked_about_is_no_answer_yet(
    registry: Connection, git: Connection
) -> None:
    collect(git)
    Connection.objects.filter(pk=git.pk).update(next_due_at=AT + timedelta(hours=6), asked_at=None)

    collect(registry, at=later(1))

    assert set(joined(registry)) == {joins.FROM_CI}
    # The repository is asked soon, not at its next regular time.
    git.refresh_from_db()
    assert git.next_due_at <= later(2)
    collect(git, at=later(2))
    assert joined(registry)[joins.WITH_COMMIT] == (1 / 3, "", 1, 3)


def test_unreachable_repository_makes_the_shares_unknown_and_keeps_the_good_ones(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    collect(registry)
    collect(git, at=later(1))
    good = dict(Reading.objects.filter(signal__in=joins.JOINED).values_list("signal", "good_id"))
    fake.status = 503

    collect(git, at=later(60))

    assert joined(registry) == dict.fromkeys(joins.JOINED, (None, "unreachable", None, None))
    assert dict(Reading.objects.filter(signal__in=joins.JOINED).values_list("signal", "good_id")) == good


def test_registry_that_cannot_be_read_gives_its_own_reason(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    collect(git)
    fake.status = 401

    collect(registry, at=later(1))

    assert joined(registry) == dict.fromkeys(joins.JOINED, (None, "unauthorized", None, None))


def test_lost_run_makes_what_rests_on_it_unknown(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    fake.pages["/projects/models"] = {
        **REGISTRY,
        "observations": {
            **REGISTRY["observations"],
            "mlflow.production_from_notebook_share": "run_not_found",
        },
    }
    collect(git)
    collect(registry, at=later(1))

    found = joined(registry)
    assert (found[joins.WITH_COMMIT][1], found[joins.LINEAGE][1]) == ("run_not_found", "run_not_found")
    assert found[joins.FROM_CI] == (0.5, "", 2, 4)


def test_training_that_is_not_named_leaves_only_the_ci_share_unknown(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    fake.pages["/projects/code"] = {
        **GIT,
        "facts": [],
        "observations": {**GIT["observations"], "ci.training_runs_90d": "not_configured"},
    }
    collect(registry)
    collect(git, at=later(1))

    found = joined(registry)
    assert found[joins.FROM_CI] == (None, "not_configured", None, None)
    assert found[joins.WITH_COMMIT] == (1 / 3, "", 1, 3)


def test_nothing_live_is_too_small_a_sample_never_zero(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    fake.pages["/projects/models"] = {
        **REGISTRY,
        "facts": [],
        "observations": {
            **REGISTRY["observations"],
            "mlflow.production_versions": 0,
            "mlflow.versions_90d": 0,
        },
    }
    collect(git)
    collect(registry, at=later(1))

    assert joined(registry) == dict.fromkeys(joins.JOINED, (None, "insufficient_sample", 0, 0))


def test_version_that_lost_its_alias_counts_no_more(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    collect(registry)
    collect(git, at=later(1))
    fake.pages["/projects/models"] = {**REGISTRY, "facts": VERSIONS[:2]}

    collect(registry, at=later(2))

    assert joined(registry)[joins.WITH_COMMIT] == (1.0, "", 1, 1)
    assert sorted(SourceFact.objects.filter(kind="version").values_list("key", flat=True)) == [
        "churn/1",
        "churn/2",
    ]


def test_facts_of_another_team_are_not_joined(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    other = make_team()
    make_source(registry, other, options={"project": "models"})

    collect(registry)
    collect(git, at=later(1))

    values = {m.reason for m in Measurement.objects.filter(team=other, signal__in=joins.JOINED)}
    assert values == {"not_configured"}


def test_unchanged_facts_are_not_written_again(
    registry: Connection, git: Connection, django_assert_max_num_queries: Any
) -> None:
    collect(git)
    collect(registry, at=later(1))
    before = list(SourceFact.objects.order_by("pk").values())
    stored = Measurement.objects.count()

    (run,) = collect(registry, at=later(2))

    assert list(SourceFact.objects.order_by("pk").values()) == before
    assert (run.fact_count, run.stored_count, Measurement.objects.count()) == (4, 0, stored)


def test_run_that_could_not_be_read_leaves_the_ci_share_unknown(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    """Its version has a commit all the same: counted as one without, the share would be too low."""
    fake.pages["/projects/models"] = {
        **REGISTRY,
        "observations": {**REGISTRY["observations"], "mlflow.versions_with_run_share": "unauthorized"},
    }
    collect(git)
    collect(registry, at=later(1))

    assert joined(registry)[joins.FROM_CI] == (None, "unauthorized", None, None)


def test_run_fits_with_five_minutes_of_grace_and_not_a_second_more(
    registry: Connection, git: Connection, fake: FakeSystem
) -> None:
    """churn/1 ran from 101 to 100.5 hours ago."""
    second = 1 / 3600
    fake.pages["/projects/models"] = {**REGISTRY, "facts": VERSIONS[:1]}
    minutes = count(1)

    def share_of(starts: float, ends: float) -> float | None:
        fact = {**training("1", SHA_A, 100), "started_at": moment(starts), "finished_at": moment(ends)}
        fake.pages["/projects/code"] = {**GIT, "facts": [fact]}
        collect(git, at=later(next(minutes)))
        return joined(registry)[joins.FROM_CI][0]

    collect(registry)
    assert share_of(101 - 5 / 60, 100.5 + 5 / 60) == 1.0
    assert share_of(101 - 5 / 60 - second, 100.5 + 5 / 60) == 0.0
    assert share_of(101 - 5 / 60, 100.5 + 5 / 60 + second) == 0.0
