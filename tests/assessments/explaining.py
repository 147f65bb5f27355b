"""The explanations of every deciding rule as a text that people read: rule, values, verdict, in all outcomes that it has.

`python -m tests.assessments.explaining` writes tests/assessments/explanations.txt anew (CONTRIBUTING says when).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from assessments import because, rules
from assessments.catalog.schema import Criterion
from assessments.catalog.shipped import shipped_model
from assessments.pooling import SourceReading, as_json, pool_signals
from assessments.queries import words
from assessments.queries.explaining import Explanation, ValueLine, explain
from assessments.rules import Rule, Verdict
from assessments.vocabulary import SIGNALS, Unit

GOLDEN = Path(__file__).parent / "explanations.txt"
READ_AT = datetime(2026, 11, 12, 6, 0, tzinfo=UTC)
# (value, numerator, denominator) in the order in which they are tried: the first that make the wanted outcome are told.
SHARES = tuple((part / 30, part, 30) for part in (29, 30, 21, 26, 10, 0, 3))
UPTIMES = tuple((part / 8640, part, 8640) for part in (8638, 8614, 8500))
GIVEN: Mapping[Unit, tuple[tuple[float | bool, int | None, int | None], ...]] = {
    Unit.BOOL: ((True, None, None), (False, None, None)),
    Unit.COUNT: tuple((count, None, None) for count in (12, 1, 0, 4)),
    Unit.SHARE: SHARES,
    Unit.HOURS: tuple((hours, None, None) for hours in (0.5, 2, 30, 72, 200, 400)),
}
Readings = dict[str, SourceReading]


def told() -> str:
    """The whole text."""
    deciding = [c for c in shipped_model().criteria() if c.auto is not None and c.auto.mode == "decide"]
    return "\n".join(line for criterion in deciding for line in (*_criterion(criterion), ""))


def _criterion(criterion: Criterion) -> Iterator[str]:
    assert criterion.auto is not None
    rule = criterion.auto.rule
    yield f"== {criterion.id}"
    yield criterion.text
    for when, condition in words.rule_words(rule):
        yield f"  {when} {condition}."
    for name, readings in _cases(rule):
        yield f"-- {name}"
        if readings is None:
            yield "  This rule has no such outcome."
            continue
        explanation, verdict = _explained(rule, readings)
        yield f"  {verdict.upper()}. {explanation.sentence}"
        yield from map(_value, explanation.values)
        yield f"  {explanation.rule_version}"


def _value(line: ValueLine) -> str:
    at = "".join(
        f" [{', '.join(filter(None, (one.sample, line.window, _moment(one.read_at), one.url or one.source)))}]"
        for one in line.seen_at
    )
    return f"  * {line.part} {line.asks}: {line.saw}{at}: {line.outcome}"


def _moment(at: datetime | None) -> str:
    return f"read {at:%d %b %Y %H:%M}" if at else ""


def _explained(rule: Rule, readings: Readings) -> tuple[Explanation, Verdict]:
    by_signal = {name: [one] for name, one in readings.items()}
    pooled = {name: one.reading for name, one in pool_signals(by_signal).items()}
    verdict = rules.decide(rule, pooled)
    kept = because.kept(
        rule,
        pooled,
        sources=[as_json(name, one) for name, one in readings.items()],
        model="mlops-maturity/1",
        is_blind=False,
    )
    return explain(rule, kept, verdict), verdict


def _first(rule: Rule, wanted: Callable[[Rule, Readings], bool]) -> Readings | None:
    names = rules.signals_of(rule)
    for values in itertools.product(*(_choices(name) for name in names)):
        readings = dict(zip(names, values, strict=True))
        if wanted(rule, readings):
            return readings
    return None


def _choices(signal: str) -> list[SourceReading]:
    given = UPTIMES if signal == "monitoring.uptime_30d" else GIVEN[SIGNALS[signal].unit]
    return [
        SourceReading(
            "connection:1",
            value,
            "",
            READ_AT.date(),
            sample=whole,
            numerator=part,
            denominator=whole,
            measurement=1,
            read_at=READ_AT,
            url=f"https://source.example.org/{signal}",
        )
        for value, part, whole in given
    ]


def _cases(rule: Rule) -> Iterator[tuple[str, Readings | None]]:
    """Every outcome by name, with readings that make it; None where the rule has no such outcome."""
    yield "yes", _first(rule, _says(Verdict.YES))
    yield "no", _first(rule, _says(Verdict.NO))
    yield "unknown: in between", _first(rule, _is_between)
    yield "unknown: one against the other", _first(rule, _is_contradicting)
    yield "unknown: too little was seen", _first(rule, _is_too_little)
    yield "unknown: could not be read", _unreadable(rule)


def _unreadable(rule: Rule) -> Readings:
    """As for a yes (or the no that it can say), but the credential was refused: for the last signal, else for all."""
    readings = _first(rule, _says(Verdict.YES)) or _first(rule, _says(Verdict.NO))
    assert readings is not None
    lost = SourceReading("connection:1", None, "unauthorized", READ_AT.date(), read_at=READ_AT)
    *_, last = rules.signals_of(rule)
    found = {**readings, last: lost}
    return found if _decided(rule, found) is Verdict.UNKNOWN else dict.fromkeys(readings, lost)


def _decided(rule: Rule, readings: Readings) -> Verdict:
    return rules.decide(rule, _seen(readings))


def _seen(readings: Readings) -> dict[str, rules.Reading]:
    return {name: one.reading for name, one in pool_signals({n: [r] for n, r in readings.items()}).items()}


def _says(verdict: Verdict) -> Callable[[Rule, Readings], bool]:
    return lambda rule, readings: _decided(rule, readings) is verdict


def _is_too_little(rule: Rule, readings: Readings) -> bool:
    return rule.guard is not None and rules.holds(rule.guard, _seen(readings)) is False


def _is_contradicting(rule: Rule, readings: Readings) -> bool:
    seen = _seen(readings)
    if rule.yes_if is None or rule.no_if is None or _is_too_little(rule, readings):
        return False
    return rules.holds(rule.yes_if, seen) is rules.holds(rule.no_if, seen) is True


def _is_between(rule: Rule, readings: Readings) -> bool:
    is_open = _decided(rule, readings) is Verdict.UNKNOWN
    return is_open and not _is_too_little(rule, readings) and not _is_contradicting(rule, readings)


if __name__ == "__main__":
    GOLDEN.write_text(told(), encoding="utf-8")
