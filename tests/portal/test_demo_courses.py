"""The made-up teams before any row is written: they repeat, they fit the real rules, they show the cases they should."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from assessments.catalog.shipped import SHIPPED_FILE, shipped_model
from assessments.scoring import SIGNAL_VALID_DAYS, CapabilityState, Flag
from assessments.vocabulary import SIGNALS, Reason
from mlops_portal.demo.model import describe
from mlops_portal.demo.names import LONGEST_NAME, team_name, unit_name
from mlops_portal.demo.plots import EVERY_TWENTY, Story, Window, make_team
from mlops_portal.demo.signals import SHAPES, observe
from mlops_portal.demo.stream import stream
from mlops_portal.demo.told import Order, Told, tell

WINDOW = Window(26, date(2026, 11, 24))
ORDER = Order(SHIPPED_FILE.read_bytes(), WINDOW, seed=1)


@pytest.fixture(scope="module")
def told() -> dict[Story, Told]:
    """One team of each story."""
    return {story: tell(ORDER, index) for index, story in enumerate(EVERY_TWENTY)}


def test_course_repeats_and_another_seed_differs() -> None:
    first, again = tell(ORDER, 3), tell(ORDER, 3)
    other = tell(Order(ORDER.content, WINDOW, seed=2), 3)

    assert (first.course, first.weeks, first.final) == (again.course, again.weeks, again.final)
    assert first.course.observations != other.course.observations


def test_token_lost_leaves_stale_signals_and_changes_no_verdict(told: dict[Story, Told]) -> None:
    course = told[Story.TOKEN_LOST].course
    lost = [name for name, reading in course.readings.items() if reading.read_on != WINDOW.today]

    assert lost
    assert {name.partition(".")[0] for name in lost} == {"repo", "ci", "deploy"}
    read_on = {course.readings[name].read_on for name in lost}
    assert all(day is not None and (WINDOW.today - day).days > SIGNAL_VALID_DAYS for day in read_on)
    assert {course.observations[course.readings[name].latest].seen.reason for name in lost} == {
        "unauthorized"
    }
    final = told[Story.TOKEN_LOST].final
    assert final is not None
    assert any(Flag.SIGNAL_STALE in result.flags for result in final.statuses.values())


def test_disputed_team_claims_more_than_is_measured(told: dict[Story, Told]) -> None:
    final = told[Story.DISPUTED].final

    assert final is not None
    assert final.disputed
    assert not final.stale


def test_not_applicable_team_has_capabilities_that_do_not_apply(told: dict[Story, Told]) -> None:
    final = told[Story.NOT_APPLICABLE].final

    assert final is not None
    states = Counter(result.state for result in final.capabilities.values())
    assert states[CapabilityState.NOT_APPLICABLE] >= 1


def test_drop_lowers_capabilities_that_stood_higher(told: dict[Story, Told]) -> None:
    history: dict[str, list[int]] = {}
    for _, name, numbers in told[Story.DROP].course.history:
        history.setdefault(name, []).append(numbers.level or 0)

    fallen = {name for name, levels in history.items() if max(levels) - levels[-1] >= 1}
    assert len(fallen) >= 3


def test_silent_team_has_answers_that_lapsed_by_time(told: dict[Story, Told]) -> None:
    course = told[Story.SILENT].course

    assert (WINDOW.today - course.submissions[-1].published_on).days > 365
    assert any(
        change.cause == "time" and Flag.ANSWER_EXPIRED in change.result.flags for change in course.statuses
    )


def test_signals_alone_give_numbers_and_a_new_team_has_none(told: dict[Story, Told]) -> None:
    assert told[Story.SIGNALS_ONLY].final is not None
    assert told[Story.SIGNALS_ONLY].course.submissions == []
    assert told[Story.NEW].final is None
    assert told[Story.NEW].weeks == ()


def test_last_week_is_todays_standing(told: dict[Story, Told]) -> None:
    for one in told.values():
        if one.final is None:
            continue
        last = one.weeks[-1]
        assert last.week_on == WINDOW.week_ends[-1] >= WINDOW.today
        assert (last.verified, last.level, last.potential) == (
            one.final.team.verified,
            one.final.team.level,
            one.final.team.potential,
        )


def test_a_fifth_of_what_could_be_measured_is_not() -> None:
    model = describe(shipped_model())
    teams = [make_team(model.file, WINDOW, seed=1, index=index) for index in range(400)]
    ordinary = [team for team in teams if team.story is Story.ORDINARY]
    possible = [signal for signal in SHAPES if not signal.startswith(("monitoring", "serving", "repo"))]

    measured = sum(signal in team.signals for team in ordinary for signal in possible)
    assert 0.75 < measured / (len(possible) * len(ordinary)) < 0.85


def test_levels_spread_over_the_scale() -> None:
    model = describe(shipped_model())
    teams = [make_team(model.file, WINDOW, seed=1, index=index) for index in range(300)]
    levels = [level for team in teams for level in team.levels.values()]

    assert {0, 1, 2, 3} <= {int(level) for level in levels if 0 <= level < 4}


def test_every_observation_is_one_that_the_vocabulary_allows() -> None:
    for step in range(9):
        seen = observe(tuple(SHAPES), dict.fromkeys(SHAPES, step / 2), stream("any", step))
        for one in seen:
            signal = SIGNALS[one.signal]
            if one.value is None:
                assert Reason(one.reason) in signal.reasons
            elif signal.unit.value == "share":
                assert 0 <= one.value <= 1
            elif signal.unit.value == "count":
                assert one.value == int(one.value) >= 0
            elif signal.unit.value == "bool":
                assert isinstance(one.value, bool)


def test_team_names_reach_120_characters_and_leave_ascii() -> None:
    names = [team_name(index) for index in range(60)]

    assert max(len(name) for name in names) == LONGEST_NAME == 120
    assert len(set(names)) == 60
    assert any(not name.isascii() for name in names)
    assert len({unit_name(index) for index in range(40)}) == 40
