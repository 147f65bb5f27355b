"""CI runs as every host has them: who started one, how it ended, what its steps show of tests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from integrations.connectors.common.places import Place
from integrations.connectors.common.unread import Unread


class StartedBy(StrEnum):
    """What began a run. MACHINE: an event other than a schedule or a change of code. OTHER: none of these can be said."""

    PERSON = "person"
    SCHEDULE = "schedule"
    CHANGE = "change"
    MACHINE = "machine"
    OTHER = "other"


class Outcome(StrEnum):
    """How a run ended. LEFT_OUT (cancelled, skipped, neutral) counts nowhere; OTHER counts as a run and in no rate."""

    SUCCESS = "success"
    FAILED = "failed"
    OTHER = "other"
    LEFT_OUT = "left_out"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow, pipeline or job. `outcome` is that of the last attempt.

    `definition_id` is the number of what was run, 0 where the host has no such number. `starter` is the account that began
    the attempt that the outcome speaks of.
    """

    id: int
    started_by: StartedBy
    outcome: Outcome
    branch: str
    sha: str
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    url: str
    attempt: int = 1
    starter: str = ""
    definition_id: int = 0
    is_from_fork: bool = False

    @property
    def is_counted(self) -> bool:
        """A run that came to an end of its own: completed, and not cancelled, skipped or neutral."""
        return self.outcome not in (Outcome.RUNNING, Outcome.LEFT_OUT)

    @property
    def is_decided(self) -> bool:
        """A run that a rate of success speaks of."""
        return self.outcome in (Outcome.SUCCESS, Outcome.FAILED)

    @property
    def is_success(self) -> bool:
        return self.outcome is Outcome.SUCCESS

    @property
    def is_manual(self) -> bool:
        return self.started_by is StartedBy.PERSON

    @property
    def is_by_machine_event(self) -> bool:
        """Started by a machine, but neither by a schedule nor by a change of code."""
        return self.started_by is StartedBy.MACHINE


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of a window, newest first. `gap`: why some of the window is not among them."""

    runs: tuple[Run, ...]
    gap: Unread | None = None


def newest_once(runs: Iterable[Run]) -> list[Run]:
    """Runs, newest first, each once: windows share their edges and pages may shift."""
    found = {run.id: run for run in runs}
    return sorted(found.values(), key=lambda run: (run.created_at, run.id), reverse=True)


def on_branch(runs: Iterable[Run], branch: str) -> list[Run]:
    """Counted runs of the branch itself: a fork's pull request may come from a branch of the same name."""
    return [run for run in runs if run.is_counted and run.branch == branch and not run.is_from_fork]


def covers_change(runs: Iterable[Run]) -> bool:
    """Whether a run that nobody started by hand came to an end for a change."""
    return any(run.is_counted and run.started_by is StartedBy.CHANGE for run in runs)


@dataclass(frozen=True, slots=True)
class Step:
    """A job or a step of one. `ended_at` is None where the host does not say when."""

    name: str
    outcome: Outcome
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepFindings:
    """What the jobs of one run show of tests. `passed_at` is when the first test step that succeeded was over."""

    has_run: bool
    passed_at: datetime | None


def tests_among(steps: Iterable[Step], pattern: re.Pattern[str]) -> StepFindings:
    """Whether a job or step of that name came to success or failure. A skipped one tested nothing."""
    ended = [
        step
        for step in steps
        if step.outcome in (Outcome.SUCCESS, Outcome.FAILED) and pattern.search(step.name)
    ]
    passed = [
        step.ended_at for step in ended if step.outcome is Outcome.SUCCESS and step.ended_at is not None
    ]
    return StepFindings(bool(ended), min(passed, default=None))


class CiHost(Protocol):
    """What signals ask of a host about runs."""

    def has_ci(self, place: Place) -> bool | Unread:
        """Whether the repository has CI at this host at all. No CI is no zero: it may run elsewhere."""

    def runs_of(self, place: Place, sha: str) -> tuple[Run, ...] | Unread:
        """Completed runs of one commit."""

    def test_steps(self, place: Place, run: Run) -> StepFindings | Unread:
        """What the jobs of the last attempt of a run show of tests."""
