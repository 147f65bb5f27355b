"""Asks for the pipelines that trained: those with a job of that name, and those of that name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from integrations.connectors.common.history import missing_from
from integrations.connectors.common.payload import Row, moment, record, text
from integrations.connectors.common.places import Asked, Named, Place, named_gap
from integrations.connectors.common.runs import Run, newest_once
from integrations.connectors.common.training_signals import Trainings
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.pipelines import Details, ended_jobs
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.gitlab.server import BuildServer, hidden_ci
from integrations.connectors.memory import Item, Recalled, Stream

WINDOW = timedelta(days=90)
MAX_JOB_PAGES = 150
MAX_TRAINING_RUNS = 300
# A job is listed by the time it was made, and one that waits to be played ends days later.
_OVERLAP = timedelta(days=7)


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Numbers of pipelines, newest first, that may have trained, and the names that any of them answers to.

    `gap`: why some of them may be missing.
    """

    ids: tuple[int, ...]
    answered: set[Named]
    gap: Unread | None = None


class JobWalk:
    """One walk back through the jobs of a project. They can be asked for by number only, so spans of time share the walk."""

    def __init__(self, reader: Reader, place: Place, names: frozenset[str]) -> None:
        asked = {"scope[]": ("success", "failed"), "pagination": "keyset", "order_by": "id", "sort": "desc"}
        self._pages = reader.pages(f"{place.path}/jobs", asked, max_pages=MAX_JOB_PAGES)
        self._names = names
        self._read: list[list[Item]] = []
        self._reached: datetime | None = None
        self._gap: Unread | None = None

    def back_to(self, since: datetime) -> Iterator[list[Item]]:
        """The pages read before, and those up to the moment. Raises Unread when a page cannot be had."""
        yield from self._read
        while self._reached is None or self._reached >= since:
            page = self._next()
            if page is None:
                return
            oldest = min((at for row in page if (at := moment(row, "created_at"))), default=None)
            self._reached = oldest or self._reached
            self._read.append(ended_jobs(page, self._names))
            yield self._read[-1]

    def _next(self) -> list[Row] | None:
        # What broke off once would look like its end the next time.
        if self._gap is not None:
            raise self._gap
        try:
            return next(self._pages, None)
        except Unread as gap:
            self._gap = gap
            raise


class Trainer:
    """Finds the training pipelines of projects."""

    def __init__(self, reader: Reader, remembering: Remembering, server: BuildServer) -> None:
        self._reader = reader
        self._remembering = remembering
        self._server = server

    def ask(self, asked: Sequence[Asked], named: Sequence[Named]) -> list[Trainings | Unread]:
        """The training pipelines of each project, one entry a project; Unread for a name that nothing answers to."""
        found: list[Trainings | Unread] = []
        met: set[Named] = set()
        for one in asked:
            meant = [name for name in named if name.is_in(one.mapped.full_name)]
            if not meant:
                continue
            if isinstance(one.found, Unread):
                found.append(one.found)
                continue
            try:
                candidates = self._candidates(one.found, meant)
                found += [self._trainings(one.found, candidates)] if candidates else []
                met |= candidates.answered if candidates else set()
            except Unread as gap:
                found.append(gap)
        # Only where all projects were seen, and as far back as it goes, is a name proven to be nobody's.
        if all(isinstance(entry, Trainings) and not _is_being_read(entry) for entry in found):
            found += [self._proof(asked, name) for name in named if name not in met]
        return found

    def _candidates(self, place: Place, meant: Sequence[Named]) -> _Candidates | None:
        """The pipelines that a name answers to; None where the project has no CI. Raises Unread."""
        has_ci = _told(self._server.has_ci(place))
        if not has_ci:
            return None
        jobs = self._jobs(place, frozenset(name.name.lower() for name in meant))
        ids = {int(item.data["pipeline"]) for item in jobs.items}
        names = {str(item.data["name"]) for item in jobs.items}
        answered = {name for name in meant if name.name.lower() in names}
        until = self._remembering.until
        gap = missing_from(jobs, since=until - WINDOW, until=until, what="jobs")
        for name in meant:
            listed = _told(self._server.named_runs(place, name.name, WINDOW.days))
            answered |= {name} if listed.runs else set()
            ids |= {run.id for run in listed.runs}
            gap = gap or listed.gap
        return _Candidates(tuple(sorted(ids, reverse=True)), answered, gap)

    def _trainings(self, place: Place, candidates: _Candidates) -> Trainings:
        """The candidates of the window that came to an end. Raises Unread when one cannot be asked."""
        since = self._remembering.until - WINDOW
        gap = candidates.gap
        if gap is None and len(candidates.ids) > MAX_TRAINING_RUNS:
            gap = Unread("truncated", f"{place.full_name}: more than {MAX_TRAINING_RUNS} training pipelines.")
        runs: list[Run] = []
        for pipeline_id in candidates.ids[:MAX_TRAINING_RUNS]:
            details = _told(self._server.details(place, pipeline_id))
            if details is not None and details.run.created_at >= since and details.run.is_counted:
                run, beginning = self._started(place, details)
                runs.append(run)
                gap = gap or beginning
        return Trainings(tuple(newest_once(runs)), gap)

    def _started(self, place: Place, details: Details) -> tuple[Run, Unread | None]:
        """The run with what began it, and why that is not known: a child pipeline was begun by what began its parent."""
        beginning = self._server.beginning(place, details)
        if isinstance(beginning, Unread):
            return details.run, beginning
        return replace(details.run, started_by=beginning.run.started_by, starter=beginning.starter), None

    def _jobs(self, place: Place, names: frozenset[str]) -> Recalled:
        """The jobs of these names that came to an end. Raises Unread."""
        stream = Stream(
            "training_jobs", f"{place.path}/{'|'.join(sorted(names))}", WINDOW, _OVERLAP, is_lasting=True
        )
        walk = JobWalk(self._reader, place, names)
        try:
            return self._remembering.recall(stream, lambda since, _: walk.back_to(since))
        except Unread as gap:
            raise hidden_ci(place, gap) from gap

    def _proof(self, asked: Sequence[Asked], name: Named) -> Trainings | Unread:
        """Nothing trained under a name in the window: a zero where the configuration has a job of it, else unknown."""
        for one in asked:
            if isinstance(one.found, Place) and name.is_in(one.mapped.full_name):
                try:
                    if name.name.lower() in self._configured(one.found):
                        return Trainings(())
                except Unread as gap:
                    return Unread("not_configured", named_gap(one.found, gap).detail, gap.cause)
        return Unread("not_configured", f"No job and no pipeline answers to “{name.name[:80]}”.")

    def _configured(self, place: Place) -> set[str]:
        """The names of the jobs in the project's CI configuration."""
        answer = record(self._reader.get(f"{place.path}/ci/lint", {"include_jobs": "true"}).data)
        jobs = answer.get("jobs")
        return (
            {text(job, "name").lower() for job in jobs if isinstance(job, dict)}
            if isinstance(jobs, list)
            else set()
        )


def _is_being_read(entry: Trainings) -> bool:
    return entry.gap is not None and entry.gap.reason == "window_not_covered"


def _told(answer: _T | Unread) -> _T:
    if isinstance(answer, Unread):
        raise answer
    return answer
