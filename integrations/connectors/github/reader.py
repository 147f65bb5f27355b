"""Asks GitHub page by page, within the budget of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from integrations.connectors.common.asking import BUDGET, Asker, Params
from integrations.connectors.common.payload import Row, rows
from integrations.connectors.common.unread import Unread
from integrations.connectors.http import Http, Reply
from integrations.connectors.memory import Forgetful, Memory

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of a listing in the order of the source. `is_complete` is False when pages are missing at its end."""

    rows: tuple[Row, ...]
    is_complete: bool = True


class Reader(Asker):
    """Reads within a budget. Raises SourceError when going on is pointless, Unread when one part cannot be had.

    `memory`: what the source remembers, at hand wherever questions are asked.
    """

    def __init__(self, http: Http, budget: int = BUDGET, memory: Memory | None = None) -> None:
        super().__init__(http, "GitHub", budget)
        self.memory = memory or Forgetful()

    def pages(self, path: str, params: Params, *, max_pages: int) -> Iterator[list[Row]]:
        """Page by page to the end. Raises Unread when a page cannot be had, and when there are more than `max_pages`."""
        for page in range(1, max_pages + 1):
            reply = self.get(path, {**params, "per_page": PER_PAGE, "page": page})
            yield self.rows_of(reply)
            if 'rel="next"' not in reply.headers.get("link", ""):
                return
        raise Unread("truncated", "A listing is longer than one collection reads.")

    def listing(
        self,
        path: str,
        params: Params | None = None,
        *,
        key: str = "",
        max_pages: int = 10,
        is_enough: Callable[[list[Row]], bool] | None = None,
    ) -> Listing:
        """All rows, page by page, until `is_enough` says that older rows are of no use.

        Pages are asked by number: a `next` link of an installation behind a proxy names a host that is not ours to follow.
        A failure after the first page gives what was read, marked as incomplete; on the first page it is raised.
        """
        found: list[Row] = []
        for page in range(1, max_pages + 1):
            try:
                reply = self.get(path, {**(params or {}), "per_page": PER_PAGE, "page": page})
                part = self.rows_of(reply, key)
            except Unread:
                if page == 1:
                    raise
                return Listing(tuple(found), is_complete=False)
            found += part
            if 'rel="next"' not in reply.headers.get("link", "") or (is_enough and is_enough(part)):
                return Listing(tuple(found))
        return Listing(tuple(found), is_complete=False)

    def whole(
        self, path: str, params: Params | None = None, *, key: str = "", max_pages: int = 5
    ) -> tuple[Row, ...]:
        """All rows of a short listing. Unread when a page is missing: a part of it could prove the opposite."""
        listing = self.listing(path, params, key=key, max_pages=max_pages)
        if not listing.is_complete:
            raise Unread("truncated", "A listing could not be read to its end.")
        return listing.rows

    def rows_of(self, reply: Reply, key: str = "") -> list[Row]:
        """Rows of an answer; another shape is Unread (unreachable), never an empty listing."""
        return rows(reply.data, key)
