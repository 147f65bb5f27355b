"""Asks GitHub: counts requests, pages through listings, and turns what cannot be read into a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from integrations.connectors.github.payload import Row, rows
from integrations.connectors.github.unread import Unread
from integrations.connectors.http import Failure, Http, Reply, SourceError

# GitHub allows 5,000 requests an hour for a credential that people use too, and a collection has five minutes.
BUDGET = 1_000
PER_PAGE = 100
# After this many failures of the line in a row the system is down; asking on would only keep the worker busy.
MAX_LINE_FAILURES = 3

Params = Mapping[str, str | int]

# Failures of the system or of the credential as a whole: no signal of this collection can be trusted to be complete.
_WHOLE = frozenset({Failure.RATE_LIMITED, Failure.UNAUTHORIZED, Failure.BLOCKED, Failure.TLS})
_REFUSED = frozenset({Failure.FORBIDDEN, Failure.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of a listing in the order of the source. `is_complete` is False when pages are missing at its end."""

    rows: tuple[Row, ...]
    is_complete: bool = True


class Reader:
    """Reads within a budget. Raises SourceError when going on is pointless, Unread when one part cannot be had."""

    def __init__(self, http: Http, budget: int = BUDGET) -> None:
        self._http = http
        self._left = budget
        self._line_failures = 0

    def get(self, path: str, params: Params | None = None) -> Reply:
        """One answer. A refused or absent thing, a line failure and a spent budget are Unread; see `_WHOLE` for the rest."""
        if self._left <= 0:
            raise Unread("truncated", "The number of questions that one collection may ask was used up.")
        self._left -= 1
        try:
            reply = self._ask(path, params)
        except SourceError as error:
            raise self._unread(error) from error
        self._line_failures = 0
        return reply

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

    @property
    def is_spent(self) -> bool:
        """Whether no further question may be asked."""
        return self._left <= 0

    def rows_of(self, reply: Reply, key: str = "") -> list[Row]:
        """Rows of an answer; another shape is Unread (unreachable), never an empty listing."""
        return rows(reply.data, key)

    def _ask(self, path: str, params: Params | None) -> Reply:
        try:
            return self._http.get(path, params)
        except SourceError as error:
            # A gateway that drops one of several hundred answers is ordinary; a second time it is down.
            if error.kind is not Failure.UNAVAILABLE or self._left <= 0:
                raise
            self._left -= 1
            return self._http.get(path, params)

    def _unread(self, error: SourceError) -> Unread:
        if error.kind in _WHOLE:
            raise error
        if error.kind in _REFUSED:
            self._line_failures = 0
            return Unread(
                "unauthorized", f"GitHub does not show this to the credential: {error.message}", error
            )
        if error.kind in {Failure.UNREACHABLE, Failure.UNAVAILABLE}:
            self._line_failures += 1
            if self._line_failures >= MAX_LINE_FAILURES:
                raise error
        return Unread("unreachable", error.message, error)
