"""While a drop waits for a person, what was read of versions before stands: facts, joined shares and the trace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Reading, Verdict
from integrations.models import Collection, Connection, Source, SourceFact
from integrations.queries.trace import trace_of
from integrations.services import joins
from integrations.services.confirming import confirm_drop
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem
from tests.integrations.services.test_joins import GIT, REGISTRY, SHA_A, joined, later, training, version

pytestmark = pytest.mark.django_db
COUNTS = {**REGISTRY["observations"], "mlflow.production_versions": 12, "mlflow.versions_90d": 40}
FULL = {**REGISTRY, "observations": COUNTS}
EMPTY = {
    "observations": {**COUNTS, "mlflow.production_versions": 0, "mlflow.versions_90d": 0},
    "facts": [],
}
TITLES = ["churn version 2", "churn version 3", "churn version 4"]


@pytest.fixture
def team(maturity_model: Any) -> Team:
    return make_team()


@pytest.fixture
def registry(fake: FakeSystem, team: Team) -> Connection:
    fake.pages["/projects/models"] = FULL
    connection = make_connection(fake, kind="fakeregistry", name="Registry")
    make_source(connection, team, options={"project": "models"})
    return connection


@pytest.fixture
def git(fake: FakeSystem, team: Team) -> Connection:
    fake.pages["/projects/code"] = GIT
    connection = make_connection(fake, name="Git")
    make_source(connection, team, options={"project": "code"})
    return connection


def good() -> dict[str, tuple[float | None, str]]:
    rows = Reading.objects.filter(signal__in=joins.JOINED).select_related("good")
    return {row.signal: (row.good.value, row.good.reason) for row in rows if row.good is not None}


def titles(team: Team) -> list[str]:
    return [one.title for one in trace_of(team).versions]


def test_an_empty_registry_takes_nothing_with_it(
    fake: FakeSystem, team: Team, registry: Connection, git: Connection
) -> None:
    collect(registry)
    collect(git, at=later(1))
    before, verdicts = good(), list(Verdict.objects.order_by("pk").values_list("verdict", flat=True))
    assert before[joins.FROM_CI] == (0.5, "")
    fake.pages["/projects/models"] = EMPTY

    collect(registry, at=AT + timedelta(days=1), trigger=Collection.Trigger.NOW)
    # Nor does the other side speak for it.
    collect(git, at=AT + timedelta(days=1, minutes=1), trigger=Collection.Trigger.NOW)

    assert good() == before
    assert joined(registry)[joins.FROM_CI] == (0.5, "", 2, 4)
    assert list(Verdict.objects.order_by("pk").values_list("verdict", flat=True)) == verdicts
    assert titles(team) == TITLES
    assert trace_of(team).note == (
        "This was read before. The newest reading of the registry fell by more than half and waits for somebody to say that "
        "it is right."
    )


def test_once_somebody_says_that_it_is_right_the_next_collection_drops_them(
    fake: FakeSystem, team: Team, registry: Connection, git: Connection
) -> None:
    collect(registry)
    collect(git, at=later(1))
    fake.pages["/projects/models"] = EMPTY
    collect(registry, at=later(2))
    confirm_drop(
        source=Source.objects.get(connection=registry),
        seen=set(Reading.objects.filter(held_at__isnull=False).values_list("latest_id", flat=True)),
        by=None,
        at=later(3),
    )
    collect(git, at=later(4))
    # What is known of versions is older than what counts now: it is joined with nothing.
    assert joined(registry)[joins.FROM_CI] == (0.5, "", 2, 4)

    collect(registry, at=later(5))

    assert joined(registry) == dict.fromkeys(joins.JOINED, (None, "insufficient_sample", 0, 0))
    assert (titles(team), trace_of(team).note) == ([], "")


def test_a_version_keeps_the_day_it_went_live_through_an_empty_reading(
    fake: FakeSystem, registry: Connection
) -> None:
    waiting, live = version("churn/1", SHA_A, 100), version("churn/1", SHA_A, 100, is_live=True)
    blind = {**EMPTY, "facts": [waiting]}
    for minute, page in enumerate(
        ({**FULL, "facts": [waiting]}, {**FULL, "facts": [live]}, EMPTY, blind, {**FULL, "facts": [live]})
    ):
        fake.pages["/projects/models"] = page
        collect(registry, at=later(minute * 60))

    fact = SourceFact.objects.get()
    assert fact.live_since_at is not None
    assert (fact.is_live, fact.live_since_at.replace(second=0)) == (True, later(60))


def test_nobody_says_when_a_version_went_live_that_did_so_while_a_drop_was_held(
    fake: FakeSystem, registry: Connection
) -> None:
    waiting, live = version("churn/1", SHA_A, 100), version("churn/1", SHA_A, 100, is_live=True)
    for minute, page in enumerate(({**FULL, "facts": [waiting]}, EMPTY, {**FULL, "facts": [live]})):
        fake.pages["/projects/models"] = page
        collect(registry, at=later(minute * 60))

    fact = SourceFact.objects.get()
    assert (fact.is_live, fact.live_since_at) == (True, None)


def test_a_held_drop_of_ci_judges_no_version(fake: FakeSystem, registry: Connection, git: Connection) -> None:
    """The list of CI came back empty; the version that was made since may well have come out of it."""
    collect(git)
    collect(registry, at=later(1))
    fake.pages["/projects/models"] = {**FULL, "facts": [*FULL["facts"], version("churn/5", SHA_A, -1)]}
    collect(registry, at=later(120))
    assert joined(registry)[joins.FROM_CI] == (0.4, "", 2, 5)
    fake.pages["/projects/code"] = {
        **GIT,
        "observations": {**GIT["observations"], "ci.runs_30d": 0},
        "facts": [],
    }
    collect(git, at=later(180))
    reading = Reading.objects.select_related("latest").get(signal=joins.FROM_CI)
    assert (reading.latest.bound, reading.tried_at.replace(second=0)) == ("lower", later(120))

    fake.pages["/projects/code"] = {**GIT, "facts": [*GIT["facts"], training("5", SHA_A, -1)]}
    collect(git, at=later(240))
    assert joined(registry)[joins.FROM_CI] == (0.6, "", 3, 5)
