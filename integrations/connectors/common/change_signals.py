"""The signals of merged changes, from changes and runs of any host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from integrations.connectors.base import Observation
from integrations.connectors.common.changes import Change, History
from integrations.connectors.common.places import Place
from integrations.connectors.common.pool import Count, Share, pooled, summed, unknown
from integrations.connectors.common.runs import CiHost, covers_change
from integrations.connectors.common.unread import Unread

# A collection has a thousand questions; a team beyond these has to be read by several sources.
MAX_REVIEWED = 400
MAX_COVERAGE_QUESTIONS = 200
NEEDS_CHANGES = 5

SIGNALS = ("repo.merged_changes_90d", "repo.reviewed_change_share_90d", "ci.change_coverage_30d")
# What stays unknown where merged changes are hidden: a repair of a release is known by the change that brought it.
BEHIND_CHANGES = (*SIGNALS, "deploy.change_failure_rate", "deploy.rollback_time")


def observe_changes(
    host: CiHost,
    histories: Sequence[History | Unread],
    *,
    reviewed: Callable[[History, list[Change]], Share | Unread],
    nowhere: str,
    page: str,
    until: datetime,
) -> list[Observation]:
    """The signals of SIGNALS for all repositories together.

    `reviewed` asks for the approvals of changes; `nowhere` says what to tell when no repository has CI; `page` is where a
    repository's own page shows its changes.
    """
    since_90, since_30 = until - timedelta(days=90), until - timedelta(days=30)
    url = next((f"{history.place.url}{page}" for history in histories if isinstance(history, History)), "")
    counts: list[Count | Unread] = [
        history
        if isinstance(history, Unread)
        else Count(len(history.by_people(since_90)), history.covered_from > since_90)
        for history in histories
    ]
    cuts = [
        missing
        for history in histories
        if isinstance(history, History) and (missing := history.missing(since_90)) is not None
    ]
    merged = summed("repo.merged_changes_90d", [*counts, *cuts], url=url)
    with_ci = [
        history
        for history in histories
        if isinstance(history, Unread) or host.has_ci(history.place) is not False
    ]
    return [
        merged,
        _share(
            "repo.reviewed_change_share_90d",
            histories,
            since_90,
            reviewed,
            MAX_REVIEWED,
            url,
        ),
        # A repository without CI is left out: absence in one tool is not absence of CI.
        _share(
            "ci.change_coverage_30d",
            with_ci,
            since_30,
            lambda history, changes: _covered(host, history, changes),
            MAX_COVERAGE_QUESTIONS,
            url,
        )
        if with_ci
        else unknown("ci.change_coverage_30d", "not_configured", nowhere),
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
        missing = history.missing(since)
        if missing is not None:
            return missing
        if total > most:
            return Unread(
                "unreachable", f"{total} merged changes are more than one source may ask about ({most})."
            )
        return ask(history, history.by_people(since)) if total >= NEEDS_CHANGES else Share(0, 0)

    return pooled(
        signal, [part(history) for history in histories], sample=total, at_least=NEEDS_CHANGES, url=url
    )


def _covered(host: CiHost, history: History, changes: list[Change]) -> Share | Unread:
    try:
        covered = sum(any(_has_run(host, history.place, sha) for sha in _shas(change)) for change in changes)
    except Unread as gap:
        return gap
    return Share(covered, len(changes))


def _shas(change: Change) -> list[str]:
    # The merge commit first: it is tested again by a push, and by a merge queue.
    return [sha for sha in dict.fromkeys((change.merge_sha, change.head_sha)) if sha]


def _has_run(host: CiHost, place: Place, sha: str) -> bool:
    runs = host.runs_of(place, sha)
    if isinstance(runs, Unread):
        raise runs
    return covers_change(runs)
