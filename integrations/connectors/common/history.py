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
    return Unread(
        "window_not_covered",
        f"the history of {what} is still being read: {known} of {wanted} days so far.",
    )
