"""Signals of the team's services: their targets, how much of 30 days is covered, and how much of it they were up."""

from __future__ import annotations

from dataclasses import dataclass

from assessments.vocabulary import SIGNALS, Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, count, unknown
from integrations.connectors.http import SourceError
from integrations.connectors.prometheus.observe import NO_SERVICE, no_series
from integrations.connectors.prometheus.options import COVERAGE, TARGETS, UPTIME, Line, Setup
from integrations.connectors.prometheus.payload import bad_shape, one_number, whole
from integrations.connectors.prometheus.reader import Reader, Runtime, gap_of
from integrations.connectors.prometheus.window import STEPS_30D, Window, covers

# Rounding and a mark at the very edge; what is more than this is no share.
SLACK = 1.001
_UP_UNKNOWN = Gap(Reason.UNREACHABLE.value, "Prometheus gives samples, but not whether they were up.")


@dataclass(frozen=True, slots=True)
class Month:
    """A service over 30 days: the share of steps with a sample, and the share of steps at which it was up."""

    name: str
    coverage: float
    uptime: float | Gap


def observe_services(
    setup: Setup, reader: Reader, runtime: Runtime, window: Window, *, url: str
) -> list[Observation]:
    """Targets, coverage and uptime. Raises SourceError when nothing can be read any more."""
    months: list[Month | Gap]
    if setup.availability:
        months = [_own(setup.availability, reader, runtime, window)]
    else:
        months = [_month(line, reader, runtime, window) for line in setup.services]
    return [
        _targets(setup, reader, window, url=url),
        _smallest(COVERAGE, [m if isinstance(m, Gap) else (m.coverage, m.name) for m in months], url=url),
        _smallest(
            UPTIME,
            [m if isinstance(m, Gap) else m.uptime if isinstance(m.uptime, Gap) else (m.uptime, m.name) for m in months],
            url=url,
        ),
    ]  # fmt: skip


def _targets(setup: Setup, reader: Reader, window: Window, *, url: str) -> Observation:
    if not setup.services:
        return unknown(TARGETS, NO_SERVICE, url=url)
    gaps: list[Gap] = []
    found: list[str] = []
    try:
        for line in setup.services:
            ranged = f"count_over_time({line.selector.of('up')}[1h])" if line.selector else ""
            if ranged and one_number(reader.query(f"count({ranged})", at=window.now)) is not None:
                found.append(ranged)
            else:
                gaps.append(no_series(line))
        # `or` takes a target that two lines name only once.
        number = whole(reader.query(f"count({' or '.join(found)})", at=window.now)) if found else 0
    except SourceError as error:
        return unknown(TARGETS, gap_of(error, "endpoint for queries"), url=url)
    return count(TARGETS, number, gaps, url=url, detail="Targets scraped in the last hour.")


def _month(line: Line, reader: Reader, runtime: Runtime, window: Window) -> Month | Gap:
    if line.selector is None:
        return no_series(line)
    up = f"max({line.selector.of('up')})"
    words = f"Prometheus has no sample with {line.text} at any five-minute step of 30 days."
    nothing = Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)
    return _read_month(line.text, f"{up} > bool 0", up, reader, runtime, window) or nothing


def _own(expression: str, reader: Reader, runtime: Runtime, window: Window) -> Month | Gap:
    """By the team's own expression. It is asked alone first: what is an expression by itself is one inside parentheses."""
    try:
        alone = reader.query(expression, at=window.now)
    except SourceError as error:
        if error.status == 400:
            words = "Prometheus does not understand the availability expression, or it gives no series."
            return Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)
        return gap_of(error, "endpoint for queries")
    if len(alone) > 1:
        words = f"The availability expression gives {len(alone)} series; make it one, with max() or min()."
        return Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)
    # On lines of its own, so that a comment at its end stays a comment at its end.
    inside = f"(\n{expression}\n)"
    found = _read_month("the availability expression", inside, inside, reader, runtime, window)
    return found or Gap(
        Reason.SELECTOR_MATCHES_NOTHING.value, "The availability expression gives nothing in 30 days."
    )


def _read_month(
    name: str, up: str, seen: str, reader: Reader, runtime: Runtime, window: Window
) -> Month | Gap | None:
    """None where there was no sample at all in 30 days."""
    try:
        steps = one_number(reader.query(f"count_over_time(({seen})[30d:5m])", at=window.now))
        if steps is None:
            return None
        coverage = _share(steps)
        if coverage < _needed():
            return Month(name, coverage, _why_not_covered(seen, coverage, reader, runtime, window))
        total = one_number(reader.query(f"sum_over_time(({up})[30d:5m])", at=window.now))
        return Month(name, coverage, _UP_UNKNOWN if total is None else _share(total))
    except SourceError as error:
        return gap_of(error, "endpoint for queries")


def _why_not_covered(seen: str, coverage: float, reader: Reader, runtime: Runtime, window: Window) -> Gap:
    """Data that does not reach back says nothing of the service; holes in data that does are too small a sample."""
    words = f"Prometheus has samples of {coverage:.0%} of the 30 days"
    if runtime.retention is not None and not covers(runtime.retention, 30):
        return Gap(
            Reason.WINDOW_NOT_COVERED.value, f"{words}; it keeps data for {runtime.retention.days} days."
        )
    if not reader.query(f"count_over_time(({seen})[1d:5m] offset 29d)", at=window.now):
        return Gap(Reason.WINDOW_NOT_COVERED.value, f"{words}, and none of the first of them.")
    return Gap(Reason.INSUFFICIENT_SAMPLE.value, f"{words}; {_needed():.0%} are needed to say.")


def _needed() -> float:
    needed = SIGNALS[UPTIME].min_sample
    return needed.at_least if needed else 0.0


def _smallest(signal: str, months: list[tuple[float, str] | Gap], *, url: str) -> Observation:
    """The service with the least; unknown while one cannot be read, for it may be the one."""
    gap = next((month for month in months if isinstance(month, Gap)), None)
    shares = [month for month in months if not isinstance(month, Gap)]
    if gap is not None or not shares:
        return unknown(signal, gap or NO_SERVICE, url=url)
    value, name = min(shares)
    return Observation(signal, value, sample=STEPS_30D, url=url, detail=f"Least of all: {name}.")


def _share(steps: float) -> float:
    found = steps / STEPS_30D
    if not 0 <= found <= SLACK:
        raise bad_shape()
    return min(found, 1.0)
