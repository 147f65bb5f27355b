"""The listing of a repository's files in an answer of git/trees. Pure."""

from __future__ import annotations

from integrations.connectors.common.payload import Row, rows, text
from integrations.connectors.common.tree import Listing, is_vendored


def read_listing(answer: Row) -> Listing:
    """The listing in an answer of git/trees. Unread when there is no tree in it."""
    paths = (text(row, "path") for row in rows(answer, "tree") if row.get("type") == "blob")
    return Listing(
        tuple(path for path in paths if path and not is_vendored(path)), answer.get("truncated") is True
    )
