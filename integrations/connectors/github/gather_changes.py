"""Asks for merged changes, their approvals and the CI runs behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.base import Observation
from integrations.connectors.github.changes import Change, is_approved, last_update, merged_changes
from integrations.connectors.github.places import Asked, Place
from integrations.connectors.github.pool import Count, Share, pooled, summed, unknown
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.runs import covers_change
from integrations.connectors.github.server import NO_WORKFLOW, BuildServer
from integrations.connectors.github.unread import Unread

# A collection has a thousand questions; a team beyond these has to be read by several sources.
MAX_REVIEWED = 400
MAX_COVERAGE_QUESTIONS = 200
MAX_PAGES = 30
NEEDS_CHANGES = 5

SIGNALS = ("repo.merged_changes_90d", "repo.reviewed_change_share_90d", "ci.change_coverage_30d")


@dataclass(frozen=True, slots=True)
class History:
    """The merged changes of one repository. Everything merged after `covered_from` is among them."""

    place: Place
    changes: tuple[Change, ...]
    covered_from: datetime

    def by_people(self, since: datetime) -> list[Change]:
        return [change for change in self.changes if change.is_by_person and change.merged_at > since]


def ask_changes(
    reader: Reader, asked: Sequence[Asked], *, since: datetime, until: datetime
) -> list[History | Unread]:
    """The changes merged into each default branch between the two moments."""
    return [_changes(reader, one.found, since, until) for one in asked]


def _changes(reader: Reader, found: Place | Unread, since: datetime, until: datetime) -> History | Unread:
    if isinstance(found, Unread):
        return found
    try:
        listing = reader.listing(
            f"{found.path}/pulls",
            {"state": "closed", "base": found.branch, "sort": "updated", "direction": "desc"},
            max_pages=MAX_PAGES,
            is_enough=lambda page: (last_update(page) or until) < since,
        )
    except Unread as gap:
        return Unread(gap.reason, f"{found.full_name}: {gap.detail}", gap.cause)
    covered_from = since if listing.is_complete else (last_update(listing.rows) or until)
    return History(found, tuple(merged_changes(listing.rows, branch=found.branch, until=until)), covered_from)


def observe_changes(
    reader: Reader, histories: Sequence[History | Unread], server: BuildServer, *, until: datetime
) -> list[Observation]:
    """The signals of SIGNALS for all repositories together."""
    since_90, since_30 = until - timedelta(days=90), until - timedelta(days=30)
    url = next((f"{history.place.url}/pulls" for history in histories if isinstance(history, History)), "")
    counts: list[Count | Unread] = [
        history
        if isinstance(history, Unread)
        else Count(len(history.by_people(since_90)), history.covered_from > since_90)
        for history in histories
    ]
    merged = summed("repo.merged_changes_90d", counts, url=url)
    with_server = [
        history
        for history in histories
        if isinstance(history, Unread) or server.workflows(history.place) != ()
    ]
    return [
        merged,
        _share(
            "repo.reviewed_change_share_90d",
            histories,
            since_90,
            lambda history, changes: _reviewed(reader, history, changes),
            MAX_REVIEWED,
            url,
        ),
        # A repository without workflows is left out: absence in one tool is not absence of CI.
        _share(
            "ci.change_coverage_30d",
            with_server,
            since_30,
            lambda history, changes: _covered(server, history, changes),
            MAX_COVERAGE_QUESTIONS,
            url,
        )
        if with_server
        else unknown("ci.change_coverage_30d", "not_configured", NO_WORKFLOW),
    ]


def _share(
    signal: str,
    histories: Sequence[History | Unread],
    since: datetime,
    ask: Callable[[History, list[Change]], Share | Unread],
    most: int,
    url: str,
) -> Observation:
    """A share of the merged changes; nothing is asked about a sample that is too small to count."""
    total = sum(len(history.by_people(since)) for history in histories if isinstance(history, History))

    def part(history: History | Unread) -> Share | Unread:
        if isinstance(history, Unread):
            return history
        if history.covered_from > since:
            return Unread(
                "unreachable", f"{history.place.full_name}: the list of merged changes was cut off."
            )
        if total > most:
            return Unread(
                "unreachable", f"{total} merged changes are more than one source may ask about ({most})."
            )
        return ask(history, history.by_people(since)) if total >= NEEDS_CHANGES else Share(0, 0)

    return pooled(
        signal, [part(history) for history in histories], sample=total, at_least=NEEDS_CHANGES, url=url
    )


def _reviewed(reader: Reader, history: History, changes: list[Change]) -> Share | Unread:
    try:
        approved = [
            is_approved(
                change,
                reader.whole(f"{history.place.path}/pulls/{change.number}/reviews"),
            )
            for change in changes
        ]
    except Unread as gap:
        return Unread(gap.reason, f"{history.place.full_name}: {gap.detail}", gap.cause)
    return Share(sum(approved), len(approved))


def _covered(server: BuildServer, history: History, changes: list[Change]) -> Share | Unread:
    try:
        covered = sum(
            any(_has_run(server, history.place, sha) for sha in _shas(change)) for change in changes
        )
    except Unread as gap:
        return gap
    return Share(covered, len(changes))


def _shas(change: Change) -> list[str]:
    # The merge commit first: it is tested again by a push, and by a merge queue.
    return [sha for sha in dict.fromkeys((change.merge_sha, change.head_sha)) if sha]


def _has_run(server: BuildServer, place: Place, sha: str) -> bool:
    runs = server.runs_of(place, sha)
    if isinstance(runs, Unread):
        raise runs
    return covers_change(runs)
