"""Measured facts in lines: value, what it counts, sample, window, time, source. Unknown says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from assessments.models import Measurement, Reading
from assessments.queries import words
from assessments.queries.readings import typed_value
from assessments.scoring import SIGNAL_VALID_DAYS
from teams.models import Team


@dataclass(frozen=True, slots=True)
class FactLine:
    """Where one source stands with one signal. `unknown` is the reason in words, then `value` is empty.

    `trouble` says why the newest try could not be read while an older value still stands; `held` is the newest value where it
    dropped so far that somebody has to say that it is right.
    """

    signal: str
    what: str
    value: str
    unknown: str
    sample: str
    window: str
    at: datetime
    source: str
    url: str
    is_stale: bool = False
    is_removed: bool = False
    trouble: str = ""
    detail: str = ""
    held: str = ""


def facts_of(
    team: Team, as_of: date, signals: Iterable[str] | None = None
) -> dict[str, tuple[FactLine, ...]]:
    """By signal, the facts that sources of the team have ever told, in one query; all signals when none are named."""
    readings = Reading.objects.filter(team=team).select_related("latest", "good").order_by("signal", "source")
    if signals is not None:
        readings = readings.filter(signal__in=list(signals))
    found: dict[str, tuple[FactLine, ...]] = {}
    for reading in readings:
        found[reading.signal] = (*found.get(reading.signal, ()), fact_line(reading, as_of))
    return found


def chosen(facts: Mapping[str, tuple[FactLine, ...]], signals: Iterable[str]) -> tuple[FactLine, ...]:
    """The facts of these signals, in their order."""
    return tuple(fact for signal in signals for fact in facts.get(signal, ()))


def fact_line(reading: Reading, as_of: date) -> FactLine:
    """The last value that could be read, else why there is none."""
    standing = reading.good or reading.latest
    at = reading.read_at or reading.tried_at
    trouble = ""
    if reading.good is not None and reading.latest_id != reading.good_id and reading.latest.reason:
        trouble = words.reason_words(reading.latest.reason)
    return FactLine(
        signal=reading.signal,
        what=words.signal_phrase(reading.signal, typed_value(standing)),
        value=words.value_words(reading.signal, typed_value(standing), standing.bound),
        unknown=words.reason_words(standing.reason) if standing.reason else "",
        sample=sample_words(standing),
        window=words.window_words(reading.signal),
        at=at,
        source=words.source_words(reading.source, standing.url),
        url=standing.url,
        is_stale=as_of - at.date() > timedelta(days=SIGNAL_VALID_DAYS),
        is_removed=reading.removed_at is not None,
        trouble=trouble,
        held=_held(reading),
        detail=standing.detail,
    )


def _held(reading: Reading) -> str:
    if reading.held_at is None:
        return ""
    latest = reading.latest
    if latest.reason:
        return words.reason_words(latest.reason)
    return words.value_words(reading.signal, typed_value(latest), latest.bound)


def sample_words(measurement: Measurement) -> str:
    """ "24 of 31", "n = 31", or nothing."""
    return words.tally_words(measurement.numerator, measurement.denominator, measurement.sample)
