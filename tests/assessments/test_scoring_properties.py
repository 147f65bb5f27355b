"""The invariants at the end of SCORING.md, each against whatever hypothesis can think of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.lapse import valid_until
from assessments.rules import All, Bound, Comparison, Reading, Rule, Verdict, decide
from assessments.rules import Any as AnyOf
from assessments.scoring import (
    NOTHING_APPLIES,
    AutoVerdict,
    CapabilityResult,
    CapabilityState,
    CriterionInput,
    EvidenceFact,
    LeveledStatus,
    OverrideFact,
    OwnAnswer,
    Status,
    Support,
    TeamStanding,
    rollup,
    score_capability,
    score_criterion,
    score_org,
    score_team,
    two_decimals,
)

# The same examples on every machine and every run, and no clock: a slow machine fails nothing.
settings.register_profile(
    "portal",
    derandomize=True,
    deadline=None,
    max_examples=120,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
portal = settings.get_profile("portal")
pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 22)
NUMBERS = ("verified", "level", "potential", "score", "known")
SUPPORTS = [s for s in Support if s is not Support.NONE]

outcomes = st.one_of(
    st.tuples(st.just(Status.YES), st.sampled_from(SUPPORTS)),
    st.tuples(st.just(Status.NO), st.sampled_from([Support.CLAIMED, Support.MEASURED, Support.REVIEWED])),
    st.just((Status.UNKNOWN, Support.NONE)),
    st.just((Status.NA, Support.REVIEWED)),
)
criteria = st.builds(lambda level, outcome: LeveledStatus(level, *outcome), st.integers(1, 4), outcomes)
capabilities = st.lists(criteria, max_size=8)
teams = st.dictionaries(
    st.sampled_from(["people", "creation", "release", "integration", "operations"]),
    st.dictionaries(st.text("abcdef", min_size=1, max_size=2), capabilities, max_size=4),
    min_size=1,
    max_size=5,
)
Team = dict[str, dict[str, list[LeveledStatus]]]


def at_least(after: Any, before: Any) -> bool:
    """Whether no number fell. Where nothing applies there is nothing to fall from or to."""
    return all(
        (getattr(after, name) is None) == (getattr(before, name) is None)
        and (getattr(after, name) is None or getattr(after, name) >= getattr(before, name))
        for name in NUMBERS
        if hasattr(before, name)
    )


def score(team: Team):
    return score_team(
        {
            dimension: {name: score_capability(rows) for name, rows in inside.items()}
            for dimension, inside in team.items()
        }
    )


def single_changes(
    team: Team, wanted: set[Status], into: LeveledStatus
) -> Iterator[tuple[LeveledStatus, Team]]:
    """Each criterion of the team that stands at one of `wanted`, with the team in which it alone became `into`."""
    for dimension, inside in team.items():
        for name, rows in inside.items():
            for index, row in enumerate(rows):
                if row.status in wanted:
                    changed = [*rows]
                    changed[index] = replace(into, level=row.level)
                    yield row, {**team, dimension: {**inside, name: changed}}


@portal
@given(capabilities)
def test_verified_level_potential_ceiling_are_in_order(rows):
    result: Any = score_capability(rows)  # Any: what applies has numbers
    if result.state is CapabilityState.NOT_APPLICABLE:
        assert result == NOTHING_APPLIES
        return

    assert 0 <= result.verified <= result.level <= result.potential <= result.ceiling <= 4
    assert result.level <= result.score <= result.ceiling
    assert 0 <= result.known <= result.applicable
    assert result.complete is (result.level == result.ceiling)
    assert (result.state is CapabilityState.UNASSESSED) is (result.known == 0)


@portal
@given(teams)
def test_team_and_dimensions_are_in_order(team):
    result = score(team)
    for three in (result, *result.dimensions.values()):
        if three.level is not None:
            assert 0 <= three.verified <= three.level <= three.potential <= 4


@portal
@given(teams, st.sampled_from(SUPPORTS))
def test_turning_no_or_unknown_into_yes_lowers_nothing(team, support):
    before = score(team)
    for _, changed in single_changes(
        team, {Status.NO, Status.UNKNOWN}, LeveledStatus(1, Status.YES, support)
    ):
        after = score(changed)
        assert at_least(after, before)
        assert after.strict_level >= before.strict_level
        assert after.coverage >= before.coverage
        assert all(
            at_least(after.dimensions[name], three)
            for name, three in before.dimensions.items()
            if three.level is not None
        )


@portal
@given(capabilities, st.sampled_from(SUPPORTS))
def test_turning_no_or_unknown_into_yes_lowers_no_capability(rows, support):
    before = score_capability(rows)
    for index, row in enumerate(rows):
        if row.status in (Status.NO, Status.UNKNOWN):
            changed = [*rows]
            changed[index] = LeveledStatus(row.level, Status.YES, support)
            assert at_least(score_capability(changed), before)


@portal
@given(teams, st.sampled_from([Status.YES, Status.NO]))
def test_answering_an_unknown_stays_between_the_old_level_and_the_old_potential(team, answer):
    before = score(team)
    for _, changed in single_changes(team, {Status.UNKNOWN}, LeveledStatus(1, answer, Support.CLAIMED)):
        after = score(changed)
        assert before.level <= after.level <= before.potential
        assert after.potential <= before.potential
        assert after.verified == before.verified


@portal
@given(teams)
def test_one_weak_capability_is_carried_by_one_level_and_strict_level_is_within_one(team):
    result = score(team)
    if result.level is None:
        return
    for name, three in result.dimensions.items():
        scored: list[Any] = [score_capability(rows) for rows in team[name].values()]
        rolled = [rollup(c.level, c.ceiling) for c in scored if c.level is not None]
        if three.level is not None:
            assert min(rolled) <= three.level <= min(rolled) + 1
            assert three.level <= Fraction(sum(rolled), len(rolled))

    assert result.strict_level <= result.level <= result.strict_level + 1
    assert result.level == min(t.level for t in result.dimensions.values() if t.level is not None)
    assert set(result.holding_back) == {n for n, t in result.dimensions.items() if t.level == result.level}


@portal
@given(teams, st.randoms(use_true_random=False))
def test_order_does_not_matter(team, rng):
    def shuffled(items):
        items = list(items)
        rng.shuffle(items)
        return items

    other = {
        name: {capability: shuffled(rows) for capability, rows in shuffled(inside.items())}
        for name, inside in shuffled(team.items())
    }

    assert score(other) == score(team)


@portal
@given(teams, st.integers(1, 4), st.sampled_from(SUPPORTS))
def test_a_criterion_that_does_not_apply_changes_nothing(team, level, support):
    extra = LeveledStatus(level, Status.NA, support)
    more = {
        name: {**{c: [extra, *rows] for c, rows in inside.items()}, "zz": [extra]}
        for name, inside in team.items()
    }

    assert score(more) == score(team)


@portal
@given(teams)
def test_one_unassessed_capability_makes_a_team_provisional_and_never_fully_covered(team):
    result = score(team)
    scored = [score_capability(rows) for inside in team.values() for rows in inside.values()]
    if any(c.state is CapabilityState.UNASSESSED for c in scored):
        assert result.provisional
        assert result.coverage < 1 or sum(c.applicable - c.known for c in scored) == 1
    if result.coverage is not None and result.coverage < two_decimals(Fraction(79, 100)):
        assert result.provisional


# ---- one criterion ----

days = st.sampled_from([0, 1, 6, 7, 8, 30, 180, 364, 365, 366, 800])
past = st.builds(lambda n: TODAY - timedelta(days=n), days)
around = st.builds(lambda n: TODAY - timedelta(days=n), st.sampled_from([-200, -30, -1, 0, 1, 30]))
owns = st.builds(OwnAnswer, st.sampled_from(list(Status)), past, st.booleans())
pieces = st.lists(st.builds(EvidenceFact, around, st.booleans()), max_size=3).map(tuple)
verdicts = st.builds(
    AutoVerdict, st.sampled_from([Status.YES, Status.NO, Status.UNKNOWN]), past, is_deciding=st.booleans()
)
overrides = st.builds(OverrideFact, st.sampled_from(list(Status)), around)
inputs = st.builds(
    CriterionInput, st.booleans(), st.none() | owns, pieces, st.none() | verdicts, st.none() | overrides
)
# yes above unknown above no: what a level, and what a potential, makes of it.
LEVEL_RANK = {Status.NO: 0, Status.UNKNOWN: 0, Status.YES: 1}


def long_ago(auto: AutoVerdict | None) -> AutoVerdict | None:
    """What is left of a verdict when its source is gone: it ages (RULINGS 6)."""
    return auto and replace(auto, read_on=min(auto.read_on, TODAY - timedelta(days=8)))


@portal
@given(inputs)
def test_losing_a_source_turns_nothing_into_no_and_raises_nothing(facts):
    before = score_criterion(facts, TODAY)
    after = score_criterion(replace(facts, auto=long_ago(facts.auto)), TODAY)

    assert not (after.status is Status.NO and before.status is not Status.NO)
    assert (after.status is Status.NA) is (before.status is Status.NA)
    if before.status is not Status.NA:
        assert LEVEL_RANK[after.status] <= LEVEL_RANK[before.status]


@portal
@given(inputs)
def test_losing_evidence_turns_nothing_into_no_but_what_signals_refute(facts):
    before = score_criterion(facts, TODAY)
    after = score_criterion(replace(facts, evidence=()), TODAY)

    if after.status is Status.NO and before.status is not Status.NO:
        assert (after.support, facts.auto.verdict) == (Support.MEASURED, Status.NO)
    if before.status is not Status.NA:
        assert LEVEL_RANK[after.status] <= LEVEL_RANK[before.status]


@portal
@given(inputs)
def test_a_status_has_the_support_that_fits_it(facts):
    result = score_criterion(facts, TODAY)
    is_overridden = facts.override is not None and facts.override.expires_on >= TODAY

    assert list(result.flags) == sorted(set(result.flags))
    assert ("overridden" in result.flags) is is_overridden
    if is_overridden:
        assert (result.status, result.support) == (facts.override.answer, Support.REVIEWED)
    elif result.status is Status.UNKNOWN:
        assert result.support is Support.NONE
    elif result.status is Status.NA:
        assert facts.na_allowed
        assert facts.own.na_approved
    else:
        assert result.support in (Support.MEASURED, Support.EVIDENCED, Support.CLAIMED)


@portal
@given(inputs)
def test_an_own_no_is_never_lifted_by_a_machine(facts):
    own = OwnAnswer(Status.NO, TODAY)

    result = score_criterion(replace(facts, own=own, override=None), TODAY)

    assert result.status is Status.NO


@portal
@given(inputs)
def test_a_hint_changes_no_status(facts):
    hint = facts.auto and replace(facts.auto, is_deciding=False)

    assert score_criterion(replace(facts, auto=hint), TODAY) == score_criterion(
        replace(facts, auto=None), TODAY
    )


@portal
@given(inputs)
def test_a_status_stands_until_its_last_day_and_not_beyond_reason(facts):
    """What the beat rests on: nothing changes by time alone before `valid_until` is over."""
    now = score_criterion(facts, TODAY)
    end = valid_until(facts, TODAY)

    stands = [TODAY + timedelta(days=n) for n in range(420)]
    changed = [day for day in stands if score_criterion(facts, day) != now]
    if end is None:
        assert changed == []
    else:
        assert end >= TODAY
        assert all(day > end for day in changed)


# ---- rules ----

SIGNALS = ("a", "b", "c")
comparisons = st.builds(
    Comparison, st.sampled_from(SIGNALS), st.sampled_from([">=", ">", "<=", "<", "=="]), st.integers(0, 3)
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.builds(
        lambda kind, parts: kind(tuple(parts)),
        st.sampled_from([All, AnyOf]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)
written_rules = st.builds(Rule, st.none() | conditions, st.none() | conditions, st.none() | conditions)
readings = st.dictionaries(
    st.sampled_from(SIGNALS), st.builds(Reading, st.integers(0, 3), st.sampled_from(list(Bound))), max_size=3
)


@portal
@given(written_rules, readings, st.sampled_from(SIGNALS))
def test_hiding_a_signal_only_silences(rule, seen, hidden):
    """Less data never helps and never hurts: a verdict stays or becomes unknown, it never turns over."""
    before = decide(rule, seen)
    less = {name: r if name != hidden else Reading(None, reason="unreachable") for name, r in seen.items()}

    assert decide(rule, less) in (before, Verdict.UNKNOWN)


@portal
@given(written_rules, readings, st.sampled_from(SIGNALS))
def test_seeing_only_a_part_only_silences(rule, seen, cut):
    before = decide(rule, seen)
    less = {name: r if name != cut else Reading(max(0, r.value - 1), Bound.LOWER) for name, r in seen.items()}

    assert decide(rule, less) in (before, Verdict.UNKNOWN)


# ---- units and the organisation ----

standings = st.lists(
    st.builds(
        TeamStanding,
        st.none() | st.integers(0, 4),
        st.none() | st.builds(lambda n: TODAY - timedelta(days=n), st.sampled_from([0, 90, 180, 181])),
        st.booleans(),
    ),
    max_size=10,
)


@portal
@given(standings, st.randoms(use_true_random=False))
def test_organisation_counts_each_assessed_team_once_in_any_order(teams, rng):
    result = score_org(teams, TODAY)
    other = list(teams)
    rng.shuffle(other)

    assert score_org(other, TODAY) == result
    assert sum(result.distribution.values()) == result.counted <= result.teams == len(teams)
    assert result.provisional_teams <= result.counted
    assert (result.level is None) is (result.reason is not None)


@portal
@given(standings, st.integers(0, 9))
def test_a_team_that_climbs_lowers_no_organisation(teams, index):
    if index >= len(teams) or teams[index].level in (None, 4):
        return
    before: Any = score_org(teams, TODAY)
    higher = [*teams]
    higher[index] = replace(teams[index], level=teams[index].level + 1)
    after: Any = score_org(higher, TODAY)

    assert after.reason == before.reason
    if before.level is not None:
        assert before.level <= after.level <= before.level + 1


@portal
@given(standings)
def test_a_team_without_assessment_is_missing_and_never_zero(teams):
    before = score_org(teams, TODAY)
    after = score_org([*teams, TeamStanding(None)], TODAY)

    assert after.distribution == before.distribution
    assert after.level in (before.level, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Fraction(1, 200), "0.01"), (Fraction(1, 3), "0.33"), (Fraction(2499, 1000), "2.50")],
)
def test_two_decimals_go_halves_up(value, expected):
    assert str(two_decimals(value)) == expected


def test_a_result_is_never_provisional_by_rounding():
    """79.6 % is shown as 0.80 and is still under 80 %."""
    c = CapabilityResult(
        CapabilityState.ASSESSED, 1, 1, 4, 4, complete=False, score=two_decimals(Fraction(1)),
        known=199, applicable=250, ahead=0,
    )  # fmt: skip

    result = score_team({"people": {"a": c}})

    assert (str(result.coverage), result.provisional) == ("0.80", True)
