"""Asks Azure DevOps: the version of its API in every question, its two ways of paging, and its own ways of saying no."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import unquote

from integrations.connectors.common.asking import BUDGET, Asker, Params
from integrations.connectors.common.payload import Row, record
from integrations.connectors.common.unread import Unread
from integrations.connectors.failures import Failure, SourceError, wait_of
from integrations.connectors.http import Http, Reply

API_VERSION = "7.1"
SYSTEM = "Azure DevOps"
PER_PAGE = 100
_TOKEN = "x-ms-continuationtoken"  # noqa: S105 -- the name of a header that pages are turned with

# One of these is in every row that is asked for.
_IDENTITIES = frozenset({"id", "name", "path", "pullRequestId", "commitId"})
# To somebody who is not signed in it answers 302 to its sign-in page, or 203 with that page.
_SIGN_IN = frozenset({203, 302})
_EXPIRED = (
    "Azure DevOps asks to sign in: the token is wrong or at its end. Enter a new one in the connection."
)


class AzureAsker(Asker):
    """Asks within a budget. `at` is the beginning of the collection, from which a wished-for wait counts."""

    def __init__(self, http: Http, budget: int = BUDGET, *, at: datetime | None = None) -> None:
        super().__init__(http, SYSTEM, budget)
        self._at = at

    def get(self, path: str, params: Params | None = None, *, is_kept: bool = False) -> Reply:
        """One answer. Raises SourceError when going on is pointless, Unread when this cannot be had."""
        try:
            reply = super().get(path, {**(params or {}), "api-version": API_VERSION}, is_kept=is_kept)
        except SourceError as error:
            if error.status in _SIGN_IN:
                raise SourceError(Failure.UNAUTHORIZED, _EXPIRED, status=error.status) from error
            raise
        except Unread as gap:
            if gap.status in _SIGN_IN:
                raise SourceError(Failure.UNAUTHORIZED, _EXPIRED, status=gap.status) from gap
            raise
        self._obey(reply.headers)
        return reply

    def _obey(self, headers: Mapping[str, str]) -> None:
        """A 200 that asks for patience comes before the 429: the portal goes away rather than wait in a worker."""
        if "retry-after" in headers and self._at is not None:
            wait = wait_of(headers, self._at)
            raise SourceError(
                Failure.RATE_LIMITED,
                "Azure DevOps delays answers and asks for fewer questions: nothing to do, the portal comes back later.",
                status=200,
                retry_at=None if wait is None else self._at + wait,
            )

    def listing(self, path: str, params: Params | None = None, *, max_pages: int = 20) -> Iterator[list[Row]]:
        """Pages along the continuation token. Raises Unread, also when more pages are left than may be asked for."""
        asked = dict(params or {})
        seen: set[str] = set()
        for _ in range(max_pages):
            reply = self.get(path, asked)
            yield rows_of(reply)
            token = reply.headers.get(_TOKEN, "")
            if not token:
                return
            if token in seen:
                raise Unread("unreachable", "Azure DevOps names a page as its own next page.")
            seen.add(token)
            asked["continuationToken"] = token
        raise Unread("truncated", f"A listing has more than {max_pages} pages.")

    def skipping(
        self, path: str, params: Params | None = None, *, max_pages: int = 20
    ) -> Iterator[list[Row]]:
        """Pages by number of rows, for listings without a token. Raises Unread as `listing` does."""
        for page in range(max_pages):
            found = rows_of(self.get(path, {**(params or {}), "$top": PER_PAGE, "$skip": page * PER_PAGE}))
            yield found
            if len(found) < PER_PAGE:
                return
        raise Unread("truncated", f"A listing has more than {max_pages} pages.")


def rows_of(reply: Reply) -> list[Row]:
    """The rows of an answer: an object with `count` and `value`, whatever the description of the API says. Raises Unread."""
    value = record(reply.data).get("value")
    if not isinstance(value, list) or not all(
        isinstance(row, Mapping) and _IDENTITIES & row.keys() for row in value
    ):
        raise Unread(
            "unreachable",
            "Azure DevOps answered in a form that is not a list of its rows; nothing was taken from it.",
        )
    return value


def project_of(name: str) -> str:
    """The project in a repository's full name; people may copy it out of an address, with %20 for a space."""
    return unquote(name.partition("/")[0])


def repository_of(name: str) -> str:
    return unquote(name.partition("/")[2])
