"""Commits of a project: what a release brought, and whether a commit is there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from integrations.connectors.base import Fact, FactKind
from integrations.connectors.common.comparing import NOT_COMPARABLE, Changed
from integrations.connectors.common.payload import Row, moment, page_url, record, sha, text
from integrations.connectors.common.places import Place, named_gap
from integrations.connectors.common.releases import Commit, Line, Release
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.memory import Item, Stream

# Of a message only this beginning is kept.
_REVERT = "Revert"


def compare(
    reader: Reader, remembering: Remembering, line: Line, before: Release, after: Release
) -> Changed | Unread:
    """The commits of a release that were not in the one before it."""
    key = f"{before.sha}...{after.sha}"

    def ask() -> Item:
        asked = {"from": before.sha, "to": after.sha}
        listed = record(reader.get(f"{line.place.path}/repository/compare", asked).data).get("commits")
        if not isinstance(listed, list):
            raise Unread("unreachable", "A comparison without commits.")
        commits = commit_data(row for row in listed if isinstance(row, dict))
        return Item(key, after.finished_at, is_final=True, data={"commits": commits})

    try:
        stream = Stream("comparisons", line.place.path, timedelta(days=190))
        return Changed(tuple(commits_of(remembering.once(stream, key, ask).data["commits"])))
    except Unread as gap:
        # GitLab knows one of the two no more, or no history that they share.
        is_lost = gap.status in (400, 404)
        return named_gap(line.place, Unread(NOT_COMPARABLE, gap.detail, gap.cause) if is_lost else gap)


def commit_data(rows: Iterable[Row]) -> list[list[str]]:
    """Name, time and mark of each commit. The committer's date is when the commit came into this history."""
    found = []
    for row in rows:
        committed_at = moment(row, "committed_date") or moment(row, "created_at")
        if committed_at is not None:
            mark = _REVERT if text(row, "title").startswith(_REVERT) else ""
            found.append([sha(row, "id"), committed_at.isoformat(), mark])
    return found


def commits_of(data: Iterable[Iterable[str]]) -> list[Commit]:
    return [
        Commit(name, datetime.fromisoformat(at).astimezone(UTC), title)
        for name, at, title in (tuple(one) for one in data)
    ]


def find_commit(reader: Reader, place: Place, name: str) -> Fact | None:
    """The COMMIT fact of a commit, None where the project has none of that name. Raises Unread."""
    try:
        answer = record(reader.get(f"{place.path}/repository/commits/{name}").data)
    except Unread as gap:
        if gap.status == 404:
            return None
        raise
    committed_at = moment(answer, "committed_date") or moment(answer, "created_at")
    if committed_at is None or not sha(answer, "id").startswith(name.lower()):
        return None
    return Fact(
        FactKind.COMMIT, key=name, happened_at=committed_at, sha=name, url=page_url(text(answer, "web_url"))
    )
