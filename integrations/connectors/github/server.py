"""GitHub Actions of the team's repositories: workflows, runs and jobs, each asked for once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from integrations.connectors.common.asking import Params
from integrations.connectors.common.payload import Row, number, record
from integrations.connectors.common.places import Place, named_gap
from integrations.connectors.common.runs import Run, Runs, StepFindings
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.reader import PER_PAGE, Reader
from integrations.connectors.github.runs import (
    Workflow,
    find_test_steps,
    read_run,
    read_runs,
    read_workflows,
)

# GitHub ends a filtered listing of runs here, whatever `total_count` says.
RESULT_CAP = 1_000
SHORTEST_WINDOW = timedelta(hours=1)
NO_WORKFLOW = "No repository of the team has a workflow; CI may run elsewhere."


class BuildServer:
    """Answers from GitHub Actions, kept for one collection. Methods return Unread where an answer could not be had."""

    def __init__(self, reader: Reader, test_step: re.Pattern[str]) -> None:
        self._reader = reader
        self._test_step = test_step
        self._workflows: dict[str, tuple[Workflow, ...] | Unread] = {}
        self._steps: dict[int, StepFindings | Unread] = {}
        self._runs: dict[int, Run | Unread | None] = {}
        self._by_sha: dict[tuple[str, str], tuple[Run, ...] | Unread] = {}

    def workflows(self, place: Place) -> tuple[Workflow, ...] | Unread:
        """The workflows of a repository; an empty tuple proves that it has none."""
        if place.full_name not in self._workflows:
            self._workflows[place.full_name] = self._ask_workflows(place)
        return self._workflows[place.full_name]

    def has_ci(self, place: Place) -> bool | Unread:
        """Whether a repository has a workflow."""
        workflows = self.workflows(place)
        return workflows if isinstance(workflows, Unread) else bool(workflows)

    def _ask_workflows(self, place: Place) -> tuple[Workflow, ...] | Unread:
        try:
            reply = self._reader.get(f"{place.path}/actions/workflows", {"per_page": PER_PAGE})
            return read_workflows(record(reply.data))
        except Unread as gap:
            return named_gap(place, gap)

    def runs_in(
        self, place: Place, path: str, since: datetime, until: datetime, params: Params | None = None
    ) -> Runs | Unread:
        """Completed runs created between the moments. A window with more results than GitHub lists is halved."""
        asked = {**(params or {}), "status": "completed", "exclude_pull_requests": "true"}
        try:
            rows, is_complete = self._window(f"{place.path}/{path}", asked, since, until)
        except Unread as gap:
            return named_gap(place, gap)
        runs = read_runs(rows)
        self._runs.update({run.id: run for run in runs})
        return Runs(tuple(runs), is_complete)

    def _window(self, path: str, params: Params, since: datetime, until: datetime) -> tuple[list[Row], bool]:
        asked = {**params, "created": f"{_stamp(since)}..{_stamp(until)}", "per_page": PER_PAGE}
        first = self._reader.get(path, {**asked, "page": 1})
        total = number(record(first.data), "total_count")
        found = self._reader.rows_of(first, "workflow_runs")
        if total > RESULT_CAP and until - since > SHORTEST_WINDOW:
            return self._halves(path, params, since, until, found)
        for page in range(
            2, min(total, RESULT_CAP) // PER_PAGE + (min(total, RESULT_CAP) % PER_PAGE > 0) + 1
        ):
            try:
                found = found + self._reader.rows_of(
                    self._reader.get(path, {**asked, "page": page}), "workflow_runs"
                )
            except Unread:
                return found, False
        return found, total <= RESULT_CAP

    def _halves(
        self, path: str, params: Params, since: datetime, until: datetime, found: list[Row]
    ) -> tuple[list[Row], bool]:
        middle = since + (until - since) / 2
        is_complete = True
        # Newest first, so that a spent budget costs the oldest runs.
        for start, end in ((middle, until), (since, middle)):
            try:
                rows, is_whole = self._window(path, params, start, end)
            except Unread:
                return found, False
            found, is_complete = found + rows, is_complete and is_whole
        return found, is_complete

    def workflow_runs(
        self, place: Place, workflow: Workflow, since: datetime, until: datetime
    ) -> Runs | Unread:
        return self.runs_in(place, f"actions/workflows/{workflow.id}/runs", since, until)

    def runs_of(self, place: Place, sha: str) -> tuple[Run, ...] | Unread:
        """Completed runs of one commit."""
        key = (place.full_name, sha)
        if key not in self._by_sha:
            try:
                rows = self._reader.whole(
                    f"{place.path}/actions/runs",
                    {"head_sha": sha, "status": "completed", "exclude_pull_requests": "true"},
                    key="workflow_runs",
                )
                self._by_sha[key] = tuple(read_runs(rows))
            except Unread as gap:
                self._by_sha[key] = named_gap(place, gap)
        return self._by_sha[key]

    def run(self, place: Place, run_id: int) -> Run | Unread | None:
        """One run; None when GitHub no longer has it."""
        if run_id not in self._runs:
            try:
                self._runs[run_id] = read_run(
                    record(self._reader.get(f"{place.path}/actions/runs/{run_id}").data)
                )
            except Unread as gap:
                self._runs[run_id] = None if gap.status in (404, 410) else named_gap(place, gap)
        return self._runs[run_id]

    def test_steps(self, place: Place, run: Run) -> StepFindings | Unread:
        """What the jobs of the last attempt of a run show of tests."""
        if run.id not in self._steps:
            try:
                jobs = self._reader.whole(
                    f"{place.path}/actions/runs/{run.id}/jobs", {"filter": "latest"}, key="jobs"
                )
                self._steps[run.id] = find_test_steps(jobs, self._test_step)
            except Unread as gap:
                self._steps[run.id] = named_gap(place, gap)
        return self._steps[run.id]

    def approvers(self, place: Place, run_id: int) -> Sequence[Row] | Unread:
        """Who let a run pass a protected environment, or turned it down."""
        try:
            return self._reader.rows_of(self._reader.get(f"{place.path}/actions/runs/{run_id}/approvals"))
        except Unread as gap:
            return named_gap(place, gap)

    def has_reviewers(self, place: Place, environment: str) -> bool:
        """Whether an environment asks for approvals now; where it cannot be seen, the runs are asked all the same."""
        try:
            answer = record(self._reader.get(f"{place.path}/environments/{quote(environment, safe='')}").data)
        except Unread:
            return True
        rules = answer.get("protection_rules")
        return isinstance(rules, list) and any(
            isinstance(r, dict) and r.get("type") == "required_reviewers" for r in rules
        )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
