"""Workflow runs, their jobs and steps. Pure: rows of GitHub's answers in, runs out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from integrations.connectors.github.options import Named
from integrations.connectors.github.payload import (
    Row,
    is_person,
    login,
    moment,
    number,
    page_url,
    part,
    rows,
    sha,
    text,
)

SUCCESS = "success"
FAILED = frozenset({"failure", "timed_out"})
NOT_COUNTED = frozenset({"cancelled", "skipped", "neutral"})
CHANGE_EVENTS = frozenset({"push", "pull_request", "merge_group"})


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run. `conclusion` is that of the last attempt, empty while it runs."""

    id: int
    event: str
    conclusion: str
    branch: str
    sha: str
    path: str
    workflow_id: int
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    attempt: int
    starter: str
    is_started_by_person: bool
    is_from_fork: bool
    url: str

    @property
    def is_counted(self) -> bool:
        """A run that came to an end of its own: completed, and not cancelled, skipped or neutral."""
        return bool(self.conclusion) and self.conclusion not in NOT_COUNTED

    @property
    def is_success(self) -> bool:
        return self.conclusion == SUCCESS

    @property
    def is_manual(self) -> bool:
        return self.event == "workflow_dispatch" and self.is_started_by_person

    @property
    def is_by_machine_event(self) -> bool:
        """Started by a machine, but neither by a schedule nor by a change of code."""
        by_tool = self.event in ("workflow_dispatch", "workflow_run") and not self.is_started_by_person
        return self.event == "repository_dispatch" or by_tool


def read_run(row: Row) -> Run | None:
    """A run; None when it has no id or no time of creation. Recordings before 2022 have no starter and no attempt."""
    created_at = moment(row, "created_at")
    if created_at is None or not number(row, "id"):
        return None
    # `actor` began the first attempt, `triggering_actor` the one that the conclusion speaks of.
    starter = part(row, "triggering_actor") or part(row, "actor")
    home, head = part(row, "repository"), part(row, "head_repository")
    return Run(
        id=number(row, "id"),
        event=text(row, "event"),
        conclusion=text(row, "conclusion") if row.get("status") == "completed" else "",
        branch=text(row, "head_branch"),
        sha=sha(row, "head_sha"),
        path=text(row, "path").partition("@")[0],
        workflow_id=number(row, "workflow_id"),
        created_at=created_at,
        started_at=moment(row, "run_started_at") or created_at,
        finished_at=moment(row, "updated_at") or created_at,
        attempt=number(row, "run_attempt") or 1,
        starter=login(starter),
        is_started_by_person=is_person(starter),
        is_from_fork=bool(home and head) and number(home, "id") != number(head, "id"),
        url=page_url(text(row, "html_url")),
    )


def read_runs(found: Iterable[Row]) -> list[Run]:
    """Runs, newest first, each once: windows share their edges and pages may shift."""
    runs = {run.id: run for row in found if (run := read_run(row)) is not None}
    return sorted(runs.values(), key=lambda run: (run.created_at, run.id), reverse=True)


def on_branch(runs: Iterable[Run], branch: str) -> list[Run]:
    """Counted runs of the branch itself: a fork's pull request may come from a branch of the same name."""
    return [run for run in runs if run.is_counted and run.branch == branch and not run.is_from_fork]


@dataclass(frozen=True, slots=True)
class Workflow:
    id: int
    name: str
    path: str

    def answers_to(self, name: str) -> bool:
        """Whether people may mean this workflow: file name, path, display name or number."""
        return name.lower() in (
            PurePosixPath(self.path).name.lower(),
            self.path.lower(),
            self.name.lower(),
            str(self.id),
        )


def read_workflows(answer: Row) -> tuple[Workflow, ...]:
    """The workflows of a repository. Unread when the answer holds no list of them."""
    found = rows(answer, "workflows")
    return tuple(
        Workflow(number(row, "id"), text(row, "name"), text(row, "path"))
        for row in found
        if number(row, "id")
    )


def workflows_meant(
    named: Sequence[Named], workflows: Sequence[Workflow], full_name: str
) -> tuple[Workflow, ...]:
    names = [one.name for one in named if one.is_in(full_name)]
    return tuple(flow for flow in workflows if any(flow.answers_to(name) for name in names))


@dataclass(frozen=True, slots=True)
class StepFindings:
    """What the jobs of one run show of tests. `passed_at` is when the first test step that succeeded was over."""

    has_run: bool
    passed_at: datetime | None


def find_test_steps(jobs: Iterable[Row], pattern: re.Pattern[str]) -> StepFindings:
    """Whether a job or step of that name came to success or failure. A skipped one tested nothing."""
    ended: list[tuple[str, datetime | None]] = []
    for job in jobs:
        steps = job.get("steps")
        job_end = moment(job, "completed_at")
        for item in (
            (job, *(step for step in steps if isinstance(step, dict))) if isinstance(steps, list) else (job,)
        ):
            conclusion = text(item, "conclusion")
            if conclusion in (SUCCESS, "failure") and pattern.search(text(item, "name")):
                ended.append((conclusion, moment(item, "completed_at") or job_end))
    passed = [at for conclusion, at in ended if conclusion == SUCCESS and at is not None]
    return StepFindings(bool(ended), min(passed, default=None))


def covers_change(runs: Iterable[Run]) -> bool:
    """Whether a run that nobody started by hand came to an end for a change."""
    return any(run.is_counted and run.event in CHANGE_EVENTS for run in runs)
