"""Completed pull requests and the votes that let them through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from integrations.connectors.azure_devops.asking import AzureAsker, rows_of
from integrations.connectors.azure_devops.identities import is_person, who
from integrations.connectors.azure_devops.places import HEADS
from integrations.connectors.common.changes import Change, History
from integrations.connectors.common.history import cut_of
from integrations.connectors.common.payload import Row, moment, number, part, sha, text
from integrations.connectors.common.places import Asked, Place, named_gap
from integrations.connectors.common.pool import Share
from integrations.connectors.common.unread import Unread
from integrations.connectors.memory import Item, Memory, Stream

MAX_PAGES = 30
# 10 is approved, 5 approved with suggestions.
APPROVED = 5
_VOTE = "VoteUpdate"


class Changes:
    """The completed pull requests of repositories, each listing asked for once."""

    def __init__(self, asker: AzureAsker, memory: Memory, until: datetime) -> None:
        self._asker = asker
        self._memory = memory
        self._until = until
        self._approvers: dict[tuple[str, int], tuple[str, ...]] = {}

    def ask(self, asked: Sequence[Asked], days: int) -> list[History | Unread]:
        """The changes completed into each default branch in so many days."""
        return [
            one.found if isinstance(one.found, Unread) else self._history(one.found, timedelta(days=days))
            for one in asked
        ]

    def _history(self, place: Place, window: timedelta) -> History | Unread:
        if not place.branch:
            return History(place, (), self._until - window)
        # A vote may change after the merge, so a change is settled as it was when it was first seen completed.
        stream = Stream("pullrequests", f"{place.path} {place.branch}", window)
        try:
            recalled = self._memory.recall(
                stream,
                until=self._until,
                fetch=lambda since, until: self._pages(place, since, until),
                refetch=lambda keys: [],
            )
        except Unread as gap:
            return named_gap(place, gap)
        for item in recalled.items:
            self._approvers[(place.path, int(item.key))] = tuple(item.data["approvers"])
        covered_from = self._until if recalled.cause is not None else recalled.covered_from
        cut = cut_of(recalled, since=self._until - window, until=self._until, what="merged changes")
        merged = tuple(_change(item) for item in recalled.items)
        return History(place, merged, covered_from, named_gap(place, cut) if cut else None)

    def _pages(self, place: Place, since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
        asked = {
            "searchCriteria.status": "completed",
            "searchCriteria.targetRefName": f"{HEADS}{place.branch}",
            "searchCriteria.queryTimeRangeType": "closed",
            "searchCriteria.minTime": stamp(since),
            "searchCriteria.maxTime": stamp(until),
        }
        for page in self._asker.skipping(f"{place.path}/pullrequests", asked, max_pages=MAX_PAGES):
            items = [item for row in page if (item := read_item(row, place.branch)) is not None]
            yield [item for item in items if since <= item.happened_at < until]

    def reviewed(self, history: History, changes: Sequence[Change]) -> Share | Unread:
        """Changes with an approving vote of a person other than the author, given before the merge."""
        reviewed = 0
        for change in changes:
            approvers = self._approvers.get((history.place.path, change.number), ())
            # Without a vote that approves there is no time to ask for.
            if not approvers:
                continue
            try:
                reviewed += self._voted_in_time(history.place, change, approvers)
            except Unread as gap:
                return named_gap(history.place, gap)
        return Share(reviewed, len(changes))

    def _voted_in_time(self, place: Place, change: Change, approvers: Sequence[str]) -> bool:
        def ask() -> Item:
            rows = rows_of(self._asker.get(f"{place.path}/pullRequests/{change.number}/threads"))
            given = {person: at for person, at in first_votes(rows).items() if person in approvers}
            if not given:
                raise Unread("unreachable", f"Change {change.number} does not show when it was approved.")
            in_time = min(given.values()) <= change.merged_at
            return Item(str(change.number), change.merged_at, is_final=True, data={"in_time": in_time})

        stream = Stream("votes", place.path, timedelta(days=90))
        return bool(self._memory.once(stream, str(change.number), ask).data["in_time"])


def read_item(row: Row, branch: str) -> Item | None:
    """What is kept of a completed pull request; None for one that is not completed into the branch."""
    closed_at, author = moment(row, "closedDate"), part(row, "createdBy")
    if closed_at is None or number(row, "pullRequestId") < 1 or text(row, "status") != "completed":
        return None
    if text(row, "targetRefName") != f"{HEADS}{branch}":
        return None
    labels, reviewers = row.get("labels"), row.get("reviewers")
    return Item(
        key=str(number(row, "pullRequestId")),
        happened_at=closed_at,
        is_final=True,
        data={
            "author": who(author),
            "is_by_person": is_person(author),
            "merge_sha": sha(part(row, "lastMergeCommit"), "commitId"),
            "head_sha": sha(part(row, "lastMergeSourceCommit"), "commitId"),
            "head_ref": text(row, "sourceRefName").removeprefix(HEADS)[:200],
            "labels": sorted(
                text(label, "name").lower()
                for label in (labels if isinstance(labels, list) else ())
                if isinstance(label, dict) and label.get("active") is not False
            ),
            "approvers": sorted(
                who(one)
                for one in (reviewers if isinstance(reviewers, list) else ())
                if isinstance(one, dict)
                and number(one, "vote") >= APPROVED
                and is_person(one)
                and who(one) != who(author)
            ),
        },
    )


def _change(item: Item) -> Change:
    data = item.data
    return Change(
        number=int(item.key),
        merged_at=item.happened_at,
        author=data["author"],
        is_by_person=data["is_by_person"],
        merge_sha=data["merge_sha"],
        head_sha=data["head_sha"],
        head_ref=data["head_ref"],
        labels=frozenset(data["labels"]),
    )


def first_votes(threads: Sequence[Row]) -> dict[str, datetime]:
    """When each account first voted to approve: such a vote is a thread that the system writes in its name."""
    found: dict[str, datetime] = {}
    for thread in threads:
        properties = part(thread, "properties")
        vote = text(part(properties, "CodeReviewVoteResult"), "$value")
        at = moment(thread, "publishedDate")
        if text(part(properties, "CodeReviewThreadType"), "$value") != _VOTE or at is None:
            continue
        comments = thread.get("comments")
        first = comments[0] if isinstance(comments, list) and comments else {}
        person = who(part(first, "author")) if isinstance(first, dict) else ""
        if person and vote.isascii() and vote.isdigit() and len(vote) < 4 and int(vote) >= APPROVED:
            found[person] = min(at, found.get(person, at))
    return found


def stamp(moment_: datetime) -> str:
    return moment_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
