"""Asks MLflow, and tells what failed as a whole from what only a part could not give."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from assessments.vocabulary import Reason
from integrations.connectors.common.gaps import Gap
from integrations.connectors.failures import Mark
from integrations.connectors.http import Failure, Http, Params, SourceError
from integrations.connectors.mlflow.parse import Row, bad_shape, rows, text

T = TypeVar("T")

ABSENT = "RESOURCE_DOES_NOT_EXIST"

# After one of these no other question of this collection can fare better.
_WHOLE = frozenset(
    {Failure.BLOCKED, Failure.TLS, Failure.UNREACHABLE, Failure.UNAUTHORIZED, Failure.RATE_LIMITED}
)


CUT = Gap(Reason.TRUNCATED.value, "MLflow holds more than one collection reads.")


class Reader:
    """Counts whether anything was answered at all; see `raise_if_silent`."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self._is_answered = False
        self._failure: SourceError | None = None

    def get(self, path: str, params: Params | None = None) -> Row:
        """The JSON object at api/`path`. Raises SourceError."""
        return self._object(lambda: self.http.get(f"api/{path}", params).data)

    def post(self, path: str, body: Mapping[str, Any]) -> Row:
        """The JSON object that answers a question. Raises SourceError."""
        return self._object(lambda: self.http.post(f"api/{path}", body).data)

    def _object(self, ask: Any) -> Row:
        try:
            data = ask()
            if not isinstance(data, dict) or "error_code" in data:
                raise bad_shape()
        except SourceError as error:
            # A refusal in MLflow's own words is an answer: the system was read.
            self._is_answered |= bool(error.code) or error.kind is Failure.FORBIDDEN
            self._failure = error
            raise
        self._is_answered = True
        return data

    def raise_if_silent(self) -> None:
        """Raises the last failure when no question was answered: then the system was not read, whatever the reason."""
        if self._failure is not None and not self._is_answered:
            raise self._failure


class Cut(Exception):
    """There is more than was asked for; nothing failed."""


def pages(
    ask: Callable[[Mapping[str, str]], Row],
    key: str,
    parse: Callable[[Row], T],
    *,
    max_pages: int,
    max_rows: int = sys.maxsize,
) -> Iterator[list[T]]:
    """Everything listed under `key`, page by page; no more pages or rows than these are asked for, then it raises Cut.

    `ask` puts the given page token into its question. Raises SourceError, also for a token that comes back: of a list that
    does not advance neither rows nor number can be trusted.
    """
    count = 0
    seen: set[str] = set()
    token: dict[str, str] = {}
    for _ in range(max_pages):
        data = ask(token)
        # Parsed at once: a page of raw runs takes ten times the memory of what is kept of it.
        page = list(map(parse, rows(data, key)))
        following = text(data, "next_page_token")
        del data
        if following in seen:
            raise SourceError(
                Failure.BAD_PAYLOAD,
                "MLflow names a page as its own next page: the list does not advance, and nothing was taken from it.",
            )
        yield page
        if not following:
            return
        count += len(page)
        if count >= max_rows:
            break
        seen.add(following)
        token = {"page_token": following}
    raise Cut


def read_all(
    ask: Callable[[Mapping[str, str]], Row], key: str, parse: Callable[[Row], T], *, max_pages: int
) -> tuple[list[T], bool]:
    """Everything listed under `key`, and whether that was all. Raises as `pages` does."""
    found: list[T] = []
    try:
        for page in pages(ask, key, parse, max_pages=max_pages):
            found += page
    except Cut:
        return found, False
    return found, True


def is_absent(error: SourceError) -> bool:
    """MLflow says that a thing is not there. A 404 without its code is a missing endpoint, or no MLflow at all."""
    return error.kind is Failure.NOT_FOUND and error.code == ABSENT


def is_missing_endpoint(error: SourceError) -> bool:
    return error.kind is Failure.NOT_FOUND and error.code in {"", "ENDPOINT_NOT_FOUND"}


def gap_of(error: SourceError) -> Gap:
    """The gap that a part's failure leaves. Raises the error again where the rest cannot be read either."""
    if error.kind in _WHOLE or error.mark is Mark.INVALID_HOST:
        raise error
    reason = Reason.UNAUTHORIZED if error.kind is Failure.FORBIDDEN else Reason.UNREACHABLE
    return Gap(reason.value, error.message)
