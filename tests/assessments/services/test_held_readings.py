"""A count that falls by more than half counts for nothing until somebody says that it is right, or it comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assessments.models import CriterionStatus, Measurement, Reading, Verdict
from assessments.services.measurements import (
    Confirmed,
    Held,
    Observed,
    Taken,
    confirm_readings,
    forget_source,
    take_measurements,
)
from teams.models import Team
from tests.factories import AT, make_team

pytestmark = pytest.mark.django_db
SOURCE = "connection:1"
RUNS, RATE = "ci.runs_30d", "ci.success_rate_30d"
DAY = timedelta(days=1)


@pytest.fixture
def team(maturity_model: Any) -> Team:
    return make_team("Forecasting")


def take(team: Team, at: Any = AT, *, source: str = SOURCE, external_id: str = "", **values: Any) -> Taken:
    """Signals by their names with __ for the dot; a text is a reason."""
    items = [
        Observed(
            name.replace("__", "."),
            None if isinstance(value, str) else value,
            at,
            reason=value if isinstance(value, str) else "",
            external_id=external_id,
        )
        for name, value in values.items()
    ]
    return take_measurements(team=team, source=source, items=items, at=at, by_name="Git", immediate=True)


def shown(source: str = SOURCE) -> set[int]:
    """What a page shows as held."""
    held = Reading.objects.filter(source=source, held_at__isnull=False)
    return set(held.values_list("latest_id", flat=True))


def confirm(team: Team, seen: set[int] | None = None) -> Confirmed:
    """Somebody says that it is right, having seen what is held or these measurements."""
    seen = shown() if seen is None else seen
    return confirm_readings(team=team, source=SOURCE, seen=seen, at=AT + 2 * DAY, by_name="Ada")


def standing(signal: str = RUNS) -> tuple[float | None, float | None, Any, Any]:
    """Latest value, good value, when it was good, since when it is held."""
    row = Reading.objects.select_related("latest", "good").get(signal=signal)
    return row.latest.value, row.good.value if row.good else None, row.read_at, row.held_at


@pytest.mark.parametrize(
    ("before", "now", "is_held"),
    [
        pytest.param(40, 19, True, id="less than half"),
        pytest.param(40, 0, True, id="nothing left"),
        pytest.param(40, 20, False, id="half"),
        pytest.param(10, 4, True, id="the smallest that is held"),
        pytest.param(9, 0, False, id="small counts go up and down"),
        pytest.param(40, 400, False, id="more"),
    ],
)
def test_what_is_held(team: Team, before: int, now: int, is_held: bool) -> None:
    take(team, ci__runs_30d=before)

    taken = take(team, AT + DAY, ci__runs_30d=now)

    assert [result.status for result in taken.results] == ["stored"]
    if is_held:
        assert taken.held == (Held(RUNS, float(before), float(now)),)
        assert standing() == (float(now), float(before), AT, AT + DAY)
    else:
        assert taken.held == ()
        assert standing() == (float(now), float(now), AT + DAY, None)


def test_it_is_stored_and_shown_and_stays_held_day_after_day(team: Team) -> None:
    take(team, ci__runs_30d=40)
    for day in range(1, 4):
        taken = take(team, AT + day * DAY, ci__runs_30d=0)
        assert taken.held == (Held(RUNS, 40.0, 0.0),)

    assert standing() == (0.0, 40.0, AT, AT + DAY)
    assert list(Measurement.objects.values_list("value", flat=True).order_by("pk")) == [40.0, 0.0]


def test_a_value_that_comes_back_ends_it_by_itself(team: Team) -> None:
    take(team, ci__runs_30d=40)
    take(team, AT + DAY, ci__runs_30d=0)

    assert take(team, AT + 2 * DAY, ci__runs_30d=40).held == ()

    assert standing() == (40.0, 40.0, AT + 2 * DAY, None)


def test_the_whole_group_waits_and_no_other(team: Team) -> None:
    """An empty list makes the share "too few to say" as well; that must not pass for knowledge either."""
    take(team, ci__runs_30d=40, ci__success_rate_30d=0.9, repo__code_files=30, repo__has_tests=True)

    taken = take(
        team,
        AT + DAY,
        ci__runs_30d=0,
        ci__success_rate_30d="insufficient_sample",
        repo__code_files=28,
        repo__has_tests=False,
    )

    assert taken.held == (Held(RUNS, 40.0, 0.0), Held(RATE, 0.9, None))
    assert standing(RATE) == (None, 0.9, AT, AT + DAY)
    assert standing("repo.has_tests") == (0.0, 0.0, AT + DAY, None)


def test_what_says_the_same_in_that_group_is_confirmed(team: Team) -> None:
    take(team, ci__runs_30d=40, ci__success_rate_30d=0.9)
    take(team, AT + DAY, ci__runs_30d=0, ci__success_rate_30d=0.9)

    assert standing(RATE) == (0.9, 0.9, AT + DAY, None)


def test_what_is_pushed_is_never_held(team: Team) -> None:
    take(team, ci__runs_30d=40, external_id="a", source="service:ci")
    assert take(team, AT + DAY, ci__runs_30d=0, external_id="b", source="service:ci").held == ()
    assert standing() == (0.0, 0.0, AT + DAY, None)


def test_another_sources_reading_is_not_compared_with(team: Team) -> None:
    take(team, ci__runs_30d=40)
    assert take(team, AT + DAY, ci__runs_30d=3, source="connection:2").held == ()


def test_while_it_cannot_be_read_there_is_nothing_to_confirm(team: Team) -> None:
    take(team, ci__runs_30d=40)
    take(team, AT + DAY, ci__runs_30d=0)
    take(team, AT + 2 * DAY, ci__runs_30d="unreachable")

    assert standing() == (None, 40.0, AT, None)
    assert confirm(team) == Confirmed(())


def test_confirming_makes_it_count_at_once(team: Team) -> None:
    take(team, ci__runs_30d=40)
    take(team, AT + DAY, ci__runs_30d=0)

    assert confirm(team) == Confirmed((RUNS,))
    assert standing() == (0.0, 0.0, AT + DAY, None)
    assert confirm(team) == Confirmed(())


def test_confirming_what_was_seen_confirms_nothing_that_was_read_since(team: Team) -> None:
    take(team, ci__runs_30d=40, repo__code_files=30)
    take(team, AT + DAY, ci__runs_30d=18, repo__code_files=3)
    seen = shown()
    take(team, AT + DAY, ci__runs_30d=0, repo__code_files=3)

    assert confirm(team, seen) == Confirmed(("repo.code_files",), (RUNS,))

    assert standing() == (0.0, 40.0, AT, AT + DAY)
    assert standing("repo.code_files") == (3.0, 3.0, AT + DAY, None)
    assert confirm(team) == Confirmed((RUNS,))


def test_read_again_with_the_same_value_is_what_was_seen(team: Team) -> None:
    take(team, ci__runs_30d=40)
    take(team, AT + DAY, ci__runs_30d=18)
    seen = shown()
    take(team, AT + 2 * DAY, ci__runs_30d=18)

    assert confirm(team, seen) == Confirmed((RUNS,))


def test_a_removed_source_has_nothing_to_confirm(team: Team) -> None:
    take(team, ci__runs_30d=40)
    take(team, AT + DAY, ci__runs_30d=0)
    forget_source(team=team, source=SOURCE, at=AT + DAY)

    assert confirm(team) == Confirmed(())


def test_verdict_and_status_stand_while_it_is_held_and_follow_when_it_is_confirmed(team: Team) -> None:
    """Even though everything here is `immediate`, as after "collect now"."""
    take(team, ci__runs_30d=40, ci__success_rate_30d=0.95)
    before = dict(Verdict.objects.values_list("criterion__slug", "verdict"))
    statuses = set(CriterionStatus.objects.filter(is_current=True).values_list("criterion__slug", "status"))
    assert "yes" in before.values()

    taken = take(team, AT + DAY, ci__runs_30d=0, ci__success_rate_30d="insufficient_sample")

    assert taken.overturned == ()
    assert dict(Verdict.objects.values_list("criterion__slug", "verdict")) == before
    assert statuses == set(
        CriterionStatus.objects.filter(is_current=True).values_list("criterion__slug", "status")
    )
    assert {row.read_on for row in Verdict.objects.all()} == {AT.date()}

    confirm(team)

    after = dict(Verdict.objects.values_list("criterion__slug", "verdict"))
    assert [name for name, verdict in before.items() if verdict == "yes" and after[name] == "yes"] == []
