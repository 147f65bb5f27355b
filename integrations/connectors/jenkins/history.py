"""The builds of a job over time, and from when on none of them is missing.

Jenkins throws builds away by number or age, and keeps single old ones (the last good one) for ever: the oldest build that is
left proves nothing. Builds are numbered one after the other, so a missing number does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.common.asking import Asker
from integrations.connectors.common.history import missing_from
from integrations.connectors.common.payload import Row, record
from integrations.connectors.common.unread import Unread
from integrations.connectors.jenkins.builds import BUILD_FIELDS, Build, read_build, read_item
from integrations.connectors.jenkins.jobs import Job
from integrations.connectors.memory import Item, Memory, Stream

SLICE = 100
MAX_SLICES = 30
# Told in what is remembered: the build before the one of this number was gone when it was read.
_GAP = "gap."


@dataclass(frozen=True, slots=True)
class History:
    """The builds of one job, newest first. None that began at or after `covered_from` is missing; `gap` says why older ones are."""

    job: Job
    builds: tuple[Build, ...]
    covered_from: datetime
    gap: Unread | None = None

    def missing(self, since: datetime) -> Unread | None:
        """Why builds since then may be missing, None when none can be."""
        return self.gap if self.covered_from > since else None

    def since(self, moment: datetime) -> list[Build]:
        return [build for build in self.builds if build.started_at >= moment]


class Histories:
    """Asks for the builds of jobs, each job once in a collection."""

    def __init__(self, asker: Asker, memory: Memory, until: datetime) -> None:
        self._asker = asker
        self._memory = memory
        self._until = until
        self._found: dict[tuple[str, int], History | Unread] = {}

    def of(self, job: Job, days: int) -> History | Unread:
        """The builds of so many days; Unread when none could be asked for."""
        key = (job.name, days)
        if key not in self._found:
            try:
                self._found[key] = self._ask(job, timedelta(days=days))
            except Unread as gap:
                self._found[key] = Unread(gap.reason, f"{job.name}: {gap.detail}", gap.cause)
        return self._found[key]

    def _ask(self, job: Job, window: timedelta) -> History:
        def fetch(since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
            return _pages(self._asker, job, since, until, now=self._until)

        def refetch(keys: Sequence[str]) -> Sequence[Item]:
            return [item for key in keys if (item := _again(self._asker, job, key)) is not None]

        # Jenkins numbers neither jobs nor itself; a job of the same name that was made anew differs in its builds' times.
        stream = Stream(f"builds.{window.days}", job.name, window, is_lasting=True)
        recalled = self._memory.recall(stream, until=self._until, fetch=fetch, refetch=refetch)
        builds = tuple(read_build(item) for item in recalled.items if not item.key.startswith(_GAP))
        known = {build.number for build in builds}
        lost = [
            item.happened_at
            for item in recalled.items
            if item.key.startswith(_GAP) and item.data["number"] - 1 not in known
        ]
        if recalled.cause is not None:
            cause = recalled.cause
            why = cause if isinstance(cause, Unread) else Unread("unreachable", str(cause))
            return History(
                job, builds, self._until, Unread(why.reason, f"{job.name}: {why.detail}", why.cause)
            )
        if lost:
            words = (
                f"{job.name}: Jenkins has thrown builds away; all are there from {max(lost):%-d %b %Y} on."
            )
            return History(job, builds, max(lost), Unread("history_discarded", words))
        missing = missing_from(recalled, since=self._until - window, until=self._until, what="builds")
        if missing is not None:
            missing = Unread(missing.reason, f"{job.name}: {missing.detail}")
        return History(job, builds, recalled.covered_from, missing)


def _pages(
    asker: Asker, job: Job, since: datetime, until: datetime, *, now: datetime
) -> Iterator[list[Item]]:
    """Slices of the list of builds, newest first, with a mark for every build whose predecessor is gone."""
    # The build that comes next stands in front of the list: one before it that is not there was thrown away.
    newer = _mark(job.next_number, now - timedelta(microseconds=1))
    for at in range(MAX_SLICES):
        listed = _slice(asker, job, at * SLICE)
        items = sorted(
            (item for row in listed if (item := read_item(row)) is not None), key=_number, reverse=True
        )
        page = [item for item in items if since <= item.happened_at < until]
        for item in items:
            page += _gap_between(newer, item, since, until)
            newer = item
        if len(listed) < SLICE:
            yield page + _gap_between(newer, None, since, until)
            return
        yield page
        if items and items[-1].happened_at < since:
            return
    raise Unread("truncated", f"More than {MAX_SLICES * SLICE} builds in the window.")


def _slice(asker: Asker, job: Job, start: int) -> list[Row]:
    tree = f"allBuilds[{BUILD_FIELDS}]{{{start},{start + SLICE}}}"
    listed = record(asker.get(f"{job.place.path}/api/json", {"tree": tree}).data).get("allBuilds")
    if not isinstance(listed, list) or not all(isinstance(row, dict) and "number" in row for row in listed):
        raise Unread(
            "unreachable",
            "Jenkins answered in a form that is not a list of builds; nothing was taken from it.",
        )
    return listed


def _gap_between(newer: Item, older: Item | None, since: datetime, until: datetime) -> list[Item]:
    """A mark at `newer` when the build before it is gone and may have been one of the window."""
    is_gap = _number(newer) - (0 if older is None else _number(older)) > 1
    return [_mark(_number(newer), newer.happened_at)] if is_gap and since <= newer.happened_at < until else []


def _mark(number: int, at: datetime) -> Item:
    return Item(f"{_GAP}{number}", at, is_final=True, data={"number": number}, is_mark=True)


def _number(item: Item) -> int:
    return int(item.key.removeprefix(_GAP).partition(".")[0])


def _again(asker: Asker, job: Job, key: str) -> Item | None:
    """One build as it stands now, None when it is gone, or another has its number."""
    try:
        item = read_item(
            record(
                asker.get(f"{job.place.path}/{key.partition('.')[0]}/api/json", {"tree": BUILD_FIELDS}).data
            )
        )
    except Unread as gap:
        if gap.status == 404:
            return None
        raise
    return item if item is not None and item.key == key else None


def newest(histories: Iterable[History]) -> list[tuple[Job, Build]]:
    """The builds of several jobs, newest first."""
    found = [(history.job, build) for history in histories for build in history.builds]
    return sorted(found, key=lambda one: (one[1].started_at, one[0].name, one[1].number), reverse=True)
