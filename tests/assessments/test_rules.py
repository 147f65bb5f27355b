"""Every operator against every reading: below, at and above its threshold, exact and cut off, and not there at all."""

from __future__ import annotations

import pytest

from assessments.rules import (
    OPERATORS,
    All,
    Any,
    Bound,
    Comparison,
    Reading,
    Rule,
    Verdict,
    compare,
    decide,
    signals_of,
)

YES, NO, OPEN = True, False, None


@pytest.mark.parametrize(
    ("op", "exact", "at_least_this_many"),
    [
        # seen:  4    5    6      and the same as a lower bound, threshold 5
        (">=", (NO, YES, YES), (OPEN, YES, YES)),
        (">", (NO, NO, YES), (OPEN, OPEN, YES)),
        ("<=", (YES, YES, NO), (OPEN, OPEN, NO)),
        ("<", (YES, NO, NO), (OPEN, NO, NO)),
        ("==", (NO, YES, NO), (OPEN, OPEN, NO)),
        ("is", (NO, YES, NO), (OPEN, OPEN, NO)),
    ],
)
def test_comparison(op, exact, at_least_this_many):
    asked = Comparison("ci.runs_30d", op, 5)

    assert tuple(compare(asked, Reading(seen)) for seen in (4, 5, 6)) == exact
    assert tuple(compare(asked, Reading(seen, Bound.LOWER)) for seen in (4, 5, 6)) == at_least_this_many
    assert compare(asked, Reading(None, reason="unreachable")) is OPEN


def test_each_operator_is_in_the_table_above():
    assert set(OPERATORS) == {">=", ">", "<=", "<", "==", "is"}


T, F = Comparison("t", ">=", 1), Comparison("f", ">=", 1)
U = Comparison("u", ">=", 1)
SEEN = {"t": Reading(1), "f": Reading(0)}


@pytest.mark.parametrize(
    ("condition", "guarded", "confirmed", "refuted"),
    [
        (T, "yes", "yes", "no"),
        (F, "unknown", "unknown", "unknown"),
        (U, "unknown", "unknown", "unknown"),
        (All((T, T)), "yes", "yes", "no"),
        (All((T, F)), "unknown", "unknown", "unknown"),
        (All((T, U)), "unknown", "unknown", "unknown"),
        (Any((F, T)), "yes", "yes", "no"),
        (Any((U, T)), "yes", "yes", "no"),
        (Any((F, U)), "unknown", "unknown", "unknown"),
    ],
)
def test_condition_as_guard_as_yes_and_as_no(condition, guarded, confirmed, refuted):
    assert decide(Rule(guard=condition, yes_if=T), SEEN) == guarded
    assert decide(Rule(yes_if=condition), SEEN) == confirmed
    assert decide(Rule(no_if=condition), SEEN) == refuted


@pytest.mark.parametrize(
    ("yes_if", "no_if", "verdict"),
    [
        (T, F, Verdict.YES),
        (F, T, Verdict.NO),
        (T, T, Verdict.UNKNOWN),
        (F, F, Verdict.UNKNOWN),
        (T, U, Verdict.UNKNOWN),
        (U, T, Verdict.UNKNOWN),
        # The other side counts as false only where it is known to be.
        (All((F, U)), T, Verdict.NO),
        (T, All((F, U)), Verdict.YES),
        (Any((F, U)), T, Verdict.UNKNOWN),
        (T, Any((F, U)), Verdict.UNKNOWN),
    ],
)
def test_two_sides(yes_if, no_if, verdict):
    assert decide(Rule(yes_if=yes_if, no_if=no_if), SEEN) is verdict


def test_signals_of_a_rule_once_each_in_reading_order():
    rule = Rule(guard=F, yes_if=All((T, Any((U, F)))), no_if=T)

    assert signals_of(rule) == ("f", "t", "u")
