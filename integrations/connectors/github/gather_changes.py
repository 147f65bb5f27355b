"""Asks for merged changes and their approvals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from integrations.connectors.common import change_signals
from integrations.connectors.common.asking import Params
from integrations.connectors.common.changes import Change, History
from integrations.connectors.common.payload import Row, moment, number
from integrations.connectors.common.places import Asked, Place, named_gap
from integrations.connectors.common.pool import Share
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.changes import is_approved, last_update, merged_changes
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.remembered import (
    change_item,
    change_of,
    changes_of,
    review_item,
    reviews_of,
)
from integrations.connectors.memory import Item

MAX_PAGES = 30

SIGNALS = change_signals.SIGNALS


def ask_changes(
    reader: Reader, asked: Sequence[Asked], marks: Sequence[str], *, since: datetime, until: datetime
) -> list[History | Unread]:
    """The changes merged into each default branch between the two moments."""
    return [_changes(reader, one.found, marks, since, until) for one in asked]


def _changes(
    reader: Reader, found: Place | Unread, marks: Sequence[str], since: datetime, until: datetime
) -> History | Unread:
    if isinstance(found, Unread):
        return found
    walk = _Walk(reader, found, marks, until)
    try:
        recalled = reader.memory.recall(
            changes_of(found, marks, until - since),
            until=until,
            fetch=walk.between,
            # Only what is merged is listed, and a change brings it back to the top of the list.
            refetch=lambda keys: (),
        )
    except Unread as gap:
        return named_gap(found, gap)
    if recalled.cause is not None and not isinstance(recalled.cause, Unread):
        raise recalled.cause
    # A walk that broke off has read everything down to where it broke.
    covered_from = recalled.covered_from if recalled.cause is None else walk.reached or until
    changes = (change_of(item, marks) for item in recalled.items)
    merged = sorted(
        (change for change in changes if change.merged_at <= until),
        key=lambda change: (change.merged_at, change.number),
        reverse=True,
    )
    return History(found, tuple(merged), covered_from)


class _Walk:
    """One walk back through the closed changes of a branch, the one updated last first: all spans of a collection share it."""

    def __init__(self, reader: Reader, place: Place, marks: Sequence[str], until: datetime) -> None:
        asked: Params = {"state": "closed", "base": place.branch, "sort": "updated", "direction": "desc"}
        self._pages = reader.pages(f"{place.path}/pulls", asked, max_pages=MAX_PAGES)
        self._branch = place.branch
        self._marks = marks
        self._until = until
        self._read: list[list[Item]] = []
        self._gap: Unread | None = None
        self.reached: datetime | None = None

    def between(self, since: datetime, until: datetime) -> Iterator[list[Item]]:
        """The changes updated in the span, page by page. Raises Unread when a page cannot be had."""
        for page in self._back_to(since):
            yield [item for item in page if since <= item.happened_at < until]

    def _back_to(self, since: datetime) -> Iterator[list[Item]]:
        yield from self._read
        while self.reached is None or self.reached >= since:
            page = self._next()
            if page is None:
                return
            self.reached = last_update(page) or self.reached or self._until
            self._read.append(self._items(page))
            yield self._read[-1]

    def _next(self) -> list[Row] | None:
        # What broke off once would look like its end the next time.
        if self._gap is not None:
            raise self._gap
        try:
            return next(self._pages, None)
        except Unread as gap:
            self._gap = gap
            raise

    def _items(self, page: list[Row]) -> list[Item]:
        updated = {number(row, "number"): moment(row, "updated_at") for row in page}
        # What was updated since this collection began stands at its end; the next one reads it there again.
        newest = self._until - timedelta(microseconds=1)
        return [
            change_item(
                change,
                self._marks,
                updated_at=min(updated[change.number] or change.merged_at, newest),
            )
            for change in merged_changes(page, branch=self._branch, until=self._until)
        ]


def reviewed(reader: Reader, history: History, changes: list[Change]) -> Share | Unread:
    """The changes with an approval by another person before the merge."""
    try:
        approved = [_is_reviewed(reader, history.place, change) for change in changes]
    except Unread as gap:
        return Unread(gap.reason, f"{history.place.full_name}: {gap.detail}", gap.cause)
    return Share(sum(approved), len(approved))


def _is_reviewed(reader: Reader, place: Place, change: Change) -> bool:
    def ask() -> Item:
        reviews = reader.whole(f"{place.path}/pulls/{change.number}/reviews")
        return review_item(change, is_approved=is_approved(change, reviews))

    return bool(reader.memory.once(reviews_of(place), str(change.number), ask).data["is_approved"])
