"""Signals of the team's models: the metrics they give, and which versions answered."""

from __future__ import annotations

from collections import Counter

from assessments.vocabulary import Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, count, unknown
from integrations.connectors.http import SourceError
from integrations.connectors.prometheus.matchers import NAME_LABEL, Matcher, Selector
from integrations.connectors.prometheus.observe import NO_MODEL, no_series
from integrations.connectors.prometheus.options import ACTIVE, MODEL_METRICS, PARALLEL, Line, Setup
from integrations.connectors.prometheus.payload import whole
from integrations.connectors.prometheus.reader import MAX_SERIES, Reader, Runtime, gap_of
from integrations.connectors.prometheus.window import DAY, Window, covers

# The client libraries' own; they say nothing of a model.
_NOT_OF_MODELS = ("python_", "process_", "go_", "http_", "grpc_", "scrape_")
DAYS = 90


def observe_model_metrics(setup: Setup, reader: Reader, window: Window, *, url: str) -> Observation:
    """Different names of metrics with a sample in the last day. Raises SourceError when nothing can be read any more."""
    if not setup.models:
        return unknown(MODEL_METRICS, NO_MODEL, url=url)
    gaps: list[Gap] = []
    names: set[str] = set()
    for line in setup.models:
        if line.selector is None:
            gaps.append(no_series(line))
            continue
        try:
            found = reader.series(line.selector.any_metric, start=window.days_ago(1), end=window.now)
        except SourceError as error:
            gaps.append(gap_of(error, "endpoint for series"))
            continue
        names |= {labels.get(NAME_LABEL, "") for labels in found}
        if not found:
            gaps.append(no_series(line))
        elif len(found) >= MAX_SERIES:
            gaps.append(
                Gap(Reason.TRUNCATED.value, f"Only {MAX_SERIES:,} series with {line.text} were read.")
            )
    own = sorted(name for name in names if name and name != "up" and not name.startswith(_NOT_OF_MODELS))
    return count(MODEL_METRICS, len(own), gaps, url=url, detail=", ".join(own[:5]))


def observe_versions(
    setup: Setup, reader: Reader, runtime: Runtime, window: Window, *, url: str
) -> list[Observation]:
    """Which versions answered. Raises SourceError when nothing can be read any more."""
    gap = _not_told(setup)
    if gap is not None:
        return [unknown(signal, gap, url=url) for signal in (ACTIVE, PARALLEL)]
    by_line = [(line, _why_none(line, setup, reader, window)) for line in setup.models]
    return [
        _active(by_line, setup, reader, runtime, window, url=url),
        _parallel(by_line, setup, reader, runtime, window, url=url),
    ]


Lines = list[tuple[Line, Gap | None]]


def _not_told(setup: Setup) -> Gap | None:
    if not setup.models:
        return NO_MODEL
    if setup.counter and setup.version_label:
        return None
    words = setup.why_not or "The mapping names no prediction counter, or no label of its versions."
    reason = Reason.SELECTOR_MATCHES_NOTHING if setup.why_not else Reason.NOT_CONFIGURED
    return Gap(reason.value, words)


def _why_none(line: Line, setup: Setup, reader: Reader, window: Window) -> Gap | None:
    """Why a model's versions cannot be told: its counter is not there, or nothing on it names a version."""
    if line.selector is None:
        return no_series(line)
    try:
        found = reader.series(line.selector.of(setup.counter), start=window.days_ago(DAYS), end=window.now)
    except SourceError as error:
        return gap_of(error, "endpoint for series")
    if not found:
        words = f"Prometheus has no series {setup.counter} with {line.text}."
        return Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)
    if not any(labels.get(setup.version_label) for labels in found):
        words = f"{setup.counter} with {line.text} has no label {setup.version_label}."
        return Gap(Reason.NO_VERSION_LABEL.value, words)
    return None


def _counter(selector: Selector, setup: Setup) -> str:
    return selector.of(setup.counter, Matcher(setup.version_label, "!=", ""))


def _increase(line: Line, setup: Setup) -> str:
    assert line.selector is not None
    return f"increase({_counter(line.selector, setup)}[1d])"


def _active(
    by_line: Lines, setup: Setup, reader: Reader, runtime: Runtime, window: Window, *, url: str
) -> Observation:
    gaps: list[Gap] = []
    total = 0
    if not covers(runtime.retention, 1):
        gap = Gap(Reason.WINDOW_NOT_COVERED.value, "Prometheus keeps data for less than a day.")
        return unknown(ACTIVE, gap, url=url)
    for line, why in by_line:
        if why is not None:
            gaps.append(why)
            continue
        try:
            by_version = f"count by ({setup.version_label}) ({_increase(line, setup)} > 0)"
            # No series here: the counter is there and did not move.
            total += whole(reader.query(f"count({by_version})", at=window.now))
        except SourceError as error:
            gaps.append(gap_of(error, "endpoint for queries"))
    return count(ACTIVE, total, gaps, url=url, detail=f"By the label {setup.version_label}.")


def _parallel(
    by_line: Lines, setup: Setup, reader: Reader, runtime: Runtime, window: Window, *, url: str
) -> Observation:
    gaps: list[Gap] = []
    most = 0
    for line, why in by_line:
        if why is not None:
            gaps.append(why)
            continue
        try:
            days, seen = _days(line, setup, reader, window)
        except SourceError as error:
            gaps.append(gap_of(error, "endpoint for ranges of time"))
            continue
        most = max(most, days)
        if seen < DAYS or not covers(runtime.retention, DAYS):
            words = f"Prometheus has the counter of {line.text} on {seen} of {DAYS} days."
            gaps.append(Gap(Reason.WINDOW_NOT_COVERED.value, words))
    return count(PARALLEL, most, gaps, url=url, detail="Days of the model with the most.")


def _days(line: Line, setup: Setup, reader: Reader, window: Window) -> tuple[int, int]:
    """On how many days at least two versions answered, and on how many there was anything to see."""
    versions = reader.query_range(
        f"sum by ({setup.version_label}) ({_increase(line, setup)})",
        start=window.days_ago(DAYS - 1),
        end=window.now,
        step=DAY,
    )
    seen = {at for series in versions for at, _ in series.points}
    answered = Counter(at for series in versions for at, increase in series.points if increase > 0)
    return sum(number >= 2 for number in answered.values()), len(seen)
