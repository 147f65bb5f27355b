"""Asks GitLab page by page, within the budget of a collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from integrations.connectors.common.asking import BUDGET, Asker, Params
from integrations.connectors.common.payload import Row, rows
from integrations.connectors.common.unread import Unread
from integrations.connectors.http import Http, Reply

API = "api/v4/"
PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of a listing in the order of the source. `is_complete` is False when pages are missing at its end."""

    rows: tuple[Row, ...]
    is_complete: bool = True


class Reader(Asker):
    """Reads within a budget. Raises SourceError when going on is pointless, Unread when one part cannot be had."""

    def __init__(self, http: Http, budget: int = BUDGET) -> None:
        super().__init__(http, "GitLab", budget)
        # People know the page of their GitLab, scripts the root of its API; both are welcome as the address.
        self._root = "" if http.base_url.endswith(f"/{API}") else API

    def get(self, path: str, params: Params | None = None, *, is_kept: bool = False) -> Reply:
        """One answer of the API. A refused or absent thing, a line failure and a spent budget are Unread."""
        return super().get(f"{self._root}{path}", params, is_kept=is_kept)

    def pages(self, path: str, params: Params | None = None, *, max_pages: int) -> Iterator[list[Row]]:
        """Page by page to the end. Raises Unread when a page cannot be had, and when there are more than `max_pages`.

        The end is where no next page is named: GitLab leaves totals out of long listings. Of the link only the question is
        taken, asked at our own address: an installation behind a proxy names a host that is not ours to follow.
        """
        asked: Params = {**(params or {}), "per_page": PER_PAGE}
        for _ in range(max_pages):
            reply = self.get(path, asked)
            yield rows(reply.data)
            following = _question_of(reply.next_url)
            if not following:
                return
            if following == {name: _texts(value) for name, value in asked.items()}:
                raise Unread("unreachable", "GitLab names a page as its own next page.")
            asked = following
        raise Unread("truncated", "A listing is longer than one collection reads.")

    def listing(self, path: str, params: Params | None = None, *, max_pages: int) -> Listing:
        """All rows. A failure after the first page gives what was read, marked as incomplete; on the first it is raised."""
        found: list[Row] = []
        is_told = False
        try:
            for page in self.pages(path, params, max_pages=max_pages):
                found += page
                is_told = True
        except Unread:
            if not is_told:
                raise
            return Listing(tuple(found), is_complete=False)
        return Listing(tuple(found))

    def whole(self, path: str, params: Params | None = None, *, max_pages: int = 5) -> tuple[Row, ...]:
        """All rows of a short listing. Raises Unread when a page is missing: a part of it could prove the opposite."""
        return tuple(row for page in self.pages(path, params, max_pages=max_pages) for row in page)

    def rows_of(self, reply: Reply) -> list[Row]:
        """Rows of an answer; another shape is Unread (unreachable), never an empty listing."""
        return rows(reply.data)


def _question_of(url: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(urlsplit(url).query):
            found.setdefault(name, []).append(value)
    except ValueError:
        return {}
    return found


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]
