"""Valid connections and sources, through the services, as the portal itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from integrations.models import Collection, Connection, Source
from integrations.services import collecting, connections, leases, sources
from integrations.services.collecting import Clock
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.fakes import FakeSystem

TOKEN = "s3cr3t-canary-token"
_numbers = count(1)


def make_connection(fake: FakeSystem | None = None, **fields: Any) -> Connection:
    fields.setdefault("kind", "fakegit")
    fields.setdefault("name", f"Connection {next(_numbers)}")
    fields.setdefault("base_url", fake.origin if fake else "https://git.example.org")
    fields.setdefault("answers", {"token": TOKEN})
    fields.setdefault("at", AT)
    fields.setdefault("by", None)
    return connections.create_connection(**fields)


def make_source(connection: Connection, team: Team | None = None, **fields: Any) -> Source:
    fields.setdefault("options", {"project": "churn"})
    fields.setdefault("at", AT)
    return sources.map_team(connection=connection, team=team or make_team(), by=None, **fields)


def ticking(start: datetime = AT) -> Clock:
    """A clock that moves a second with each look."""
    seconds = count()
    return lambda: start + timedelta(seconds=next(seconds))


def collect(
    connection: Connection, *, at: datetime = AT, trigger: Collection.Trigger | None = None
) -> tuple[Collection, ...]:
    """One collection at `at`, as a worker does it."""
    claim = leases.claim_one(connection_id=connection.pk, at=at)
    assert claim is not None
    return collecting.collect_connection(claim=claim, clock=ticking(at), trigger=trigger)
