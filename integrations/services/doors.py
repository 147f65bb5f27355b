"""From a stored connection to a connector that can ask: credential opened, address policy in force, time bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2

from integrations.connectors.base import Connector
from integrations.connectors.failures import Mark
from integrations.connectors.http import Failure, Http, Limits, SourceError
from integrations.models import Connection
from integrations.queries.kinds import connector_class
from integrations.services import budgets
from integrations.services.addresses import egress_policy
from integrations.services.credentials import request_headers
from integrations.services.kept_answers import StoredAnswers

# A thread cannot be stopped from outside (RULINGS 18), so the reading of one source stops asking by itself.
SOURCE_SECONDS = 480.0
# Somebody looks at the page meanwhile: the answer comes within ten seconds, whatever the other side does.
TEST_SECONDS = 9.0
TEST_LIMITS = Limits(connect=3, read=6, total=6)
# The first question to a system that is not known to be slow. One that stays silent is read in the slow lane, with the usual
# patience, so that it holds up nobody else; nothing is said about it yet.
KNOCK = Limits(connect=2, read=3, total=4)
# A look at a page: it answers or it does not, and nobody reads what it says.
PAGE_LIMITS = Limits(connect=3, read=5, total=8, wire_bytes=256 * 1024, decoded_bytes=1024 * 1024)


class BudgetedHttp(Http):
    """The door with one more deadline, over all requests together; the last of them is cut short by it."""

    def __init__(self, base_url: str, *, seconds: float, is_knocking: bool = False, **options: Any) -> None:
        super().__init__(base_url, **options)
        self._seconds = seconds
        self._is_knocking = is_knocking
        self._usual = self._limits
        self._ends = time.monotonic() + seconds

    def _fetch(
        self, method: str, url: httpx2.URL, body: Any, etag: str = ""
    ) -> tuple[httpx2.Response, bytes]:
        if not self._is_knocking:
            return self._in_time(method, url, body, etag)
        self._usual, usual = KNOCK, self._usual
        try:
            return self._in_time(method, url, body, etag)
        except SourceError as error:
            if error.mark is not Mark.NO_ANSWER:
                raise
            raise SourceError(error.kind, error.message, mark=Mark.SILENT) from None
        finally:
            self._usual, self._is_knocking = usual, False

    def _in_time(self, method: str, url: httpx2.URL, body: Any, etag: str) -> tuple[httpx2.Response, bytes]:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self._too_slow()
        is_last = left < self._usual.total
        self._limits = replace(self._usual, total=left) if is_last else self._usual
        try:
            return super()._fetch(method, url, body, etag)
        except SourceError as error:
            if is_last and error.kind is Failure.UNREACHABLE and time.monotonic() >= self._ends:
                raise self._too_slow() from None
            raise

    def _too_slow(self) -> SourceError:
        return SourceError(
            Failure.UNREACHABLE,
            f"{self.host} was too slow: it was read for {self._seconds:g} seconds and was not done. "
            "Look why it answers slowly, or map less to one team.",
            mark=Mark.TOO_SLOW,
        )


@contextmanager
def connector_of(
    connection: Connection,
    *,
    at: datetime,
    seconds: float = SOURCE_SECONDS,
    limits: Limits | None = None,
    is_knocking: bool = False,
    is_by_hand: bool = False,
) -> Iterator[Connector]:
    """The connector, ready to ask. Raises SourceError (address refused), CannotDecrypt, UnknownConnector, NotAConnector.

    What the host tells about the requests that are left is kept for all who send the same credential.
    """
    began = time.monotonic()
    kind, headers = connector_class(connection.kind), request_headers(connection)
    budget = budgets.attach(connection=connection, headers=headers)
    with BudgetedHttp(
        connection.base_url,
        seconds=seconds,
        is_knocking=is_knocking,
        is_by_hand=is_by_hand,
        policy=egress_policy(),
        headers=headers,
        limits=limits,
        kept=StoredAnswers(connection, at),
        allowance=budgets.allowance_in(budget),
    ) as http:
        try:
            yield kind(http)
        finally:
            now = at + timedelta(seconds=time.monotonic() - began)
            budgets.note_allowance(budget=budget, allowance=http.allowance, at=now)


@contextmanager
def page_door(connection: Connection, *, seconds: float, is_trusted: bool) -> Iterator[Http]:
    """A door for small looks at pages of the connection's origin. Raises as `connector_of` does.

    With `is_trusted` it carries the credential and stays below the connection's address; without, it goes as a stranger.
    """
    parts = urlsplit(connection.base_url)
    headers = request_headers(connection) if is_trusted else {}
    with BudgetedHttp(
        connection.base_url if is_trusted else f"{parts.scheme}://{parts.netloc}",
        seconds=seconds,
        policy=egress_policy(),
        headers={**headers, "Accept": "*/*"},
        limits=PAGE_LIMITS,
    ) as http:
        yield http
