"""GitLab CI/CD of the team's projects: pipelines and jobs, each asked for once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from integrations.connectors.common.ci_signals import BranchRuns
from integrations.connectors.common.history import missing_from
from integrations.connectors.common.payload import Row, record
from integrations.connectors.common.places import Asked, Place, named_gap
from integrations.connectors.common.runs import (
    Run,
    Runs,
    StepFindings,
    newest_once,
    on_branch,
    tests_among,
)
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.accounts import Accounts
from integrations.connectors.gitlab.pipelines import (
    CHILD,
    EXTERNAL,
    Details,
    details_item,
    details_of,
    downstream,
    job_data,
    pipeline_items,
    reported_tests,
    run_of,
    steps_of,
)
from integrations.connectors.gitlab.places import Projects
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.memory import Item, Stream

NO_PIPELINE = "No project of the team has a pipeline of its own; CI may run elsewhere."
MAX_PAGES = 40
MAX_PARENTS = 10
MAX_CHILDREN = 3
# How many of the newest pipelines are looked at for one that is GitLab's own.
LOOKED_AT = 20
SETTLED = timedelta(days=7)
_DETAILS = timedelta(days=190)


class BuildServer:
    """Answers from GitLab CI/CD, kept for one collection. Methods return Unread where an answer could not be had."""

    def __init__(
        self,
        reader: Reader,
        remembering: Remembering,
        accounts: Accounts,
        projects: Projects,
        test_step: re.Pattern[str],
    ) -> None:
        self._reader = reader
        self._projects = projects
        self._remembering = remembering
        self._accounts = accounts
        self._test_step = test_step
        self._has_ci: dict[str, bool | Unread] = {}
        self._by_sha: dict[tuple[str, str], tuple[Run, ...] | Unread] = {}
        self._details: dict[tuple[str, int], Details | Unread | None] = {}
        self._steps: dict[tuple[str, int], StepFindings | Unread] = {}

    def has_ci(self, place: Place) -> bool | Unread:
        """Whether the project ever had a pipeline that ran at GitLab itself; statuses of other tools are none."""
        if place.path not in self._has_ci:
            self._has_ci[place.path] = self._ask_has_ci(place)
        return self._has_ci[place.path]

    def _ask_has_ci(self, place: Place) -> bool | Unread:
        if self._projects.lacks(place, "builds"):
            return False
        try:
            reply = self._reader.get(f"{place.path}/pipelines", {"per_page": LOOKED_AT})
            newest = self._reader.rows_of(reply)
        except Unread as gap:
            return hidden_ci(place, gap)
        return any(row.get("source") != EXTERNAL for row in newest)

    def branch_runs(self, place: Place, days: int) -> Runs | Unread:
        """Completed pipelines of the default branch that changed in the window."""
        stream = Stream("pipelines", f"{place.path}/{place.branch}", timedelta(days=days), is_lasting=True)
        asked = {"ref": place.branch, "scope": "finished"}
        return self._runs(place, stream, [asked])

    def named_runs(self, place: Place, name: str, days: int) -> Runs | Unread:
        """Completed pipelines of that name, child pipelines among them."""
        stream = Stream("named_pipelines", f"{place.path}/{name}", timedelta(days=days), is_lasting=True)
        asked = {"name": name, "scope": "finished"}
        # A listing leaves child pipelines out unless it asks for nothing else.
        return self._runs(place, stream, [asked, {**asked, "source": CHILD}], name=name)

    def _runs(
        self, place: Place, stream: Stream, questions: Sequence[dict[str, str]], *, name: str = ""
    ) -> Runs | Unread:
        def pages(since: datetime, until: datetime | None) -> Iterator[list[Item]]:
            for question in questions:
                asked = {
                    **question,
                    "order_by": "updated_at",
                    "sort": "desc",
                    **span("updated", since, until),
                }
                for page in self._reader.pages(f"{place.path}/pipelines", asked, max_pages=MAX_PAGES):
                    # Servers before 16.9 do not know the filter by name and answer with all.
                    yield pipeline_items(row for row in page if not name or row.get("name") == name)

        try:
            found = self._remembering.recall(stream, pages)
        except Unread as gap:
            return hidden_ci(place, gap)
        until = self._remembering.until
        missing = missing_from(found, since=until - stream.window, until=until, what="pipelines")
        runs = tuple(newest_once(run_of(item, place) for item in found.items))
        return Runs(runs, named_gap(place, missing) if missing else None)

    def runs_of(self, place: Place, sha: str) -> tuple[Run, ...] | Unread:
        """Completed pipelines of one commit. A child pipeline is left out: the one that started it is there."""
        key = (place.path, sha)
        if key not in self._by_sha:
            try:
                runs = newest_once(run_of(item, place) for item in self._pipelines_of(place, sha))
                self._by_sha[key] = tuple(run for run in runs if run.is_counted)
            except Unread as gap:
                self._by_sha[key] = hidden_ci(place, gap)
        return self._by_sha[key]

    def _pipelines_of(self, place: Place, sha: str) -> list[Item]:
        def ask() -> Item:
            rows = self._reader.whole(f"{place.path}/pipelines", {"sha": sha, "scope": "finished"})
            items = pipeline_items(rows)
            newest = max((item.happened_at for item in items), default=self._remembering.until)
            # A commit of last week may be built again; one that was never built is asked for each time.
            is_settled = newest < self._remembering.until - SETTLED
            data = [[item.key, item.happened_at.isoformat(), dict(item.data)] for item in items]
            return Item(sha, newest, is_settled, {"pipelines": data})

        found = self._remembering.once(Stream("commit_pipelines", place.path, _DETAILS), sha, ask)
        return [
            Item(key, datetime.fromisoformat(at), is_final=True, data=data)
            for key, at, data in found.data["pipelines"]
        ]

    def details(self, place: Place, pipeline_id: int) -> Details | Unread | None:
        """One pipeline with its times and its starter; None when GitLab no longer has it."""
        key = (place.path, pipeline_id)
        if key not in self._details:
            try:
                self._details[key] = self._ask_details(place, pipeline_id)
            except Unread as gap:
                self._details[key] = None if gap.status in (404, 410) else hidden_ci(place, gap)
        return self._details[key]

    def _ask_details(self, place: Place, pipeline_id: int) -> Details | None:
        def ask() -> Item:
            row = record(self._reader.get(f"{place.path}/pipelines/{pipeline_id}").data)
            user = row.get("user")
            item = details_item(row, is_person=isinstance(user, dict) and self._accounts.is_person(user))
            if item is None or item.key != str(pipeline_id):
                raise Unread("unreachable", f"The answer for pipeline {pipeline_id} is of something else.")
            return item

        item = self._remembering.once(Stream("pipeline_details", place.path, _DETAILS), str(pipeline_id), ask)
        return details_of(item, place)

    def beginning(self, place: Place, details: Details, depth: int = 3) -> Details | Unread:
        """The pipeline that a child pipeline goes back to, by whose start it was started; itself for any other."""
        if details.source != CHILD:
            return details
        try:
            parent = self.details(place, self._parent(place, details.run)) if depth else None
        except Unread as gap:
            return hidden_ci(place, gap)
        if isinstance(parent, Details):
            return self.beginning(place, parent, depth - 1)
        lost = f"{place.full_name}: the pipeline behind {details.run.id} was not found."
        return parent or Unread("unreachable", lost)

    def _parent(self, place: Place, run: Run) -> int:
        """The pipeline that started a child. Raises Unread, also when there is none."""

        def ask() -> dict[str, object]:
            for parent_id in self._parents(place, run):
                if run.id in self._children(place, parent_id):
                    return {"parent": parent_id}
            raise Unread("unreachable", f"The pipeline that started {run.id} was not found.")

        return int(self._once("parent", place, run, ask).data["parent"])

    def _parents(self, place: Place, run: Run) -> list[int]:
        """The pipelines of the same commit that may have started this one, the nearest in time first."""
        asked = {"sha": run.sha}
        rows = [
            *self._reader.whole(f"{place.path}/pipelines", asked),
            *self._reader.whole(f"{place.path}/pipelines", {**asked, "source": CHILD}),
        ]
        others = [run_of(item, place) for item in pipeline_items(rows)]
        before = [one for one in newest_once(others) if one.created_at <= run.created_at and one.id != run.id]
        return [one.id for one in before][:MAX_PARENTS]

    def _children(self, place: Place, pipeline_id: int) -> list[int]:
        return downstream(self._reader.whole(f"{place.path}/pipelines/{pipeline_id}/bridges"))

    def test_steps(self, place: Place, run: Run) -> StepFindings | Unread:
        """What the jobs of a pipeline, or else of the child pipelines that it started, show of tests."""
        key = (place.path, run.id)
        if key not in self._steps:
            try:
                self._steps[key] = self._ask_steps(place, run)
            except Unread as gap:
                self._steps[key] = hidden_ci(place, gap)
        return self._steps[key]

    def _ask_steps(self, place: Place, run: Run) -> StepFindings:
        found = tests_among(steps_of(self._jobs(place, run.id, run)), self._test_step)
        if found.has_run:
            return found
        # Tests often run in a child pipeline, whose jobs are not among those of its parent.
        children = self._once("bridges", place, run, lambda: {"children": self._children(place, run.id)})
        for child in children.data["children"][:MAX_CHILDREN]:
            try:
                found = tests_among(steps_of(self._jobs(place, child, run)), self._test_step)
            except Unread as gap:
                if gap.status == 404:
                    continue  # a pipeline of another project
                raise
            if found.has_run:
                return found
        return found

    def _jobs(self, place: Place, pipeline_id: int, run: Run) -> list[list[str]]:
        def ask() -> dict[str, object]:
            rows: Sequence[Row] = self._reader.whole(f"{place.path}/pipelines/{pipeline_id}/jobs")
            return {"jobs": job_data(rows)}

        jobs: list[list[str]] = self._once(f"jobs_{pipeline_id}", place, run, ask).data["jobs"]
        return jobs

    def tests_reported(self, place: Place, run: Run) -> int | Unread:
        """The number of test cases that a pipeline reported, 0 where it published no report."""

        def ask() -> dict[str, object]:
            answer = record(self._reader.get(f"{place.path}/pipelines/{run.id}/test_report_summary").data)
            if not isinstance(answer.get("total"), dict):
                raise Unread("unreachable", f"The test report of pipeline {run.id} holds no total.")
            return {"count": reported_tests(answer)}

        try:
            return int(self._once("test_report", place, run, ask).data["count"])
        except Unread as gap:
            return hidden_ci(place, gap)

    def _once(self, what: str, place: Place, run: Run, ask: Callable[[], dict[str, object]]) -> Item:
        """A detail of a pipeline as it ended: a pipeline that is retried ends anew."""
        # The time of the end is a part of the name, since a pipeline that is retried ends anew.
        key = f"{run.id}/{what}/{run.finished_at.isoformat()}"
        stream = Stream("pipeline_parts", place.path, timedelta(days=95))
        return self._remembering.once(
            stream, key, lambda: Item(key, run.finished_at, is_final=True, data=ask())
        )


def ask_branch_runs(
    server: BuildServer, asked: Sequence[Asked], *, until: datetime
) -> list[BranchRuns | Unread]:
    """Pipelines of the last 30 days, one entry a project. A project without CI has no entry."""
    found: list[BranchRuns | Unread] = []
    for one in asked:
        if isinstance(one.found, Unread):
            found.append(one.found)
            continue
        has_ci = server.has_ci(one.found)
        if isinstance(has_ci, Unread):
            found.append(has_ci)
        elif has_ci:
            listed = server.branch_runs(one.found, 30)
            if isinstance(listed, Unread):
                found.append(listed)
                continue
            since = until - timedelta(days=30)
            runs = [run for run in on_branch(listed.runs, one.found.branch) if run.created_at >= since]
            found.append(BranchRuns(one.found, tuple(runs), listed.gap))
    return found


def hidden_ci(place: Place, gap: Unread) -> Unread:
    """A gap in answers about CI, with what 403 means there: never a bad token."""
    if gap.status != 403:
        return named_gap(place, gap)
    why = "CI/CD is switched off for this project, or the role of the token is below Reporter."
    return Unread(gap.reason, f"{place.full_name}: {why}", gap.cause)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def span(what: str, since: datetime, until: datetime | None) -> dict[str, str]:
    """The bounds of a listing, widened to whole seconds: updated_after and, where there is an end, updated_before."""
    after = {f"{what}_after": stamp(since)}
    return {**after, f"{what}_before": stamp(until + timedelta(seconds=1))} if until else after
