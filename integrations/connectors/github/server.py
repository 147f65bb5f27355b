"""GitHub Actions of the team's repositories: workflows, runs and jobs, each asked for once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from integrations.connectors.common.asking import Params
from integrations.connectors.common.history import missing_from
from integrations.connectors.common.payload import Row, number, record
from integrations.connectors.common.places import Place, named_gap
from integrations.connectors.common.runs import Run, Runs, StepFindings, newest_once
from integrations.connectors.common.unread import Unread
from integrations.connectors.github import remembered
from integrations.connectors.github.reader import PER_PAGE, Reader
from integrations.connectors.github.runs import (
    Workflow,
    find_test_steps,
    read_run,
    read_runs,
    read_workflows,
)
from integrations.connectors.http import Reply
from integrations.connectors.memory import Item

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
            reply = self._reader.get(f"{place.path}/actions/workflows", {"per_page": PER_PAGE}, is_kept=True)
            return read_workflows(record(reply.data))
        except Unread as gap:
            return named_gap(place, gap)

    def runs_in(
        self, place: Place, path: str, since: datetime, until: datetime, branch: str = ""
    ) -> Runs | Unread:
        """Runs created between the moments, unfinished ones too. A window with more than GitHub lists is halved."""
        listing = _RunListing(self._reader, place, path, branch)
        try:
            recalled = self._reader.memory.recall(
                remembered.runs_of(place, path, branch, until - since),
                until=until,
                fetch=listing.fetch,
                refetch=listing.refetch,
            )
            missing = missing_from(recalled, since=since, until=until, what="runs")
        except Unread as gap:
            return named_gap(place, gap)
        runs = {int(item.key): remembered.run_of(item) for item in recalled.items}
        self._runs.update(runs)
        return Runs(tuple(newest_once(runs.values())), named_gap(place, missing) if missing else None)

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
                stream, key = remembered.jobs_of(place, self._test_step), remembered.jobs_key(run)
                item = self._reader.memory.once(stream, key, lambda: self._ask_jobs(place, run))
                self._steps[run.id] = remembered.findings_of(item)
            except Unread as gap:
                self._steps[run.id] = named_gap(place, gap)
        return self._steps[run.id]

    def _ask_jobs(self, place: Place, run: Run) -> Item:
        path = f"{place.path}/actions/runs/{run.id}/jobs"
        jobs = self._reader.whole(path, {"filter": "latest"}, key="jobs")
        return remembered.jobs_item(run, find_test_steps(jobs, self._test_step))

    def approvers(self, place: Place, run_id: int) -> Sequence[Row] | Unread:
        """Who let a run pass a protected environment, or turned it down."""
        try:
            return self._reader.rows_of(self._reader.get(f"{place.path}/actions/runs/{run_id}/approvals"))
        except Unread as gap:
            return named_gap(place, gap)

    def has_reviewers(self, place: Place, environment: str) -> bool:
        """Whether an environment asks for approvals now; where it cannot be seen, the runs are asked all the same."""
        try:
            answer = record(
                self._reader.get(
                    f"{place.path}/environments/{quote(environment, safe='')}", is_kept=True
                ).data
            )
        except Unread:
            return True
        rules = answer.get("protection_rules")
        return isinstance(rules, list) and any(
            isinstance(r, dict) and r.get("type") == "required_reviewers" for r in rules
        )


class _RunListing:
    """Asks for the runs of one list: those created in a span of time, and single ones again."""

    def __init__(self, reader: Reader, place: Place, path: str, branch: str) -> None:
        self._reader = reader
        self._place = place
        self._path = f"{place.path}/{path}"
        self._asked: Params = {"exclude_pull_requests": "true"} | ({"branch": branch} if branch else {})

    def fetch(self, since: datetime, until: datetime) -> Iterator[list[Item]]:
        """Pages of runs, newest first where the span is halved. Raises Unread when some cannot be had or are not listed."""
        asked = {**self._asked, "created": f"{_stamp(since)}..{_stamp(until)}", "per_page": PER_PAGE}
        first = self._reader.get(self._path, {**asked, "page": 1})
        total = number(record(first.data), "total_count")
        yield self._items(first)
        if total > RESULT_CAP and until - since > SHORTEST_WINDOW:
            middle = since + (until - since) / 2
            # Newest first, so that a spent budget costs the oldest runs.
            yield from self.fetch(middle, until)
            yield from self.fetch(since, middle)
            return
        for page in range(2, -(-min(total, RESULT_CAP) // PER_PAGE) + 1):
            yield self._items(self._reader.get(self._path, {**asked, "page": page}))
        if total > RESULT_CAP:
            raise Unread("truncated", "more runs than GitHub lists.")

    def refetch(self, keys: Sequence[str]) -> list[Item]:
        """The runs as they stand now; those that GitHub no longer has are left out. Raises Unread."""
        found = []
        for key in keys:
            try:
                answer = self._reader.get(f"{self._place.path}/actions/runs/{key}").data
            except Unread as gap:
                if gap.status in (404, 410):
                    continue
                raise
            run = read_run(record(answer))
            found += [remembered.run_item(run)] if run else []
        return found

    def _items(self, reply: Reply) -> list[Item]:
        runs = map(read_run, self._reader.rows_of(reply, "workflow_runs"))
        return [remembered.run_item(run) for run in runs if run is not None]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
