"""Reads experiments, runs and numbers of traces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assessments.vocabulary import Reason
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow import parse
from integrations.connectors.mlflow.options import is_pattern, matches
from integrations.connectors.mlflow.parse import Experiment, Run
from integrations.connectors.mlflow.reader import (
    CUT,
    Gap,
    Reader,
    gap_of,
    is_absent,
    is_missing_endpoint,
    read_all,
)

# A run is some 7 KB (the schemas of its datasets), and big pages hurt the server's memory, not ours.
PAGE = 200
SMALLEST_PAGE = 10
MAX_RUNS = 10_000
MAX_RUN_PAGES = 200
EXPERIMENT_PAGE = 500
MAX_EXPERIMENT_PAGES = 40
IDS_AT_ONCE = 100
# One small question per run: MLflow counts traces of a run, but not those without one.
MAX_TRACED_RUNS = 200


@dataclass(frozen=True, slots=True)
class Experiments:
    """Experiments proven to exist and be active; `gaps` tell of entries that could not be proven."""

    proven: tuple[Experiment, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class RunList:
    """Runs of the window, newest first, children among them.

    `is_complete` is False when older ones were not read; all that started after `covered_from_ms` were.
    """

    runs: tuple[Run, ...]
    covered_from_ms: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class ExperimentList:
    """Experiments that the credential sees, deleted ones too. `is_whole` is False when there are more than were read."""

    experiments: tuple[Experiment, ...]
    is_whole: bool


def ask_experiments(reader: Reader, entries: Sequence[str]) -> Experiments:
    """Proves every entry, since runs/search answers 200 {} for an unknown, a deleted and a forbidden experiment alike."""
    proven: dict[str, Experiment] = {}
    gaps: list[Gap] = []
    listed: ExperimentList | Gap | None = None
    for entry in entries:
        if is_pattern(entry):
            if listed is None:
                listed = _list(reader)
                gaps += [] if isinstance(listed, Gap) or listed.is_whole else [CUT]
            found = listed if isinstance(listed, Gap) else _matching(listed.experiments, entry)
        else:
            found = _prove(reader, entry)
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            proven |= {experiment.id: experiment for experiment in found}
    return Experiments(tuple(proven.values()), tuple(gaps))


def _prove(reader: Reader, entry: str) -> list[Experiment] | Gap:
    questions: list[tuple[str, dict[str, str]]] = [("get-by-name", {"experiment_name": entry})]
    # A longer number is no id, and MLflow dies of it (HTTP 500) where it should say "not there".
    if re.fullmatch("[0-9]{1,18}", entry):
        questions.insert(0, ("get", {"experiment_id": entry}))
    for how, params in questions:
        try:
            data = reader.get(f"2.0/mlflow/experiments/{how}", params)
            found = parse.experiment(parse.required(data, "experiment"))
        except SourceError as error:
            if is_absent(error):
                continue
            return gap_of(error)
        return _deleted(entry) if found.is_deleted else [found]
    return Gap(Reason.EXPERIMENT_NOT_FOUND.value, f"MLflow knows no experiment {entry!r}.")


def _matching(listed: Sequence[Experiment], pattern: str) -> list[Experiment] | Gap:
    found = [experiment for experiment in listed if matches(experiment.name, pattern)]
    active = [experiment for experiment in found if not experiment.is_deleted]
    if active:
        return active
    if found:
        return _deleted(pattern)
    return Gap(
        Reason.EXPERIMENT_NOT_FOUND.value,
        f"No experiment that this credential sees is named like {pattern!r}.",
    )


def _deleted(entry: str) -> Gap:
    return Gap(Reason.EXPERIMENT_DELETED.value, f"The experiment {entry!r} was deleted in MLflow.")


def _list(reader: Reader) -> ExperimentList | Gap:
    try:
        return list_experiments(reader)
    except SourceError as error:
        return gap_of(error)


def list_experiments(reader: Reader) -> ExperimentList:
    """The experiments that the credential sees. Raises SourceError."""

    def ask(token: Mapping[str, str]) -> parse.Row:
        # The number of results must be given; without it MLflow answers 400.
        body = {"max_results": EXPERIMENT_PAGE, "view_type": "ALL", **token}
        return reader.post("2.0/mlflow/experiments/search", body)

    found, is_whole = read_all(ask, "experiments", parse.experiment, max_pages=MAX_EXPERIMENT_PAGES)
    return ExperimentList(tuple(found), is_whole)


def ask_runs(
    reader: Reader, experiments: Sequence[Experiment], *, after_ms: int, until_ms: int
) -> RunList | Gap:
    """Runs started in the window. The upper end is pinned, so that a run started now cannot push others over a page's edge."""
    found: dict[str, Run] = {}
    covered_from = after_ms
    ids = [experiment.id for experiment in experiments]
    for start in range(0, len(ids), IDS_AT_ONCE):
        body = {
            "experiment_ids": ids[start : start + IDS_AT_ONCE],
            "filter": f"attributes.start_time > {after_ms} AND attributes.start_time <= {until_ms}",
            "run_view_type": "ACTIVE_ONLY",
            "order_by": ["attributes.start_time DESC"],
        }
        try:
            runs, is_whole = _read_runs(reader, body, room=MAX_RUNS - len(found))
        except SourceError as error:
            return gap_of(error)
        # Whatever the server makes of the filter, only the window counts.
        inside = [run for run in runs if after_ms < run.start_ms <= until_ms]
        found |= {run.id: run for run in inside}
        if not is_whole:
            covered_from = max(covered_from, min((run.start_ms for run in inside), default=until_ms))
    newest = sorted(found.values(), key=lambda run: (run.start_ms, run.id), reverse=True)
    return RunList(tuple(newest), covered_from, is_complete=covered_from <= after_ms)


def _read_runs(reader: Reader, body: Mapping[str, Any], *, room: int) -> tuple[list[Run], bool]:
    """Runs, newest first, and whether that was all; none where there is no room for more."""
    size = PAGE

    def ask(token: Mapping[str, str]) -> parse.Row:
        nonlocal size
        while True:
            try:
                return reader.post("2.0/mlflow/runs/search", {**body, **token, "max_results": size})
            except SourceError as error:
                # One run may carry 16 MB of dataset profile; its neighbours are then read in smaller company.
                if error.kind is not Failure.TOO_BIG or size <= SMALLEST_PAGE:
                    raise
                size = max(size // 5, SMALLEST_PAGE)

    if room <= 0:
        return [], False
    return read_all(ask, "runs", parse.run, max_pages=MAX_RUN_PAGES, max_rows=room)


def ask_run(reader: Reader, run_id: str) -> Run | Gap | None:
    """One run, deleted ones too; None when MLflow says that it is not there."""
    try:
        return parse.run(parse.required(reader.get("2.0/mlflow/runs/get", {"run_id": run_id}), "run"))
    except SourceError as error:
        return None if is_absent(error) else gap_of(error)


def ask_traces(
    reader: Reader,
    experiments: Sequence[Experiment],
    runs: Sequence[Run] | Gap,
    *,
    after_ms: int,
    until_ms: int,
) -> int | Gap:
    """How many traces the window holds, without those made inside `runs` (tests, evaluations).

    Where the runs were not all read, or are too many to ask about, what is left may still be theirs: then it is unknown.

    traces/metrics answers with a number; traces/search would hand out what users asked the model.
    """
    body = {
        "experiment_ids": [experiment.id for experiment in experiments],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
        "start_time_ms": after_ms,
        "end_time_ms": until_ms,
    }
    try:
        left = _count(reader, body)
        if left and isinstance(runs, Gap):
            return runs
        for number, run in enumerate(runs if not isinstance(runs, Gap) else ()):
            if left <= 0:
                break
            if number == MAX_TRACED_RUNS:
                return CUT
            left -= _count(reader, {**body, "filters": [f"trace.metadata.`mlflow.sourceRun` = '{run.id}'"]})
    except SourceError as error:
        if is_missing_endpoint(error):
            return Gap(Reason.UNSUPPORTED.value, "This MLflow server is too old to count traces.")
        return gap_of(error)
    return max(left, 0)


def _count(reader: Reader, body: Mapping[str, Any]) -> int:
    return parse.trace_count(reader.post("3.0/mlflow/traces/metrics", body))
