"""Turn measurements into a verdict about one criterion. Pure: no Django, no clock, no socket.

Logic is three-valued (Kleene): a comparison with an unknown measurement is neither true nor false. The rules and
their thresholds are data of the maturity model (spec: SIGNALS 2.2); what no data means is SIGNALS 1.2.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Bound(StrEnum):
    """How a value relates to the truth: LOWER means "at least this many" (a listing was cut off)."""

    EXACT = "exact"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement as rules see it. `value` is None exactly when the signal is unknown, then `reason` says why."""

    value: float | bool | None
    bound: Bound = Bound.EXACT
    reason: str = ""


NOT_CONFIGURED = Reading(value=None, reason="not_configured")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`signal op value`; `op` is one of OPERATORS."""

    signal: str
    op: str
    value: float | bool


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    parts: tuple[Condition, ...]


Condition = Comparison | All | Any


@dataclass(frozen=True, slots=True)
class Rule:
    """What a maturity model says of one criterion: when signals confirm it, when they refute it, when they may speak."""

    guard: Condition | None = None
    yes_if: Condition | None = None
    no_if: Condition | None = None


OPERATORS: dict[str, Callable[[float | bool, float | bool], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "is": operator.eq,
}


def decide(rule: Rule, readings: Mapping[str, Reading]) -> Verdict:
    """The verdict of `rule` on `readings`; a signal without a reading is not configured, hence unknown.

    A rule that can both confirm and refute speaks only when the opposite side is known to be false: were it enough
    that one side is true, hiding the signal of the other side would help the claim (cases Q15, Q16).
    """
    if rule.guard is not None and holds(rule.guard, readings) is not True:
        return Verdict.UNKNOWN
    confirms = holds(rule.yes_if, readings) if rule.yes_if is not None else False
    refutes = holds(rule.no_if, readings) if rule.no_if is not None else False
    if confirms is True and refutes is False:
        return Verdict.YES
    if refutes is True and confirms is False:
        return Verdict.NO
    return Verdict.UNKNOWN


def signals_of(rule: Rule) -> tuple[str, ...]:
    """Every signal that the rule reads, once each, in the order guard, yes, no."""
    found: dict[str, None] = {}
    for condition in (rule.guard, rule.yes_if, rule.no_if):
        _collect(condition, found)
    return tuple(found)


def _collect(condition: Condition | None, found: dict[str, None]) -> None:
    match condition:
        case Comparison(signal=signal):
            found[signal] = None
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                _collect(part, found)
        case None:
            pass


def holds(condition: Condition, readings: Mapping[str, Reading]) -> bool | None:
    """True, False, or None where the readings leave it open."""
    match condition:
        case Comparison():
            return compare(condition, readings.get(condition.signal, NOT_CONFIGURED))
        case All(parts=parts):
            results = [holds(part, readings) for part in parts]
            if False in results:
                return False
            return None if None in results else True
        case Any(parts=parts):
            results = [holds(part, readings) for part in parts]
            if True in results:
                return True
            return None if None in results else False


def compare(comparison: Comparison, reading: Reading) -> bool | None:
    """Whether the comparison holds: True, False, or None where the reading leaves it open."""
    if reading.value is None:
        return None
    holds = OPERATORS[comparison.op](reading.value, comparison.value)
    if reading.bound is Bound.EXACT:
        return holds
    # The truth may be higher than a lower bound. "At least" that holds stays true, "at most" that fails stays false;
    # everything else could still turn over (case Q11: 1,000 seen at the cap, "at most 2,000" is unknown).
    if comparison.op in (">=", ">"):
        return True if holds else None
    if comparison.op in ("<=", "<"):
        return None if holds else False
    # Equality with a number already passed by is settled; with one still ahead it is open.
    return False if reading.value > comparison.value else None
