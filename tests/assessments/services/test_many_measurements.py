"""Thousands at once: on PostgreSQL by COPY. The same rows as one by one, found again, nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Measurement, Reading
from assessments.services.measurement_rows import MANY
from assessments.services.measurements import Observed, record_measurements
from teams.models import Team
from tests.factories import AT, make_team

pytestmark = pytest.mark.django_db
COUNT = MANY + 50
FIELDS = [
    *("signal", "state", "value", "reason", "bound", "sample", "numerator", "denominator", "window_days"),
    *("observed_at", "received_at", "source", "external_id", "url", "detail"),
]


@pytest.fixture
def team(maturity_model: Any) -> Team:
    return make_team("Forecasting")


def items(count: int) -> list[Observed]:
    """Oldest first. Every third is a share with what it rests on, every fifth unknown; texts with what COPY would trip over."""
    found = []
    for number in range(count):
        at = AT - timedelta(minutes=count - number)
        if number % 5 == 0:
            item = Observed("ci.runs_30d", None, at, reason="unreachable", external_id=f"n{number}")
        elif number % 3 == 0:
            item = Observed(
                *("ci.success_rate_30d", 0.25, at),
                sample=4,
                numerator=1,
                denominator=4,
                external_id=f"n{number}",
                url="https://ci.example.org/\\N?a=b",
            )
        else:
            item = Observed(
                *("ci.runs_30d", number, at),
                bound="lower",
                external_id=f"n{number}",
                detail="a\ttab, a\nbreak, \\N and \\. and ü",
            )
        found.append(item)
    return found


def send(team: Team, sent: list[Observed], source: str) -> list[str]:
    results = record_measurements(team=team, source=source, items=sent, at=AT, by_name="CI", immediate=True)
    return [result.status for result in results]


def test_many_at_once_are_what_they_are_one_by_one(team: Team) -> None:
    sent = items(COUNT)
    assert send(team, sent, "service:many") == ["stored"] * COUNT
    for start in range(0, COUNT, 50):
        send(team, sent[start : start + 50], "service:few")

    many, few = (
        [
            {name: value for name, value in row.items() if name != "source"}
            for row in Measurement.objects.filter(source=source).values(*FIELDS).order_by("observed_at")
        ]
        for source in ("service:many", "service:few")
    )
    assert len(many) == COUNT
    assert many == few
    standings = [
        {
            (row.signal, row.latest.external_id, row.good.external_id if row.good else "", row.read_at)
            for row in Reading.objects.filter(source=source).select_related("latest", "good")
        }
        for source in ("service:many", "service:few")
    ]
    assert standings[0] == standings[1]
    assert len(standings[0]) == 2


def test_sent_again_writes_no_row_and_other_content_is_a_conflict(team: Team) -> None:
    send(team, items(COUNT), "service:many")
    readings = list(Reading.objects.values())

    assert send(team, items(COUNT), "service:many") == ["duplicate"] * COUNT

    assert Measurement.objects.count() == COUNT
    assert list(Reading.objects.values()) == readings
    changed = [
        Observed("ci.runs_30d", 7, item.observed_at, external_id=item.external_id) for item in items(COUNT)
    ]
    # "n7" says 7 in both, but as a lower bound there; shares are of another signal, so their key is free.
    shares = sum(item.signal == "ci.success_rate_30d" for item in items(COUNT))
    statuses = send(team, changed, "service:many")
    assert (statuses.count("conflict"), statuses.count("stored")) == (COUNT - shares, shares)


def test_the_same_key_twice_in_one_batch_is_one_row(team: Team) -> None:
    twice = [*items(COUNT), *items(COUNT)]
    assert send(team, twice, "service:many") == ["stored"] * COUNT + ["duplicate"] * COUNT
    assert Measurement.objects.count() == COUNT
