"""From a stored connection to a connector that can ask: credential opened, address policy in force, time bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
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
TEST_SECONDS = 20.0
# The code of a SourceError that is about one source, not about the system as a whole.
TOO_SLOW = "TOO_SLOW"
TEST_LIMITS = Limits(connect=3, read=6, total=10)


class BudgetedHttp(Http):
    """The door with one more deadline, over all requests together."""

    def __init__(self, base_url: str, *, seconds: float, **options: Any) -> None:
        super().__init__(base_url, **options)
        self._seconds = seconds
        self._ends = time.monotonic() + seconds

    def _fetch(self, method: str, url: httpx2.URL, body: Any) -> tuple[httpx2.Response, bytes]:
        if time.monotonic() > self._ends:
            raise SourceError(
                Failure.UNREACHABLE,
                f"{self.host} was too slow: it was read for {self._seconds:g} seconds and was not done. "
                "Map less to the team, or look why it answers slowly.",
                code=TOO_SLOW,
            )
        return super()._fetch(method, url, body)


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
