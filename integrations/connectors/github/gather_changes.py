"""Asks for merged changes and their approvals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from integrations.connectors.common import change_signals
from integrations.connectors.common.changes import Change, History
from integrations.connectors.common.places import Asked, Place
from integrations.connectors.common.pool import Share
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.changes import is_approved, last_update, merged_changes
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.remembered import review_item, reviews_of
from integrations.connectors.memory import Item

MAX_PAGES = 30

SIGNALS = change_signals.SIGNALS


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
