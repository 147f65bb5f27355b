"""Why a rule said what it said: every comparison with what it saw. Pure; pages and the API put this in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any as AnyValue

from assessments.rules import NOT_CONFIGURED, All, Any, Comparison, Condition, Reading, Rule, compare


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a rule. `part` is guard, yes_if or no_if; `holds` None where the reading leaves it open."""

    part: str
    signal: str
    op: str
    threshold: float | bool
    value: float | bool | None
    bound: str
    reason: str
    holds: bool | None


def clauses(rule: Rule, readings: Mapping[str, Reading]) -> tuple[Clause, ...]:
    """Every comparison of the rule in the order guard, yes, no."""
    return tuple(
        _clause(part, comparison, readings.get(comparison.signal, NOT_CONFIGURED))
        for part, condition in (("guard", rule.guard), ("yes_if", rule.yes_if), ("no_if", rule.no_if))
        for comparison in _comparisons(condition)
    )


def as_json(clause: Clause) -> dict[str, AnyValue]:
    """The clause as it is kept with a verdict."""
    return {
        "part": clause.part,
        "signal": clause.signal,
        "op": clause.op,
        "threshold": clause.threshold,
        "value": clause.value,
        "bound": clause.bound,
        "reason": clause.reason,
        "holds": clause.holds,
    }


def rule_digest(rule: Rule) -> str:
    """Twelve letters that change with the rule: two verdicts with the same came from the same rule."""
    return hashlib.sha256(repr(rule).encode()).hexdigest()[:12]


def kept(
    rule: Rule,
    readings: Mapping[str, Reading],
    *,
    sources: Sequence[Mapping[str, AnyValue]],
    model: str,
    is_blind: bool,
) -> dict[str, AnyValue]:
    """All that a verdict rests on, to be kept with it: the version of the rule, its clauses, each source's own reading.

    `model` names the maturity model with its version, "mlops-maturity/1"; `sources` are made by `pooling.as_json`.
    """
    return {
        "rule": {"model": model, "digest": rule_digest(rule)},
        "clauses": [as_json(clause) for clause in clauses(rule, readings)],
        "readings": [dict(one) for one in sources],
        "blind": is_blind,
    }


def _clause(part: str, comparison: Comparison, reading: Reading) -> Clause:
    return Clause(
        part=part,
        signal=comparison.signal,
        op=comparison.op,
        threshold=comparison.value,
        value=reading.value,
        bound=reading.bound.value,
        reason=reading.reason,
        holds=compare(comparison, reading),
    )


def _comparisons(condition: Condition | None) -> Iterator[Comparison]:
    match condition:
        case Comparison():
            yield condition
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from _comparisons(part)
        case None:
            return
