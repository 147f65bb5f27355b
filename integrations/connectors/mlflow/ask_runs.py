"""Reads experiments, runs and numbers of traces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assessments.vocabulary import Reason
from integrations.connectors.common.gaps import Gap
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.memory import Item, Memory
from integrations.connectors.mlflow import parse
from integrations.connectors.mlflow.options import is_pattern, matches
from integrations.connectors.mlflow.parse import Experiment, Run
from integrations.connectors.mlflow.reader import (
    CUT,
    Cut,
    Reader,
    gap_of,
    is_absent,
    is_missing_endpoint,
    pages,
    read_all,
)
from integrations.connectors.mlflow.remembered import WINDOW, Kept, ms, run_of

# MLflow makes it, named Default, when it starts for the first time.
FIRST_EXPERIMENT = "0"
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

    `is_complete` is False when older ones were not read, because of `missing`; all that started after `covered_from_ms` were.
    """

    runs: tuple[Run, ...]
    covered_from_ms: int
    is_complete: bool = True
    missing: Gap = CUT


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


def hides_experiments(reader: Reader) -> bool:
    """Whether the user sees only experiments that are granted one by one: then MLflow refuses its first one, which it shows, or
    says to be gone, to others. Raises SourceError.
    """
    try:
        reader.get("2.0/mlflow/experiments/get", {"experiment_id": FIRST_EXPERIMENT})
    except SourceError as error:
        if error.kind not in {Failure.NOT_FOUND, Failure.FORBIDDEN}:
            raise
        return error.kind is Failure.FORBIDDEN
    return False


def ask_runs(
    reader: Reader, experiments: Sequence[Experiment], memory: Memory, kept: Kept, *, until: datetime
) -> RunList | Gap:
    """Runs started in the window. The upper end is pinned, so that a run started now cannot push others over a page's edge."""
    found: dict[str, Run] = {}
    begins_ms, until_ms = ms(until - WINDOW), ms(until)
    covered_from, missing = begins_ms, CUT
    ids = sorted(experiment.id for experiment in experiments)
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ids[start : start + IDS_AT_ONCE]
        if len(found) >= MAX_RUNS:
            covered_from = until_ms
            break
        listing = _Listing(reader, some, kept, room=MAX_RUNS - len(found))
        try:
            recalled = memory.recall(
                kept.stream(some), until=until, fetch=listing.fetch, refetch=listing.refetch
            )
            if recalled.cause is not None and listing.cut_ms is None:
                raise recalled.cause
        except SourceError as error:
            return gap_of(error)
        runs = map(run_of, recalled.items)
        found |= {run.id: run for run in runs if begins_ms < run.start_ms <= until_ms}
        if listing.cut_ms is not None:
            covered_from = max(covered_from, listing.cut_ms)
        elif ms(recalled.covered_from) > covered_from:
            covered_from, missing = ms(recalled.covered_from), _history(until - recalled.covered_from)
    newest = sorted(found.values(), key=lambda run: (run.start_ms, run.id), reverse=True)
    return RunList(tuple(newest), covered_from, covered_from <= begins_ms, missing)


def _history(known: timedelta) -> Gap:
    return Gap(
        Reason.WINDOW_NOT_COVERED.value,
        f"The history of runs is still being read: {known.days} of {WINDOW.days} days so far.",
    )


class _Listing:
    """Asks for the runs of some experiments, newest first. `cut_ms`: what started later is all there, older runs may be missing."""

    def __init__(self, reader: Reader, ids: Sequence[str], kept: Kept, *, room: int) -> None:
        self._reader = reader
        self._ids = ids
        self._kept = kept
        self._room = room
        self._size = PAGE
        self.cut_ms: int | None = None

    def fetch(self, since: datetime, until: datetime) -> Iterator[list[Item]]:
        """Pages of the runs started in the span. Raises SourceError; Cut when there are more than are read at once."""
        after_ms, until_ms = ms(since), ms(until)
        oldest_ms = until_ms
        question = {
            "filter": f"attributes.start_time > {after_ms} AND attributes.start_time <= {until_ms}",
            "order_by": ["attributes.start_time DESC"],
        }
        try:
            for page in self._pages(question, max_rows=self._room):
                # Whatever the server makes of the filter, only the window counts.
                inside = [run for run in page if after_ms < run.start_ms <= until_ms]
                oldest_ms = min((run.start_ms for run in inside), default=oldest_ms)
                yield list(map(self._kept.item, inside))
        except Cut:
            self.cut_ms = oldest_ms
            raise

    def refetch(self, run_ids: Sequence[str]) -> list[Item]:
        """The runs as they stand now; deleted ones are left out. Raises SourceError."""
        named = ", ".join(f"'{run_id}'" for run_id in run_ids)
        found = self._pages({"filter": f"attributes.run_id IN ({named})"})
        return [self._kept.item(run) for page in found for run in page if run.id in run_ids]

    def _pages(self, question: Mapping[str, Any], **caps: int) -> Iterator[list[Run]]:
        body = {"experiment_ids": self._ids, "run_view_type": "ACTIVE_ONLY", **question}

        def ask(token: Mapping[str, str]) -> parse.Row:
            while True:
                try:
                    return self._reader.post(
                        "2.0/mlflow/runs/search", {**body, **token, "max_results": self._size}
                    )
                except SourceError as error:
                    # One run may carry 16 MB of dataset profile; its neighbours are then read in smaller company.
                    if error.kind is not Failure.TOO_BIG or self._size <= SMALLEST_PAGE:
                        raise
                    self._size = max(self._size // 5, SMALLEST_PAGE)

        return pages(ask, "runs", parse.run, max_pages=MAX_RUN_PAGES, **caps)


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
