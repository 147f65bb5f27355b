"""What of a growing list may be missing. Pure."""

from __future__ import annotations

from datetime import datetime

from integrations.connectors.common.unread import Unread
from integrations.connectors.memory import Recalled


def missing_from(recalled: Recalled, *, since: datetime, until: datetime, what: str) -> Unread | None:
    """Why things that happened from `since` on may be missing, None when none can be. Raises a cause that is not one part's."""
    if recalled.cause is not None:
        if not isinstance(recalled.cause, Unread):
            raise recalled.cause
        return recalled.cause
    if recalled.covers(since):
        return None
    known, wanted = (until - recalled.covered_from).days, (until - since).days
    # The history of a first reading, which goes back day by day while the newest days already count.
    return Unread(
        "window_not_covered",
        f"the history of {what} is still being read: {known} of {wanted} days so far.",
    )


def cut_of(recalled: Recalled, *, since: datetime, until: datetime, what: str) -> Unread | None:
    """As `missing_from`, for a list of which only a part is used: whatever broke the reading off is why older ones are missing."""
    if recalled.cause is None or isinstance(recalled.cause, Unread):
        return missing_from(recalled, since=since, until=until, what=what)
    return Unread("unreachable", str(recalled.cause))
