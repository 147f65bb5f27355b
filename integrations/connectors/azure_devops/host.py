"""Azure Pipelines of the team's repositories: definitions, builds, timelines and test runs, each asked for once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.azure_devops.asking import PER_PAGE, AzureAsker, rows_of
from integrations.connectors.azure_devops.builds import (
    Build,
    Definition,
    approval_ids,
    read_approvers,
    read_build,
    read_definitions,
    read_item,
    read_steps,
)
from integrations.connectors.azure_devops.changes import stamp
from integrations.connectors.azure_devops.places import project_path, repository_id
from integrations.connectors.common.asking import Params
from integrations.connectors.common.history import missing_from
from integrations.connectors.common.payload import Row, number, part, record
from integrations.connectors.common.places import Place, named_gap
from integrations.connectors.common.runs import Run, StepFindings, tests_among
from integrations.connectors.common.unread import Unread
from integrations.connectors.memory import Item, Memory, Stream

NO_PIPELINE = "No repository of the team has a pipeline at Azure DevOps; CI may run elsewhere."
MAX_PAGES = 60
# Told in what is remembered: a span that was so old when it was read that builds in it were deleted by then.
_PURGED = "purged."


@dataclass(frozen=True, slots=True)
class Builds:
    """The builds of one repository, newest first. None queued from `covered_from` on is missing; `gap` says why older are."""

    builds: tuple[Build, ...]
    covered_from: datetime
    gap: Unread | None = None

    def missing(self, since: datetime) -> Unread | None:
        """Why builds since then may be missing, None when none can be."""
        return self.gap if self.covered_from > since else None


@dataclass(frozen=True, slots=True)
class Retention:
    """After how many days runs are deleted; those of pull requests sooner."""

    days: int
    pull_request_days: int


def read_retention(answer: Row) -> Retention:
    """The settings of a project. Unread for an answer without them."""
    days, of_pull_requests = (
        number(part(answer, name), "value") for name in ("purgeRuns", "purgePullRequestRuns")
    )
    if not 0 < days < 100_000:
        raise Unread("unreachable", "Azure DevOps does not say how long it keeps runs.")
    return Retention(days, of_pull_requests if 0 < of_pull_requests < days else days)


class AzureHost:
    """Answers of one collection. Methods return Unread where an answer could not be had."""

    def __init__(
        self,
        asker: AzureAsker,
        memory: Memory,
        test_words: str,
        test_step: re.Pattern[str],
        *,
        until: datetime,
        days: int,
    ) -> None:
        self._asker = asker
        self._memory = memory
        self._test_words = test_words
        self._test_step = test_step
        self._until = until
        self._days = days
        self._definitions: dict[str, tuple[Definition, ...] | Unread] = {}
        self._builds: dict[str, Builds | Unread] = {}
        self._retentions: dict[str, Retention | Unread] = {}
        self._timelines: dict[int, tuple[StepFindings, list[str]] | Unread] = {}

    def definitions(self, place: Place) -> tuple[Definition, ...] | Unread:
        """The pipelines of a repository; an empty tuple proves that it has none."""
        if place.path not in self._definitions:
            asked: Params = {
                "repositoryId": repository_id(place),
                "repositoryType": "TfsGit",
                "$top": PER_PAGE,
            }
            path = f"{project_path(place)}/_apis/build/definitions"
            try:
                found = [row for page in self._asker.listing(path, asked) for row in page]
                self._definitions[place.path] = read_definitions(found)
            except Unread as gap:
                self._definitions[place.path] = named_gap(place, gap)
        return self._definitions[place.path]

    def has_ci(self, place: Place) -> bool | Unread:
        """Whether the repository has a pipeline at all."""
        definitions = self.definitions(place)
        return definitions if isinstance(definitions, Unread) else bool(definitions)

    def builds(self, place: Place) -> Builds | Unread:
        """All builds of a repository in the window, of every branch."""
        if place.path not in self._builds:
            try:
                self._builds[place.path] = self._ask_builds(place)
            except Unread as gap:
                self._builds[place.path] = named_gap(place, gap)
        return self._builds[place.path]

    def _ask_builds(self, place: Place) -> Builds:
        silent: Unread | None = None
        kept_days = 0
        try:
            kept_days = self.retention(place).days
        except Unread as gap:
            silent = gap

        def fetch(since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
            if since < self._until - timedelta(days=kept_days or 1):
                yield [_purged(since, until, read_at=self._until, kept_days=kept_days)]
            yield from self._pages(place, since, until)

        def refetch(keys: Sequence[str]) -> Sequence[Item]:
            return [item for row in self._by_numbers(place, keys) if (item := read_item(row)) is not None]

        stream = Stream("builds", repository_id(place), timedelta(days=self._days), is_lasting=True)
        recalled = self._memory.recall(stream, until=self._until, fetch=fetch, refetch=refetch)
        builds = tuple(read_build(item) for item in recalled.items if not item.key.startswith(_PURGED))
        if recalled.cause is not None:
            cause = recalled.cause
            why = cause if isinstance(cause, Unread) else Unread("unreachable", str(cause))
            return Builds(builds, self._until, named_gap(place, why))
        if silent is not None:
            # Single old runs are kept, so the oldest that is left proves nothing.
            words = f"How long runs are kept could not be read, so some may be missing. {silent.detail}"
            return Builds(builds, self._until, named_gap(place, Unread(silent.reason, words, silent.cause)))
        marks = (item for item in recalled.items if item.key.startswith(_PURGED))
        purged = max((end for mark in marks if (end := _purged_until(mark, kept_days))), default=None)
        if purged is not None:
            words = (
                f"Azure DevOps deletes runs after {kept_days} days; all are there from {purged:%-d %b %Y} on."
            )
            return Builds(builds, purged, named_gap(place, Unread("history_discarded", words)))
        missing = missing_from(recalled, since=self._until - stream.window, until=self._until, what="builds")
        return Builds(builds, recalled.covered_from, named_gap(place, missing) if missing else None)

    def _pages(self, place: Place, since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
        # What minTime speaks of depends on the order: here both speak of the time a build was queued at.
        asked: Params = {
            "repositoryId": repository_id(place),
            "repositoryType": "TfsGit",
            "minTime": stamp(since),
            "maxTime": stamp(until),
            "queryOrder": "queueTimeDescending",
            "$top": PER_PAGE,
        }
        path = f"{project_path(place)}/_apis/build/builds"
        for page in self._asker.listing(path, asked, max_pages=MAX_PAGES):
            items = [item for row in page if (item := read_item(row)) is not None]
            yield [item for item in items if since <= item.happened_at < until]

    def _by_numbers(self, place: Place, numbers: Sequence[str]) -> list[Row]:
        found: list[Row] = []
        for at in range(0, len(numbers), PER_PAGE):
            asked: Params = {"buildIds": ",".join(numbers[at : at + PER_PAGE]), "$top": PER_PAGE}
            for page in self._asker.listing(f"{project_path(place)}/_apis/build/builds", asked):
                found += page
        return found

    def builds_of_numbers(self, place: Place, numbers: Sequence[int]) -> dict[int, Build]:
        """Builds by their numbers; one that is left out was deleted. Raises Unread."""
        items = (read_item(row) for row in self._by_numbers(place, [str(one) for one in numbers]))
        return {int(item.key): read_build(item) for item in items if item is not None}

    def retention(self, place: Place) -> Retention:
        """How long the project keeps its runs. Raises Unread."""
        path = f"{project_path(place)}/_apis/build/retention"
        if path not in self._retentions:
            try:
                self._retentions[path] = read_retention(record(self._asker.get(path).data))
            except Unread as gap:
                self._retentions[path] = gap
        retention = self._retentions[path]
        if isinstance(retention, Unread):
            raise retention
        return retention

    def runs_of(self, place: Place, sha: str) -> tuple[Run, ...] | Unread:
        """Completed builds of one commit that are known, pull request builds among them; `gap` tells of others."""
        builds = self.builds(place)
        if isinstance(builds, Unread):
            return builds
        found = [build.run for build in builds.builds if sha and sha in (build.run.sha, build.source_sha)]
        return tuple(run for run in found if run.is_counted)

    def gap(self, place: Place) -> Unread | None:
        """Why builds of the repository may be missing, None when none can be."""
        builds = self.builds(place)
        return builds if isinstance(builds, Unread) else builds.gap

    def change_gap(self, place: Place) -> Unread | None:
        """Why runs of changes of the last 30 days may be missing, None when none can be."""
        builds = self.builds(place)
        if isinstance(builds, Unread):
            return builds
        gap = builds.missing(self._until - timedelta(days=30))
        if gap is not None:
            return gap
        days = self.retention(place).pull_request_days
        words = f"runs of pull requests are deleted after {days} days."
        return Unread("history_discarded", words) if days < 30 else None

    def test_steps(self, place: Place, run: Run) -> StepFindings | Unread:
        """What the jobs and tasks of a build show of tests."""
        timeline = self._timeline(place, run)
        return timeline if isinstance(timeline, Unread) else timeline[0]

    def approvers(self, place: Place, run: Run) -> list[str] | Unread:
        """People who let a build go on where it waited for an approval."""
        timeline = self._timeline(place, run)
        if isinstance(timeline, Unread):
            return timeline
        ids = timeline[1]
        if not ids:
            return []

        def ask() -> Item:
            asked = {"approvalIds": ",".join(ids), "$expand": "steps"}
            rows = rows_of(self._asker.get(f"{project_path(place)}/_apis/pipelines/approvals", asked))
            if len(rows) < len(ids):
                raise Unread("unreachable", f"Not all approvals of build {run.id} are there any more.")
            people = read_approvers(rows)
            return Item(str(run.id), run.created_at, is_final=run.is_counted, data={"people": people})

        try:
            stream = Stream("approvals", project_path(place), timedelta(days=210))
            return list(self._memory.once(stream, str(run.id), ask).data["people"])
        except Unread as gap:
            return named_gap(place, gap)

    def _timeline(self, place: Place, run: Run) -> tuple[StepFindings, list[str]] | Unread:
        if run.id not in self._timelines:
            # What is kept are findings, not names; other words find other things.
            stream = Stream("timelines", f"{project_path(place)} {self._test_words}", timedelta(days=210))
            try:
                item = self._memory.once(stream, str(run.id), lambda: self._ask_timeline(place, run))
                passed = item.data["passed_at"]
                findings = StepFindings(
                    item.data["has_run"], datetime.fromisoformat(passed) if passed else None
                )
                self._timelines[run.id] = findings, list(item.data["approvals"])
            except Unread as gap:
                self._timelines[run.id] = named_gap(place, gap)
        return self._timelines[run.id]

    def _ask_timeline(self, place: Place, run: Run) -> Item:
        reply = self._asker.get(f"{project_path(place)}/_apis/build/builds/{run.id}/timeline")
        # A build that could not even be planned has no timeline, and nothing ran in it.
        records = [] if reply.status == 204 else record(reply.data).get("records")
        if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
            raise Unread("unreachable", "Azure DevOps answered in a form that is not a timeline.")
        findings = tests_among(read_steps(records), self._test_step)
        return Item(
            str(run.id),
            run.created_at,
            is_final=run.is_counted,
            data={
                "has_run": findings.has_run,
                "passed_at": findings.passed_at.isoformat() if findings.passed_at else None,
                "approvals": approval_ids(records),
            },
        )

    def tests_of(self, place: Place, run: Run) -> int | None:
        """The number of test cases that a build's test runs report, None where it published none. Raises Unread."""

        def ask() -> Item:
            asked = {"buildUri": f"vstfs:///Build/Build/{run.id}", "includeRunDetails": "true"}
            found = rows_of(self._asker.get(f"{project_path(place)}/_apis/test/runs", asked))
            total = sum(max(number(row, "totalTests"), 0) for row in found) if found else None
            return Item(str(run.id), run.created_at, is_final=run.is_counted, data={"total": total})

        stream = Stream("tests", project_path(place), timedelta(days=60))
        total = self._memory.once(stream, str(run.id), ask).data["total"]
        return total if total is None or 0 <= total < 2**31 else None


def _purged(since: datetime, until: datetime, *, read_at: datetime, kept_days: int) -> Item:
    """The mark of a span. `kept_days` is 0 where the host did not say how long it keeps builds."""
    data = {"since": since.isoformat(), "read_at": read_at.isoformat(), "kept_days": kept_days}
    end = until - timedelta(microseconds=1)
    return Item(f"{_PURGED}{since.isoformat()}", end, is_final=True, data=data, is_mark=True)


def _purged_until(mark: Item, kept_days: int) -> datetime | None:
    """Up to when builds of a span were deleted before they were read, None for none of them."""
    read_at, since = (datetime.fromisoformat(mark.data[name]) for name in ("read_at", "since"))
    horizon = read_at - timedelta(days=mark.data["kept_days"] or kept_days)
    return min(horizon, mark.happened_at) if horizon > since else None
