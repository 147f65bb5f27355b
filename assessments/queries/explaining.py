"""Why signals say what they say of a criterion: the verdict in a sentence, and each value with all that stands behind it.

No database, no clock: everything comes from what was kept with the verdict (assessments.because.kept) and from its rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assessments import because, rules
from assessments.queries import words
from assessments.rules import Bound, Comparison, Condition, Reading, Rule
from assessments.vocabulary import SIGNALS, Unit

TEAM_DECIDES = "The team's answer stands."


@dataclass(frozen=True, slots=True)
class SeenAt:
    """What one source gave to a value: what it saw, of how many, when it was read, and where it can be looked at."""

    saw: str
    sample: str
    read_at: datetime | None
    source: str
    url: str
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One comparison of the rule: what it asks, what was seen, what came of it. `seen_at` is told once for each signal."""

    part: str
    signal: str
    asks: str
    saw: str
    window: str
    outcome: str
    seen_at: tuple[SeenAt, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`rule_version` is empty for a verdict from before it was kept."""

    sentence: str
    values: tuple[ValueLine, ...]
    rule_version: str


def explain(rule: Rule, kept: Mapping[str, Any], verdict: str, *, is_deciding: bool = True) -> Explanation:
    """The verdict explained. `kept` is what was stored with it."""
    readings = readings_of(kept)
    return Explanation(
        sentence=verdict_sentence(rule, readings, verdict, is_deciding=is_deciding),
        values=tuple(_values(rule, readings, kept)),
        rule_version=version_words(kept),
    )


def readings_of(kept: Mapping[str, Any]) -> dict[str, Reading]:
    """The pooled values that the rule saw, by signal."""
    return {
        clause["signal"]: Reading(clause["value"], Bound(clause["bound"]), clause["reason"])
        for clause in kept.get("clauses", ())
    }


def version_words(kept: Mapping[str, Any]) -> str:
    """ "mlops-maturity 1, rule 1f0c5d9a7b3e"."""
    version = kept.get("rule")
    if not version:
        return ""
    return f"{version['model'].replace('/', ' ')}, rule {version['digest']}"


def verdict_sentence(
    rule: Rule, readings: Mapping[str, Reading], verdict: str, *, is_deciding: bool = True
) -> str:
    """Why it says yes or no, or why it cannot say."""
    who = "Signals say" if is_deciding else "A hint says"
    if verdict == rules.Verdict.YES and rule.yes_if is not None:
        return f"{who} yes: {_seen(_that(rule.yes_if, readings, outcome=True), readings, 'yes')}."
    if verdict == rules.Verdict.NO and rule.no_if is not None:
        return f"{who} no: {_seen(_that(rule.no_if, readings, outcome=True), readings, 'no')}."
    return _cannot_say(rule, readings)


def _cannot_say(rule: Rule, readings: Mapping[str, Reading]) -> str:
    if rule.guard is not None and rules.holds(rule.guard, readings) is False:
        few = "; ".join(_too_few(one, readings) for one in _that(rule.guard, readings, outcome=False))
        return f"Signals cannot say: {few}. {TEAM_DECIDES}"
    sides = [one for one in (rule.guard, rule.yes_if, rule.no_if) if one is not None]
    unknown = dict.fromkeys(one.signal for side in sides for one in _that(side, readings, outcome=None))
    if unknown:
        missing = "; ".join(_missing(name, readings) for name in unknown)
        return f"Signals cannot say. Not known: {missing}. {TEAM_DECIDES}"
    return _in_between(rule, readings)


def _in_between(rule: Rule, readings: Mapping[str, Reading]) -> str:
    """Everything is known, and it is enough for neither side, or for both."""
    if rule.no_if is None:
        short = (
            _seen(_that(rule.yes_if, readings, outcome=False), readings, "yes")
            if rule.yes_if is not None
            else ""
        )
        return f"Signals do not confirm it: {short}. This rule never says no. {TEAM_DECIDES}"
    if rule.yes_if is None:
        short = _seen(_that(rule.no_if, readings, outcome=False), readings, "no")
        return f"Signals do not refute it: {short}. This rule never says yes. {TEAM_DECIDES}"
    if rules.holds(rule.yes_if, readings) and rules.holds(rule.no_if, readings):
        confirms = _seen(_that(rule.yes_if, readings, outcome=True), readings, "yes")
        refutes = _seen(_that(rule.no_if, readings, outcome=True), readings, "no")
        return f"Signals contradict each other: {confirms}; but {refutes}. {TEAM_DECIDES}"
    failing = [
        (one, side)
        for side, condition in (("yes", rule.yes_if), ("no", rule.no_if))
        for one in _that(condition, readings, outcome=False)
    ]
    by_signal: dict[str, list[tuple[Comparison, str]]] = {}
    for one, side in failing:
        by_signal.setdefault(one.signal, []).append((one, side))
    told = "; ".join(_short_of(asked, readings) for asked in by_signal.values())
    return f"Signals say neither yes nor no: {told}. {TEAM_DECIDES}"


def _short_of(asked: Sequence[tuple[Comparison, str]], readings: Mapping[str, Reading]) -> str:
    """What was seen of one signal, and what either side takes of it."""
    first = asked[0][0]
    if SIGNALS[first.signal].unit is Unit.BOOL:
        return _saw(first, readings)
    return f"{_saw(first, readings)} ({', '.join(_takes(one, side) for one, side in asked)})"


def _that(
    condition: Condition, readings: Mapping[str, Reading], *, outcome: bool | None
) -> tuple[Comparison, ...]:
    """The comparisons because of which the condition came out like that; none when it came out otherwise."""
    if rules.holds(condition, readings) is not outcome:
        return ()
    if isinstance(condition, Comparison):
        return (condition,)
    return tuple(one for part in condition.parts for one in _that(part, readings, outcome=outcome))


def _seen(asked: Iterable[Comparison], readings: Mapping[str, Reading], side: str) -> str:
    return "; ".join(
        _saw(one, readings)
        if SIGNALS[one.signal].unit is Unit.BOOL
        else f"{_saw(one, readings)} ({_takes(one, side)})"
        for one in asked
    )


def _saw(asked: Comparison, readings: Mapping[str, Reading]) -> str:
    reading = readings.get(asked.signal, rules.NOT_CONFIGURED)
    return words.saw_words(asked.signal, reading.value, reading.bound, asked.value)


def _takes(asked: Comparison, side: str) -> str:
    return f"{side} takes {words.threshold_words(asked.signal, asked.op, asked.value)}"


def _too_few(asked: Comparison, readings: Mapping[str, Reading]) -> str:
    needed = words.threshold_words(asked.signal, asked.op, asked.value)
    return f"{_saw(asked, readings)}, and the rule speaks only with {needed}"


def _missing(signal: str, readings: Mapping[str, Reading]) -> str:
    reading = readings.get(signal, rules.NOT_CONFIGURED)
    if reading.value is not None:
        told = words.value_words(signal, reading.value, reading.bound)
        return f"{words.question_words(signal)} ({told}; more may be there)"
    return f"{words.question_words(signal)} ({words.reason_words(reading.reason)})"


def _values(rule: Rule, readings: Mapping[str, Reading], kept: Mapping[str, Any]) -> Iterator[ValueLine]:
    told: set[str] = set()
    for clause in because.clauses(rule, readings):
        seen = () if clause.signal in told else seen_at(clause.signal, kept.get("readings", ()))
        told.add(clause.signal)
        yield ValueLine(
            part=words.PART_WORDS[clause.part],
            signal=clause.signal,
            asks=words.comparison_words(clause.signal, clause.op, clause.threshold),
            saw=_saw_in_clause(clause),
            window=words.window_words(clause.signal),
            outcome="open" if clause.holds is None else "holds" if clause.holds else "does not hold",
            seen_at=seen,
        )


def _saw_in_clause(clause: because.Clause) -> str:
    if clause.value is None:
        return f"unknown: {words.reason_words(clause.reason)}"
    told = words.saw_words if isinstance(clause.value, bool) else words.seen_words
    return told(clause.signal, clause.value, clause.bound, clause.threshold)


def seen_at(signal: str, kept: Sequence[Mapping[str, Any]]) -> tuple[SeenAt, ...]:
    """What each source gave to a value, from the readings that were kept with a verdict."""
    mine = [one for one in kept if one["signal"] == signal]
    return tuple(
        SeenAt(
            # With one source the value of the line is its own; with more each tells its part.
            saw="" if len(mine) == 1 else _told_by(signal, one),
            sample=words.tally_words(one["numerator"], one["denominator"], one["sample"]),
            read_at=_moment(one["read_at"]),
            source=words.source_words(one["source"], one["url"]),
            url=one["url"],
            is_removed=one["is_removed"],
        )
        for one in mine
    )


def _told_by(signal: str, one: Mapping[str, Any]) -> str:
    if one["reason"]:
        return f"unknown: {words.reason_words(one['reason'])}"
    return words.value_words(signal, one["value"], one["bound"])


def _moment(value: str) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
