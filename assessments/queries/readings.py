"""Where the sources of a team stand with its signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from assessments.models import Measurement, Reading
from assessments.pooling import SourceReading
from assessments.rules import Bound
from assessments.scoring import SIGNAL_VALID_DAYS
from assessments.vocabulary import SIGNALS, SignalType
from teams.models import Team


def source_readings(team: Team, signals: Iterable[str], on: date) -> dict[str, list[SourceReading]]:
    """By signal, the standing of each source; removed ones until the signal's window is over (RULINGS 6)."""
    found: dict[str, list[SourceReading]] = defaultdict(list)
    for row in (
        Reading.objects.filter(team=team, signal__in=list(signals))
        .select_related("latest", "good")
        .order_by("signal", "source")
    ):
        if row.removed_at is not None and on > _forgotten_after(row.signal, row.removed_at.date()):
            continue
        found[row.signal].append(as_source_reading(row))
    return found


def as_source_reading(row: Reading) -> SourceReading:
    """The last good reading, or why there is none."""
    standing = row.good or row.latest
    return SourceReading(
        source=row.source,
        value=typed_value(standing),
        reason=standing.reason,
        read_on=(row.read_at or row.tried_at).date(),
        bound=Bound(standing.bound),
        sample=standing.sample,
        numerator=standing.numerator,
        denominator=standing.denominator,
        is_removed=row.removed_at is not None,
        measurement=standing.pk,
        read_at=row.read_at or row.tried_at,
        url=standing.url,
    )


def typed_value(measurement: Measurement) -> float | bool | None:
    """The value in the type of its signal; None when unknown."""
    if measurement.value is None:
        return None
    signal = SIGNALS.get(measurement.signal)
    if signal is not None and signal.type is SignalType.BOOL:
        return bool(measurement.value)
    return measurement.value


def _forgotten_after(signal: str, removed_on: date) -> date:
    window = SIGNALS[signal].window_days if signal in SIGNALS else 0
    return removed_on + timedelta(days=max(window, SIGNAL_VALID_DAYS))
