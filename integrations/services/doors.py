"""From a stored connection to a connector that can ask: credential opened, address policy in force, time bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2

from integrations.connectors.base import Connector
from integrations.connectors.http import Failure, Http, Limits, SourceError
from integrations.models import Connection
from integrations.queries.kinds import connector_class
from integrations.services.addresses import egress_policy
from integrations.services.credentials import secrets_of

# A thread cannot be stopped from outside (RULINGS 18), so the reading of one source stops asking by itself.
SOURCE_SECONDS = 480.0
# Somebody looks at the page meanwhile: the answer comes within ten seconds, whatever the other side does.
TEST_SECONDS = 9.0
# The code of a SourceError that is about one source, not about the system as a whole.
TOO_SLOW = "TOO_SLOW"
TEST_LIMITS = Limits(connect=3, read=6, total=6)


class BudgetedHttp(Http):
    """The door with one more deadline, over all requests together; the last of them is cut short by it."""

    def __init__(self, base_url: str, *, seconds: float, **options: Any) -> None:
        super().__init__(base_url, **options)
        self._seconds = seconds
        self._usual = self._limits
        self._ends = time.monotonic() + seconds

    def _fetch(self, method: str, url: httpx2.URL, body: Any) -> tuple[httpx2.Response, bytes]:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise self._too_slow()
        is_last = left < self._usual.total
        self._limits = replace(self._usual, total=left) if is_last else self._usual
        try:
            return super()._fetch(method, url, body)
        except SourceError as error:
            if is_last and error.kind is Failure.UNREACHABLE and time.monotonic() >= self._ends:
                raise self._too_slow() from None
            raise

    def _too_slow(self) -> SourceError:
        return SourceError(
            Failure.UNREACHABLE,
            f"{self.host} was too slow: it was read for {self._seconds:g} seconds and was not done. "
            "Look why it answers slowly, or map less to one team.",
            code=TOO_SLOW,
        )


@contextmanager
def connector_of(
    connection: Connection, *, seconds: float = SOURCE_SECONDS, limits: Limits | None = None
) -> Iterator[Connector]:
    """The connector, ready to ask. Raises SourceError (address refused), CannotDecrypt, UnknownConnector, NotAConnector."""
    kind = connector_class(connection.kind)
    answers = {**connection.options, **secrets_of(connection)}
    with BudgetedHttp(
        connection.base_url,
        seconds=seconds,
        policy=egress_policy(),
        headers=kind.headers(answers),
        limits=limits,
    ) as http:
        yield kind(http)
