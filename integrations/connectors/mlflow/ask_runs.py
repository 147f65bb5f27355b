"""Reads experiments, runs and numbers of traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from assessments.vocabulary import Reason
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow import parse
from integrations.connectors.mlflow.parse import Experiment, Run
from integrations.connectors.mlflow.reader import Gap, Reader, gap_of, is_absent, is_missing_endpoint

# A run is some 7 KB (the schemas of its datasets), and big pages hurt the server's memory, not ours.
PAGE = 200
SMALLEST_PAGE = 10
MAX_RUNS = 10_000
MAX_EXPERIMENT_PAGES = 20
IDS_AT_ONCE = 100
# One small question per run; whoever has more runs than that in a month traces for other reasons than evaluation.
MAX_TRACED_RUNS = 50


@dataclass(frozen=True, slots=True)
class Experiments:
    """Experiments proven to exist and be active; `gaps` tell of entries that could not be proven."""

    proven: tuple[Experiment, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class RunList:
    """Runs of the window, newest first, children among them. `is_complete` is False when older ones were not read."""

    runs: tuple[Run, ...]
    is_complete: bool = True


def ask_experiments(reader: Reader, entries: Sequence[str]) -> Experiments:
    """Proves every entry, since runs/search answers 200 {} for an unknown, a deleted and a forbidden experiment alike."""
    proven: dict[str, Experiment] = {}
    gaps: list[Gap] = []
    listed: list[Experiment] | Gap | None = None
    for entry in entries:
        if "*" in entry or "?" in entry:
            listed = _list(reader) if listed is None else listed
            found = listed if isinstance(listed, Gap) else _matching(listed, entry)
        else:
            found = _prove(reader, entry)
        if isinstance(found, Gap):
            gaps.append(found)
        else:
            proven |= {experiment.id: experiment for experiment in found}
    return Experiments(tuple(proven.values()), tuple(gaps))


def _prove(reader: Reader, entry: str) -> list[Experiment] | Gap:
    questions: list[tuple[str, dict[str, str]]] = [("get-by-name", {"experiment_name": entry})]
    if entry.isdecimal():
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
    found = [experiment for experiment in listed if fnmatchcase(experiment.name, pattern)]
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


def _list(reader: Reader) -> list[Experiment] | Gap:
    try:
        return list_experiments(reader)
    except SourceError as error:
        return gap_of(error)


def list_experiments(reader: Reader) -> list[Experiment]:
    """Every experiment that the credential sees, deleted ones too. Raises SourceError."""
    found: list[Experiment] = []
    # The number of results must be given; without it MLflow answers 400.
    body: dict[str, Any] = {"max_results": 1_000, "view_type": "ALL"}
    for _ in range(MAX_EXPERIMENT_PAGES):
        data = reader.post("2.0/mlflow/experiments/search", body)
        found += [parse.experiment(row) for row in parse.rows(data, "experiments")]
        if not (token := parse.text(data, "next_page_token")):
            break
        body["page_token"] = token
    return found


def ask_runs(
    reader: Reader, experiments: Sequence[Experiment], *, after_ms: int, until_ms: int
) -> RunList | Gap:
    """Runs started in the window. The upper end is pinned, so that a run started now cannot push others over a page's edge."""
    found: dict[str, Run] = {}
    is_complete = True
    ids = [experiment.id for experiment in experiments]
    for start in range(0, len(ids), IDS_AT_ONCE):
        body = {
            "experiment_ids": ids[start : start + IDS_AT_ONCE],
            "filter": f"attributes.start_time > {after_ms} AND attributes.start_time <= {until_ms}",
            "run_view_type": "ACTIVE_ONLY",
            "order_by": ["attributes.start_time DESC"],
        }
        try:
            is_complete &= _read_runs(reader, body, found)
        except SourceError as error:
            return gap_of(error)
    newest = sorted(found.values(), key=lambda run: (run.start_ms, run.id), reverse=True)
    return RunList(tuple(newest), is_complete)


def _read_runs(reader: Reader, body: Mapping[str, Any], found: dict[str, Run]) -> bool:
    token, size = "", PAGE
    while len(found) < MAX_RUNS:
        question = {**body, "max_results": size} | ({"page_token": token} if token else {})
        try:
            data = reader.post("2.0/mlflow/runs/search", question)
        except SourceError as error:
            # One run may carry 16 MB of dataset profile; its neighbours are then read in smaller company.
            if error.kind is not Failure.TOO_BIG or size <= SMALLEST_PAGE:
                raise
            size = max(size // 5, SMALLEST_PAGE)
            continue
        for row in parse.rows(data, "runs"):
            run = parse.run(row)
            if run.id:
                found[run.id] = run
        following = parse.text(data, "next_page_token")
        if not following or following == token:
            return True
        token = following
    return False


def ask_run(reader: Reader, run_id: str) -> Run | Gap | None:
    """One run, deleted ones too; None when MLflow says that it is not there."""
    try:
        return parse.run(parse.required(reader.get("2.0/mlflow/runs/get", {"run_id": run_id}), "run"))
    except SourceError as error:
        return None if is_absent(error) else gap_of(error)


def ask_traces(
    reader: Reader, experiments: Sequence[Experiment], runs: Sequence[Run], *, after_ms: int, until_ms: int
) -> int | Gap:
    """How many traces the window holds, without those made inside `runs` (tests, evaluations).

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
        total = _count(reader, body)
        for run in runs[:MAX_TRACED_RUNS] if total else ():
            total -= _count(reader, {**body, "filters": [f"trace.metadata.`mlflow.sourceRun` = '{run.id}'"]})
    except SourceError as error:
        if is_missing_endpoint(error):
            return Gap(Reason.UNSUPPORTED.value, "This MLflow server is too old to count traces.")
        return gap_of(error)
    return max(total, 0)


def _count(reader: Reader, body: Mapping[str, Any]) -> int:
    return parse.trace_count(reader.post("3.0/mlflow/traces/metrics", body))
