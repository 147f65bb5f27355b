"""MLflow stopped: the next collection fails visibly, what was known stands, no level falls. The real door, the real connector.

The same against a real MLflow is in tests/services/test_mlflow_server.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import Reading
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.models import Collection, Connection, Source
from teams.models import Team
from tests.factories import make_team
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import OPTIONS, build_world
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.standing import levels, standing, verdicts

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SAID = "127.0.0.1 could not be reached: check the address, and that the server runs."


@pytest.fixture
def mlflow() -> Iterator[FakeMlflow]:
    with FakeMlflow() as fake:
        build_world(fake)
        yield fake


@pytest.fixture
def connection(mlflow: FakeMlflow, settings: Any, maturity_model: Any) -> Connection:
    settings.PORTAL_EGRESS_ALLOW = mlflow.url
    return make_connection(kind="mlflow", base_url=mlflow.url, answers={}, at=UNTIL)


@pytest.fixture
def team(connection: Connection) -> Team:
    team = make_team(created_at=UNTIL)
    make_source(connection, team, options=OPTIONS, at=UNTIL)
    return team


def collect_at(connection: Connection, moment: datetime, *, by_schedule: bool = False) -> Collection:
    trigger = Collection.Trigger.SCHEDULE if by_schedule else Collection.Trigger.NOW
    (run,) = collect(connection, at=moment, trigger=trigger)
    return run


def test_stopped_server_fails_visibly_and_no_level_falls(
    mlflow: FakeMlflow, connection: Connection, team: Team
) -> None:
    run = collect_at(connection, UNTIL)
    assert (run.outcome, run.known_count) == ("ok", len(MlflowConnector.signals) - 1)
    before = standing(team)
    assert verdicts(team)["registry.live_marked"] == ("yes", "measured")
    # 6 of 11 runs name their commit: neither enough nor too few
    assert "environment.recorded_per_run" not in verdicts(team)
    assert levels(team)["registry"] == 1

    mlflow.stop()
    for hours, by_schedule in ((6, True), (30, True), (54, False)):
        run = collect_at(connection, UNTIL + timedelta(hours=hours), by_schedule=by_schedule)
        assert (run.outcome, run.failure, run.message) == ("failed", "unreachable", SAID)
        assert standing(team) == before

    connection.refresh_from_db()
    assert (connection.last_failure, connection.last_failure_message) == ("unreachable", SAID)
    assert connection.last_success_at is not None
    assert connection.last_success_at < UNTIL + timedelta(minutes=1)
    assert Source.objects.get().last_failure_message == SAID
    # Every signal says that it was tried and why there is nothing new.
    latest = Reading.objects.filter(team=team, signal__in=MlflowConnector.signals)
    assert set(latest.values_list("latest__reason", "latest__detail")) == {("unreachable", SAID)}


def test_experiment_deleted_at_the_source_keeps_what_was_known(
    mlflow: FakeMlflow, connection: Connection, team: Team
) -> None:
    collect_at(connection, UNTIL)
    before = verdicts(team)
    mlflow.serve("experiments/get", "experiment_deleted")
    mlflow.serve("experiments/get-by-name", "experiment_deleted")

    run = collect_at(connection, UNTIL + timedelta(hours=6))

    assert (run.outcome, run.message.partition(" could")[0]) == ("partial", "9 of 24 signals")
    assert verdicts(team) == before
    reading = Reading.objects.filter(signal="mlflow.runs_90d")
    assert reading.values_list("latest__reason", "good__value").get() == ("experiment_deleted", 11)
