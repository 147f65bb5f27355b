"""Which criteria go blind when signals cannot be read: what their rules can no longer say. No database, no clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from assessments.catalog.schema import Criterion, MaturityModelFile
from assessments.rules import All, Comparison, Condition, Rule, Verdict

_STILL = {Verdict.YES: "can only be confirmed", Verdict.NO: "can only be refuted"}


@dataclass(frozen=True, slots=True)
class Blinded:
    """A criterion whose rule lost something that it could say. `still` is what it can say yet: nothing, or one of the two."""

    id: str
    text: str
    capability: str
    level: int
    still: tuple[Verdict, ...]

    @property
    def in_words(self) -> str:
        """What is left, in words; "" where nothing is."""
        return "" if not self.still else _STILL[self.still[0]]


def blinded_by(model: MaturityModelFile, signals: Collection[str]) -> tuple[Blinded, ...]:
    """Criteria with a deciding rule that these signals, all unknown together, keep from a yes, a no or both.

    In the order of the maturity model. A rule that says the same from other signals is not blinded, and hints decide nothing.
    """
    return tuple(
        found
        for criterion in model.criteria()
        if criterion.auto is not None and criterion.auto.mode == "decide"
        if (found := _blinded(criterion, criterion.auto.rule, signals)) is not None
    )


def _blinded(criterion: Criterion, rule: Rule, signals: Collection[str]) -> Blinded | None:
    before, after = can_say(rule, ()), can_say(rule, signals)
    if before == after:
        return None
    return Blinded(
        criterion.id, criterion.text, criterion.id.partition(".")[0], criterion.level, tuple(sorted(after))
    )


def can_say(rule: Rule, unknown: Collection[str]) -> frozenset[Verdict]:
    """What a rule may conclude, yes or no, while these signals are unknown and all others could be anything.

    As rules.decide has it: one side speaks only when the other is known to be false.
    """
    if rule.guard is not None and not _can_be(rule.guard, unknown, wanted=True):
        return frozenset()
    sides = ((Verdict.YES, rule.yes_if, rule.no_if), (Verdict.NO, rule.no_if, rule.yes_if))
    return frozenset(
        verdict
        for verdict, side, other in sides
        if side is not None
        and _can_be(side, unknown, wanted=True)
        and (other is None or _can_be(other, unknown, wanted=False))
    )


def _can_be(condition: Condition, unknown: Collection[str], *, wanted: bool) -> bool:
    if isinstance(condition, Comparison):
        return condition.signal not in unknown
    settle = all if isinstance(condition, All) is wanted else any
    return settle(_can_be(part, unknown, wanted=wanted) for part in condition.parts)
