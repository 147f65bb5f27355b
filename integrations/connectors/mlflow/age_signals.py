"""How often models are trained anew, and how old what is live has become. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from statistics import median

from assessments.vocabulary import SIGNALS, Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, unknown
from integrations.connectors.mlflow.parse import Run, Version
from integrations.connectors.mlflow.reader import CUT
from integrations.connectors.mlflow.version_signals import RunsById, Versions

INTERVAL = "mlflow.retrain_interval_365d"
AGE = "mlflow.live_version_age"
AGE_SIGNALS = (INTERVAL, AGE)
DAY_MS = 24 * 60 * 60 * 1000


def observe_ages(versions: Versions, runs: RunsById, *, now_ms: int, url: str) -> list[Observation]:
    """One observation for each of `AGE_SIGNALS`."""
    return [_interval(versions, runs, url=url), _age(versions, now_ms=now_ms, url=url)]


def _interval(versions: Versions, runs: RunsById, *, url: str) -> Observation:
    """One missing version or run could halve or double an interval, so any gap makes it unknown."""
    year = [version for version in versions.of_year if version.status == "READY"]
    gaps = versions.gaps_since(versions.year_ms)
    gaps += [gap for version in year if isinstance(gap := runs.get(version.run_id), Gap)]
    if any(version.run_id and version.run_id not in runs for version in year):
        gaps.append(CUT)
    if gaps:
        return unknown(INTERVAL, gaps[0], url=url)
    days = [days for starts in _starts(year, runs).values() for days in _between(starts)]
    needed = SIGNALS[INTERVAL].min_sample
    detail = f"{len(days)} intervals between trainings in a year."
    if needed is not None and len(days) < needed.at_least:
        return Observation(
            INTERVAL,
            None,
            reason=Reason.INSUFFICIENT_SAMPLE.value,
            sample=len(days),
            url=url,
            detail=f"{detail} At least {needed.at_least:g} are needed to say.",
        )
    return Observation(INTERVAL, round(median(days), 2), sample=len(days), url=url, detail=detail)


def _starts(versions: Iterable[Version], runs: RunsById) -> Mapping[str, set[int]]:
    """When each model was trained: the starts of the runs behind its versions."""
    found: dict[str, set[int]] = {}
    for version in versions:
        run = runs.get(version.run_id)
        if isinstance(run, Run) and run.start_ms > 0:
            found.setdefault(version.name, set()).add(run.start_ms)
    return found


def _between(starts: Iterable[int]) -> list[float]:
    return [(later - earlier) / DAY_MS for earlier, later in pairwise(sorted(starts))]


def _age(versions: Versions, *, now_ms: int, url: str) -> Observation:
    """The oldest of the models' live versions; a lower bound where a model may be missing."""
    newest: dict[str, Version] = {}
    for version in versions.live:
        known = newest.get(version.name)
        if known is None or version.created_ms > known.created_ms:
            newest[version.name] = version
    gaps = versions.gaps
    if not newest:
        if gaps:
            return unknown(AGE, gaps[0], url=url)
        return Observation(
            AGE,
            None,
            reason=Reason.INSUFFICIENT_SAMPLE.value,
            sample=0,
            url=url,
            detail="No version is live.",
        )
    oldest = min(newest.values(), key=lambda version: (version.created_ms, version.key))
    if oldest.created_ms <= 0:
        gap = Gap(Reason.UNREACHABLE.value, f"MLflow does not say when {oldest.key} was created.")
        return unknown(AGE, gap, url=url)
    # Whole days, or every collection would write another value.
    days = max(now_ms - oldest.created_ms, 0) // DAY_MS
    what = "the oldest of the live versions" if len(newest) > 1 else "the live version"
    why = f" At least this old: {gaps[0].detail}" if gaps else ""
    return Observation(
        AGE,
        days,
        bound="lower" if gaps else "exact",
        sample=len(versions.live),
        url=url,
        detail=f"{oldest.key} is {what}.{why}",
    )
