"""A changed value from the schedule waits for a second day; what a person asked for speaks at once (RULINGS 6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assessments.models import CriterionStatus, Verdict
from integrations.models import Collection
from tests.factories import AT
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db
SIGNAL, CRITERION = "repo.has_dependency_manifest", "environment.dependencies_listed"


def says(fake: FakeSystem, value: bool) -> None:
    fake.pages["/projects/churn"] = {"observations": {SIGNAL: value}}


def verdict() -> tuple[str, str]:
    one = Verdict.objects.get(criterion__slug=CRITERION)
    return one.verdict, one.pending_verdict


def statuses() -> list[tuple[str, str]]:
    rows = CriterionStatus.objects.filter(criterion__slug=CRITERION).order_by("since_at")
    return list(rows.values_list("status", "cause"))


def test_schedule_waits_for_a_second_day(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    make_source(connection)
    says(fake, True)
    collect(connection)
    says(fake, False)

    collect(connection, at=AT + timedelta(days=1))
    assert verdict() == ("yes", "no")
    assert statuses() == [("yes", "measurement")]

    collect(connection, at=AT + timedelta(days=2))
    assert verdict() == ("no", "")
    assert statuses() == [("yes", "measurement"), ("no", "measurement")]


def test_what_a_person_asked_for_speaks_at_once(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    make_source(connection)
    says(fake, True)
    collect(connection)
    says(fake, False)

    collect(connection, at=AT + timedelta(days=1), trigger=Collection.Trigger.NOW)

    assert verdict() == ("no", "")
