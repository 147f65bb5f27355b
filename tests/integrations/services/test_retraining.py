"""From a drift alert to a retrained version live: alerts of monitoring joined with what a registry was seen to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import Reading
from integrations.models import Connection, Source, SourceFact
from integrations.services.retraining import TO_LIVE
from integrations.services.sources import edit_source
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db

READ = {
    "mlflow.production_versions": 1,
    "mlflow.versions_90d": 1,
    "mlflow.production_from_notebook_share": 0.0,
    "mlflow.versions_with_run_share": 1.0,
}


def hour(number: float) -> datetime:
    """So many hours after AT, the first reading."""
    return AT + timedelta(hours=number)


def version(number: int, trained: float, *, is_live: bool = False, model: str = "churn") -> dict[str, Any]:
    """Its run begins then and takes half an hour; the version is made at its end."""
    return {
        "kind": "version",
        "key": f"{model}/{number}",
        "happened_at": hour(trained + 0.5).isoformat(),
        "started_at": hour(trained).isoformat(),
        "finished_at": hour(trained + 0.5).isoformat(),
        "is_live": is_live,
    }


def alert(began: float) -> dict[str, Any]:
    return {"kind": "alert", "key": f"{began}/Drift", "happened_at": hour(began).isoformat()}


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


@pytest.fixture
def registry(fake: FakeSystem, team: Team) -> Connection:
    connection = make_connection(fake, kind="fakeregistry", name="Registry")
    make_source(connection, team, options={"project": "models"})
    Source.objects.filter(connection=connection).update(created_at=AT - timedelta(days=30))
    return connection


@pytest.fixture
def monitor(fake: FakeSystem, team: Team) -> Connection:
    connection = make_connection(fake, kind="fakemonitor", name="Monitor")
    make_source(connection, team, options={"project": "alerts"})
    return connection


class World:
    """Both systems, read at the hours that a test names."""

    def __init__(self, fake: FakeSystem, registry: Connection, monitor: Connection) -> None:
        self.fake, self.registry, self.monitor = fake, registry, monitor

    def read_registry(self, at: float, *versions: dict[str, Any], **observations: Any) -> None:
        self.fake.pages["/projects/models"] = {
            "observations": READ | {f"mlflow.{name}": value for name, value in observations.items()},
            "facts": list(versions),
        }
        collect(self.registry, at=hour(at))

    def read_monitor(self, at: float, *alerts: dict[str, Any], rules: Any = 1) -> None:
        self.fake.pages["/projects/alerts"] = {
            "observations": {"monitoring.drift_rules": rules},
            "facts": list(alerts),
        }
        collect(self.monitor, at=hour(at))

    def found(self) -> tuple[float | None, str, str, int | None]:
        reading = Reading.objects.get(source=self.registry.measurement_source, signal=TO_LIVE).latest
        return reading.value, reading.reason, reading.bound, reading.sample


@pytest.fixture
def world(fake: FakeSystem, registry: Connection, monitor: Connection) -> World:
    return World(fake, registry, monitor)


def test_from_the_alert_to_the_first_reading_that_saw_a_retrained_version_live(world: World) -> None:
    one, two = version(1, -50, is_live=True), version(2, 12)
    world.read_registry(0, one)
    world.read_monitor(1)
    world.read_monitor(10, alert(8))
    world.read_registry(20, one, two)
    # Trained at 12 h, after the alert of 8 h; seen live at 30 h, not at 20 h.
    world.read_registry(30, {**one, "is_live": False}, {**two, "is_live": True})

    assert world.found() == (22.0, "", "exact", 1)
    # It stays so, whatever happens to that version later.
    world.read_registry(40, one, two)
    assert world.found() == (22.0, "", "exact", 1)


def test_unanswered_alerts_count_with_their_age_and_make_the_median_a_lower_bound(world: World) -> None:
    world.read_registry(0, version(1, -50, is_live=True))
    world.read_monitor(10, alert(8))
    world.read_registry(20.5, version(1, -50, is_live=True))
    # 12.5 hours old; whole hours are kept.
    assert world.found() == (12.0, "", "lower", 1)
    world.read_registry(24, version(1, -50), version(2, 21, is_live=True))
    assert world.found() == (16.0, "", "exact", 1)
    # Three alerts: 16 hours, and two of 70 and 10 hours that nothing has answered.
    world.read_monitor(99, alert(8), alert(30), alert(90))
    world.read_registry(100, version(1, -50), version(2, 21, is_live=True))
    assert world.found() == (16.0, "", "lower", 3)


def test_a_version_trained_before_the_alert_answers_nothing(world: World) -> None:
    world.read_registry(0, version(1, -50, is_live=True))
    world.read_monitor(10, alert(8))
    # Begun a quarter of an hour before the alert.
    world.read_registry(20, version(1, -50), version(2, 7.75, is_live=True))
    assert world.found() == (12.0, "", "lower", 1)


def test_a_version_that_nobody_saw_going_live_leaves_its_alert_out(world: World) -> None:
    """At the first reading it is live already: since when is not known."""
    world.read_monitor(1, alert(-20))
    world.read_registry(2, version(2, -10, is_live=True))
    assert world.found() == (None, "insufficient_sample", "exact", 0)


def test_readings_further_apart_than_two_days_saw_nothing_go_live(world: World) -> None:
    world.read_registry(0, version(1, -50, is_live=True))
    world.read_monitor(10, alert(8))
    world.read_registry(49, version(1, -50), version(2, 12, is_live=True))
    assert world.found() == (None, "insufficient_sample", "exact", 0)


def test_another_alias_in_the_mapping_is_no_version_going_live(world: World) -> None:
    world.read_registry(0, version(1, -50))
    world.read_monitor(10, alert(8))
    world.read_registry(20, version(1, -50), version(2, 12))
    source = Source.objects.get(connection=world.registry)
    edit_source(source=source, options={"project": "models"}, row_version=1, by=None, at=hour(21))

    world.read_registry(22, version(1, -50), version(2, 12, is_live=True))

    assert SourceFact.objects.get(key="churn/2").live_since_at is None
    assert world.found() == (None, "insufficient_sample", "exact", 0)
    # Under one mapping it is seen again.
    world.read_registry(23, version(2, 12, is_live=True), version(3, 22, is_live=True))
    since = SourceFact.objects.get(key="churn/3").live_since_at
    # The clock of collections ticks.
    assert since is not None
    assert timedelta(0) <= since - hour(23) < timedelta(seconds=5)


def test_alerts_from_before_the_registry_was_connected_do_not_count(world: World) -> None:
    Source.objects.filter(connection=world.registry).update(created_at=hour(-1))
    world.read_registry(0, version(1, -50, is_live=True))
    world.read_monitor(1, alert(-2))
    assert world.found() == (None, "insufficient_sample", "exact", 0)


def test_several_models_cannot_be_told_apart(world: World) -> None:
    world.read_registry(0, version(1, -50, is_live=True), version(1, -40, model="fraud"))
    world.read_monitor(10, alert(8))
    assert world.found() == (None, "unsupported", "exact", None)


@pytest.mark.parametrize(
    ("observations", "reason"),
    [
        ({"production_versions": "unauthorized"}, "unauthorized"),
        ({"versions_90d": "registry_elsewhere"}, "registry_elsewhere"),
        ({"versions_with_run_share": "unreachable"}, "unreachable"),
    ],
)
def test_registry_that_cannot_be_read_gives_its_own_reason(
    world: World, observations: dict[str, Any], reason: str
) -> None:
    world.read_monitor(0, alert(-1))
    world.read_registry(1, version(1, -50, is_live=True), **observations)
    assert world.found() == (None, reason, "exact", None)


@pytest.mark.parametrize("reason", ["unreachable", "selector_matches_nothing", "unsupported"])
def test_monitoring_that_cannot_be_read_gives_its_own_reason(world: World, reason: str) -> None:
    world.read_registry(0, version(1, -50, is_live=True))
    world.read_monitor(1, alert(0.5))
    assert world.found() == (0.0, "", "lower", 1)
    world.read_monitor(2, rules=reason)
    assert world.found() == (None, reason, "exact", None)


def test_without_monitoring_it_is_not_configured(fake: FakeSystem, registry: Connection) -> None:
    fake.pages["/projects/models"] = {"observations": READ, "facts": [version(1, -50, is_live=True)]}
    collect(registry)
    reading = Reading.objects.get(source=registry.measurement_source, signal=TO_LIVE).latest
    assert (reading.value, reading.reason) == (None, "not_configured")
    assert reading.detail == "No monitoring system with drift rules is connected for this team."


def test_alerts_outlive_their_server_and_go_after_the_window(world: World) -> None:
    world.read_monitor(10, alert(8))
    world.read_monitor(11)
    assert SourceFact.objects.filter(kind="alert").count() == 1
    world.read_monitor(8 + 92 * 24 + 1)
    assert SourceFact.objects.filter(kind="alert").count() == 0
