"""One reading of a signal from the readings of several sources. Pure.

Counts add up, shares pool their numerators and denominators, never the mean of shares (SIGNALS 1.3). A source that could
not be read makes a count a lower bound and everything else unknown: what is missing never passes for what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from assessments.rules import Bound, Reading
from assessments.vocabulary import SIGNALS, Aggregate, Reason, Signal

# "We could not read": replaces neither the last good reading nor a verdict (RULINGS 6).
COULD_NOT_READ = frozenset(
    {
        Reason.UNREACHABLE,
        Reason.UNAUTHORIZED,
        Reason.NOT_FOUND,
        Reason.TRUNCATED,
        Reason.WINDOW_NOT_COVERED,
        Reason.HISTORY_DISCARDED,
        Reason.EXPERIMENT_DELETED,
        Reason.EXPERIMENT_NOT_FOUND,
        Reason.MODEL_NOT_FOUND,
        Reason.NOT_CONFIGURED,
    }
)


@dataclass(frozen=True, slots=True)
class SourceReading:
    """Where one source stands with one signal: its last good reading, or why it has none.

    `value` is None exactly when `reason` is set. `read_on` is the day on which the value was last confirmed.
    """

    source: str
    value: float | bool | None
    reason: str
    read_on: date
    bound: Bound = Bound.EXACT
    sample: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    is_removed: bool = False
    # Where it is kept and can be looked at; nothing is worked out from these.
    measurement: int | None = None
    read_at: datetime | None = None
    url: str = ""


def as_json(signal: str, reading: SourceReading) -> dict[str, Any]:
    """The reading as it is kept with a verdict that rests on it."""
    return {
        "signal": signal,
        "source": reading.source,
        "measurement": reading.measurement,
        "value": reading.value,
        "reason": reading.reason,
        "bound": reading.bound.value,
        "sample": reading.sample,
        "numerator": reading.numerator,
        "denominator": reading.denominator,
        "read_at": (reading.read_at or reading.read_on).isoformat(),
        "url": reading.url,
        "is_removed": reading.is_removed,
    }


@dataclass(frozen=True, slots=True)
class Pooled:
    """The reading that rules see, with the oldest day that it rests on and the sample behind it.

    `is_partial`: a source is missing, so the truth may be higher than what the others saw.
    """

    reading: Reading
    read_on: date
    sample: float | None = None
    is_partial: bool = False


def pool_signals(by_signal: Mapping[str, Sequence[SourceReading]]) -> dict[str, Pooled]:
    """Every signal pooled, minimum samples applied last because they may look at another signal's pooled value."""
    pooled = {
        signal_id: pool(SIGNALS[signal_id], readings)
        for signal_id, readings in by_signal.items()
        if readings and signal_id in SIGNALS
    }
    return {signal_id: _with_min_sample(SIGNALS[signal_id], one, pooled) for signal_id, one in pooled.items()}


def pool(signal: Signal, readings: Sequence[SourceReading]) -> Pooled:
    """One reading out of at least one. Sources that were never told about this signal do not count as missing."""
    standing = [r for r in readings if r.reason != Reason.NOT_CONFIGURED] or list(readings)
    oldest = min(r.read_on for r in standing)
    if len(standing) == 1 or all(r.is_removed for r in standing):
        # Removed sources age from their own day; while others still speak they count as unknown (RULINGS 6).
        standing = [_put_back(r) for r in standing]
    if len(standing) == 1:
        only = standing[0]
        return Pooled(Reading(only.value, only.bound, only.reason), only.read_on, _sample(only))
    known = [r for r in standing if r.value is not None and not r.is_removed]
    missing = next(
        (r.reason or Reason.NOT_FOUND.value for r in standing if r.value is None or r.is_removed), ""
    )
    reading = _aggregate(signal, standing, known, missing)
    is_partial = bool(missing) and reading.value is not None and reading.bound is Bound.LOWER
    return Pooled(reading, oldest, _total(standing), is_partial)


def _put_back(reading: SourceReading) -> SourceReading:
    return replace(reading, is_removed=False)


def _aggregate(
    signal: Signal, standing: Sequence[SourceReading], known: Sequence[SourceReading], missing: str
) -> Reading:
    match signal.aggregate:
        case Aggregate.SUM | Aggregate.DISTINCT | Aggregate.MAXIMUM:
            return _count(signal.aggregate, known, missing)
        case Aggregate.ANY:
            return _either(known, missing, decisive=True)
        case Aggregate.ALL | Aggregate.ALL_APP_OR_TRAINING | Aggregate.ALL_TRAINING:
            return _either(known, missing, decisive=False)
        case Aggregate.MINIMUM:
            return _smallest(known, missing)
        case Aggregate.POOLED:
            return _share(standing)
        case Aggregate.MEDIAN:
            # Medians pool their items inside a connection only (RULINGS 7).
            return Reading(None, reason=Reason.UNSUPPORTED.value)


def _count(aggregate: Aggregate, known: Sequence[SourceReading], missing: str) -> Reading:
    if not known:
        return Reading(None, reason=missing)
    values = [float(r.value or 0) for r in known]
    if aggregate is Aggregate.SUM:
        return Reading(sum(values), Bound.LOWER if missing else _weakest(known))
    # Two sources may have seen the same people: the larger count is what is certain.
    exact = aggregate is Aggregate.MAXIMUM and not missing
    return Reading(max(values), _weakest(known) if exact else Bound.LOWER)


def _smallest(known: Sequence[SourceReading], missing: str) -> Reading:
    if missing:
        return Reading(None, reason=missing)
    return Reading(min(float(r.value or 0) for r in known), _weakest(known))


def _either(known: Sequence[SourceReading], missing: str, *, decisive: bool) -> Reading:
    if any(bool(r.value) is decisive for r in known):
        return Reading(decisive)
    return Reading(None, reason=missing) if missing else Reading(not decisive)


def _share(standing: Sequence[SourceReading]) -> Reading:
    """Numerators over denominators. A source with too small a sample still carries its items into the pool."""
    numerator = denominator = 0.0
    for r in standing:
        readable = r.value is not None or r.reason == Reason.INSUFFICIENT_SAMPLE
        if r.is_removed or not readable or r.numerator is None or r.denominator is None:
            return Reading(None, reason=r.reason or Reason.NOT_FOUND.value)
        numerator += r.numerator
        denominator += r.denominator
    if denominator == 0:
        return Reading(None, reason=Reason.INSUFFICIENT_SAMPLE.value)
    return Reading(numerator / denominator, _weakest(standing))


def _weakest(readings: Sequence[SourceReading]) -> Bound:
    return Bound.LOWER if any(r.bound is Bound.LOWER for r in readings) else Bound.EXACT


def _sample(reading: SourceReading) -> float | None:
    return reading.denominator if reading.denominator is not None else reading.sample


def _total(readings: Sequence[SourceReading]) -> float | None:
    samples = [_sample(r) for r in readings]
    return sum(s for s in samples if s is not None) if any(s is not None for s in samples) else None


def _with_min_sample(signal: Signal, one: Pooled, pooled: Mapping[str, Pooled]) -> Pooled:
    needed = signal.min_sample
    if needed is None or one.reading.value is None:
        return one
    counted = pooled.get(needed.signal) if needed.signal is not None else None
    count = counted.reading.value if counted is not None else None
    # A connector that sends the share without its count has checked the sample itself.
    size = one.sample if count is None else float(count)
    if size is None or size >= needed.at_least:
        return one
    # Too few were seen. Where a source is missing, that says nothing about the team.
    return Pooled(
        Reading(None, reason=Reason.INSUFFICIENT_SAMPLE.value),
        one.read_on,
        sample=one.sample,
        is_partial=counted is not None and counted.is_partial,
    )
