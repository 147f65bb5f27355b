"""Two small worlds behind a server that can hurt, each mapped to a team and read once in good health."""

from __future__ import annotations

import datetime as clock
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from integrations.connectors import http
from integrations.connectors.http import Limits
from integrations.models import Collection, Connection
from integrations.services import doors
from teams.models import Team
from tests.factories import make_team
from tests.integrations.connectors import github_world, mlflow_world
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.faults.faulty import Faulty, faulty
from tests.integrations.faults.table import AT
from tests.integrations.standing import standing

QUICK = Limits(connect=0.5, read=0.5, total=1)


@dataclass
class Patient:
    """One team with one source; `before` is how it stood when all was well."""

    server: Faulty
    connection: Connection
    team: Team
    before: dict[str, Any]

    def collect(self, at: clock.datetime = AT, *, by_schedule: bool = True) -> Collection:
        trigger = Collection.Trigger.SCHEDULE if by_schedule else Collection.Trigger.NOW
        runs = collect(self.connection, at=at, trigger=trigger)
        self.connection.refresh_from_db()
        if not runs:
            # It did not answer the knock, so it stepped aside: the slow lane asks with the usual patience.
            assert (self.connection.is_slow, self.connection.lease_key) == (True, "")
            runs = collect(self.connection, at=at + clock.timedelta(seconds=5), trigger=trigger)
            self.connection.refresh_from_db()
        (run,) = runs
        return run


@pytest.fixture
def sick(settings: Any, maturity_model: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the patient of a kind, github or mlflow."""

    class Then(clock.datetime):
        @classmethod
        def now(cls, tz: clock.tzinfo | None = None) -> clock.datetime:  # type: ignore[override]  # one moment is enough here
            return AT

    # The door's own clock stands at the second collection; its patience is short, that of people who run tests.
    monkeypatch.setattr(http, "datetime", Then)
    monkeypatch.setattr(http, "Limits", lambda: QUICK)
    monkeypatch.setattr(doors, "KNOCK", QUICK)
    with ExitStack() as stack:
        yield lambda kind: _patient(kind, settings, stack)


def _patient(kind: str, settings: Any, stack: ExitStack) -> Patient:
    fake, world, answers = {
        "github": (FakeGithub, github_world, {"token": "github_pat_loopback"}),
        "mlflow": (FakeMlflow, mlflow_world, {}),
    }[kind]
    inner = fake()
    world.build_world(inner)
    server = stack.enter_context(faulty(stack.enter_context(inner)))
    settings.PORTAL_EGRESS_ALLOW = server.url
    connection = make_connection(kind=kind, base_url=server.url, answers=answers, at=UNTIL)
    team = make_team(created_at=UNTIL)
    make_source(connection, team, options=world.OPTIONS, at=UNTIL)
    patient = Patient(server, connection, team, {})
    run = patient.collect(UNTIL, by_schedule=False)
    assert run.outcome in {"ok", "partial"}, run.message
    assert run.known_count > 10
    patient.before = standing(team)
    server.asked.clear()
    return patient
