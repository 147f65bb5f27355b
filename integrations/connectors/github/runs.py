"""Workflow runs, their jobs and steps. Pure: rows of GitHub's answers in, runs out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from integrations.connectors.common.payload import Row, moment, number, page_url, part, rows, sha, text
from integrations.connectors.common.places import Named
from integrations.connectors.common.runs import (
    Outcome,
    Run,
    StartedBy,
    Step,
    StepFindings,
    newest_once,
    tests_among,
)
from integrations.connectors.github.payload import is_person, login

# Runs that came to no end of their own; any further conclusion (action_required, stale) is an end without a verdict.
OUTCOMES = {
    "success": Outcome.SUCCESS,
    "failure": Outcome.FAILED,
    "timed_out": Outcome.FAILED,
    "cancelled": Outcome.LEFT_OUT,
    "skipped": Outcome.LEFT_OUT,
    "neutral": Outcome.LEFT_OUT,
    "": Outcome.RUNNING,
}
CHANGE_EVENTS = frozenset({"push", "pull_request", "merge_group"})


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
        started_by=_started_by(text(row, "event"), is_by_person=is_person(starter)),
        outcome=OUTCOMES.get(text(row, "conclusion"), Outcome.OTHER)
        if row.get("status") == "completed"
        else Outcome.RUNNING,
        branch=text(row, "head_branch"),
        sha=sha(row, "head_sha"),
        created_at=created_at,
        started_at=moment(row, "run_started_at") or created_at,
        finished_at=moment(row, "updated_at") or created_at,
        url=page_url(text(row, "html_url")),
        attempt=number(row, "run_attempt") or 1,
        starter=login(starter),
        definition_id=number(row, "workflow_id"),
        is_from_fork=bool(home and head) and number(home, "id") != number(head, "id"),
    )


def _started_by(event: str, *, is_by_person: bool) -> StartedBy:
    if event == "schedule":
        return StartedBy.SCHEDULE
    if event in CHANGE_EVENTS:
        return StartedBy.CHANGE
    if event == "workflow_dispatch" and is_by_person:
        return StartedBy.PERSON
    by_tool = event in ("workflow_dispatch", "workflow_run") and not is_by_person
    return StartedBy.MACHINE if event == "repository_dispatch" or by_tool else StartedBy.OTHER


def read_runs(found: Iterable[Row]) -> list[Run]:
    """Runs, newest first, each once: windows share their edges and pages may shift."""
    return newest_once(run for row in found if (run := read_run(row)) is not None)


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


def find_test_steps(jobs: Iterable[Row], pattern: re.Pattern[str]) -> StepFindings:
    """Whether a job or step of that name came to success or failure. A skipped one tested nothing."""
    return tests_among(_steps(jobs), pattern)


def _steps(jobs: Iterable[Row]) -> Iterator[Step]:
    for job in jobs:
        steps = job.get("steps")
        job_end = moment(job, "completed_at")
        for item in (
            (job, *(step for step in steps if isinstance(step, dict))) if isinstance(steps, list) else (job,)
        ):
            outcome = OUTCOMES.get(text(item, "conclusion"), Outcome.OTHER)
            # A step that ran out of time tested to no end.
            if text(item, "conclusion") != "timed_out":
                yield Step(text(item, "name"), outcome, moment(item, "completed_at") or job_end)
