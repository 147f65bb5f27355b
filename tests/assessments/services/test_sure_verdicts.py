"""A verdict that waits for a second day is not hurried by something else that is read or sent at once meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import Verdict, VerdictChange
from assessments.services.measurements import Observed, take_measurements
from teams.models import Team
from tests.factories import AT, make_team

pytestmark = pytest.mark.django_db
CRITERION = "build.main_green"
CONNECTION, OTHER, SERVICE = "connection:1", "connection:2", "service:x"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
READ: dict[str, Any] = {"ci__runs_30d": 30, "ci__success_rate_30d": 0.95}
# What the schedule read on the first day after, for the first time.
RED: dict[str, Any] = {"ci__runs_30d": 30, "ci__success_rate_30d": 0.4}


@pytest.fixture
def team(maturity_model: Any) -> Team:
    return make_team()


def take(
    team: Team, source: str, at: datetime, *, immediate: bool, bound: str = "exact", **values: Any
) -> None:
    """Signals by their names with __ for the dot; a text is a reason."""
    items = [
        Observed(
            name.replace("__", "."),
            None if isinstance(value, str) else value,
            at,
            reason=value if isinstance(value, str) else "",
            bound=bound if isinstance(value, float) else "exact",
            external_id="" if source.startswith("connection:") else f"{name} {at}",
            sample=30,
        )
        for name, value in values.items()
    ]
    take_measurements(team=team, source=source, items=items, at=at, by_name="x", immediate=immediate)


def verdict() -> tuple[str, str]:
    one = Verdict.objects.get(criterion__slug=CRITERION)
    return one.verdict, one.pending_verdict


@pytest.fixture
def waiting(team: Team) -> Team:
    """Green, then red on the schedule: "no" waits for a second day."""
    take(team, CONNECTION, AT, immediate=False, **READ)
    take(team, CONNECTION, AT + DAY, immediate=False, **RED)
    assert verdict() == ("yes", "no")
    return team


def test_a_push_of_another_signal_is_no_second_reading(waiting: Team) -> None:
    take(waiting, SERVICE, AT + DAY + HOUR, immediate=True, ci__runs_30d=5)
    assert verdict() == ("yes", "no")

    # What was pushed once need not be pushed again for the schedule to be believed.
    take(waiting, CONNECTION, AT + 2 * DAY, immediate=False, **RED)
    assert verdict() == ("no", "")


def test_a_collection_now_that_could_not_read_what_moved_is_no_second_reading(waiting: Team) -> None:
    at = AT + DAY + HOUR
    take(waiting, CONNECTION, at, immediate=True, ci__runs_30d=30, ci__success_rate_30d="unreachable")
    assert verdict() == ("yes", "no")


def test_nor_is_one_of_another_connection(waiting: Team) -> None:
    take(waiting, OTHER, AT + DAY + HOUR, immediate=True, ci__runs_30d=12)
    assert verdict() == ("yes", "no")


def test_nor_is_one_that_read_a_part_and_tells_less(waiting: Team) -> None:
    at = AT + DAY + HOUR
    take(waiting, CONNECTION, at, immediate=True, bound="lower", ci__runs_30d=30, ci__success_rate_30d=0.1)
    assert verdict() == ("yes", "no")


def test_a_collection_now_that_read_it_is_believed_at_once(waiting: Team) -> None:
    take(waiting, CONNECTION, AT + DAY + HOUR, immediate=True, **RED)

    assert verdict() == ("no", "")
    change = VerdictChange.objects.exclude(before="").get()
    assert (change.before, change.after, change.how) == ("yes", "no", VerdictChange.How.NOW)


def test_a_push_of_what_moved_is_believed_at_once(team: Team) -> None:
    take(team, SERVICE, AT, immediate=True, **READ)
    take(team, SERVICE, AT + DAY, immediate=True, **RED)

    assert verdict() == ("no", "")
