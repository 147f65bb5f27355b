"""Reading a source: what is stored, what is not, and what people are told."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from assessments.models import Measurement, Reading
from integrations.models import Collection, Connection, Source, SourceFact
from integrations.services import collecting, leases, sources
from tests.factories import AT, make_team
from tests.integrations.conftest import OTHER_RING
from tests.integrations.factories import TOKEN, collect, make_connection, make_source, ticking
from tests.integrations.fakes import GIT_SIGNALS, FakeSystem

pytestmark = pytest.mark.django_db

CHURN: dict[str, Any] = {
    "observations": {"repo.connected": True, "ci.runs_30d": 14, "ci.training_runs_90d": "not_configured"}
}


def counts() -> tuple[int, int, int]:
    return Measurement.objects.count(), SourceFact.objects.count(), Connection.objects.count()


def test_collection_stores_values_and_reasons(fake: FakeSystem) -> None:
    fake.token = TOKEN
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    source = make_source(connection)

    (run,) = collect(connection)

    assert {m.signal: (m.value, m.reason, m.source) for m in Measurement.objects.all()} == {
        "repo.connected": (1.0, "", f"connection:{connection.pk}"),
        "ci.runs_30d": (14.0, "", f"connection:{connection.pk}"),
        "ci.training_runs_90d": (None, "not_configured", f"connection:{connection.pk}"),
    }
    assert (run.outcome, run.known_count, run.unknown_count, run.stored_count) == ("ok", 2, 1, 3)
    connection.refresh_from_db()
    source.refresh_from_db()
    assert connection.last_success_at is not None
    assert (connection.lease_key, connection.attempts, connection.last_failure) == ("", 0, "")
    assert connection.next_due_at >= AT + timedelta(minutes=connection.interval_minutes)
    assert source.last_read_at == run.started_at


def test_unchanged_system_adds_no_measurement(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    before = counts()

    (run,) = collect(connection, at=AT + timedelta(hours=6))

    assert counts() == before
    assert run.stored_count == 0
    assert Reading.objects.get(signal="ci.runs_30d").read_at == run.started_at


def test_unreachable_server_says_so_and_changes_no_reading(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    source = make_source(connection)
    collect(connection)
    good = {r.signal: (r.good_id, r.read_at) for r in Reading.objects.all()}
    fake.status = 503

    (run,) = collect(connection, at=AT + timedelta(hours=6))

    said = "127.0.0.1 is in trouble (HTTP 503): nothing to do here, the portal tries again at the next collection."
    assert (run.outcome, run.failure, run.message) == ("failed", "unavailable", said)
    assert {r.signal: (r.good_id, r.read_at) for r in Reading.objects.all()} == good
    assert set(Reading.objects.values_list("signal", "latest__reason")) == {
        (s, "unreachable") for s in GIT_SIGNALS
    }
    connection.refresh_from_db()
    source.refresh_from_db()
    assert (connection.last_failure, connection.last_failure_message) == ("unavailable", said)
    assert connection.last_success_at is not None
    assert connection.last_success_at < AT + timedelta(hours=6)
    assert source.last_failure_message == said
    # It comes back sooner than the schedule, but not at once.
    wait = connection.next_due_at - (AT + timedelta(hours=6))
    assert timedelta(minutes=5) <= wait <= timedelta(minutes=11)


def test_server_that_is_not_there_is_named(fake: FakeSystem, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    settings.PORTAL_EGRESS_ALLOW = nobody
    connection = make_connection(base_url=nobody)
    make_source(connection)

    (run,) = collect(connection)

    assert (run.outcome, run.failure, run.message) == (
        "failed",
        "unreachable",
        "127.0.0.1 could not be reached: check the address, and that the server runs.",
    )
    assert set(Measurement.objects.values_list("reason", flat=True)) == {"unreachable"}


def test_address_that_is_closed_by_now_is_not_asked(fake: FakeSystem, settings: Any) -> None:
    connection = make_connection(fake)
    make_source(connection)
    settings.PORTAL_EGRESS_ALLOW = ""

    (run,) = collect(connection)

    assert (run.outcome, run.failure) == ("failed", "blocked")
    assert run.message.endswith(f"To allow it, add {fake.origin} to PORTAL_EGRESS_ALLOW.")
    assert fake.asked == []


def test_wrong_key_ring_is_loud_and_asks_nothing(fake: FakeSystem, settings: Any) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    good = list(Reading.objects.order_by("pk").values_list("good_id", "read_at"))
    asked = len(fake.asked)
    settings.PORTAL_KEYS = OTHER_RING

    (run,) = collect(connection, at=AT + timedelta(hours=6))

    assert (run.outcome, run.failure) == ("failed", "secret")
    assert run.message == (
        f"The credential of connection {connection.pk} was encrypted with key 'k1', which is not in the key ring (k9). "
        "Put that key back into PORTAL_KEYS, or enter the credential again."
    )
    assert len(fake.asked) == asked
    assert list(Reading.objects.order_by("pk").values_list("good_id", "read_at")) == good


def test_refused_credential_pauses_after_the_second_time(fake: FakeSystem) -> None:
    fake.token = "another"
    connection = make_connection(fake)
    make_source(connection)

    collect(connection)
    assert Connection.objects.get().is_paused is False
    collect(connection, at=AT + timedelta(hours=6))

    connection.refresh_from_db()
    assert connection.is_paused
    assert connection.pause_reason == (
        "The credential was refused twice. Enter a new one; collecting then goes on by itself."
    )
    assert set(Reading.objects.values_list("latest__reason", flat=True)) == {"unauthorized"}
    assert leases.claim_due(at=AT + timedelta(days=9)) == ()


def test_rate_limit_moves_the_next_time_to_what_the_server_asks(fake: FakeSystem) -> None:
    fake.status = 429
    fake.headers = {"Retry-After": "1800"}
    # The door reads the real clock where a server asks for patience.
    now = timezone.now()
    connection = make_connection(fake, at=now)
    make_source(connection, at=now)

    (run,) = collect(connection, at=now)

    connection.refresh_from_db()
    assert run.failure == "rate_limited"
    assert timedelta(minutes=29) <= connection.next_due_at - now <= timedelta(minutes=31)


def test_system_that_is_down_is_asked_once_for_all_teams(fake: FakeSystem) -> None:
    fake.status = 503
    connection = make_connection(fake)
    make_source(connection)
    make_source(connection, options={"project": "fraud"})

    runs = collect(connection)

    assert [run.outcome for run in runs] == ["failed", "failed"]
    assert fake.paths == ["/projects/churn"]


def test_bug_in_a_connector_stores_nothing_and_lets_others_go_on(
    fake: FakeSystem, caplog: pytest.LogCaptureFixture
) -> None:
    connection = make_connection(fake, kind="broken")
    make_source(connection)
    make_source(connection)

    runs = collect(connection)

    assert [(run.outcome, run.failure) for run in runs] == [("failed", "portal")] * 2
    assert Measurement.objects.count() == 0
    connection.refresh_from_db()
    assert connection.last_failure == "portal"
    assert "a bug" in caplog.text
    assert TOKEN not in caplog.text


def test_what_the_vocabulary_refuses_is_noted_and_the_rest_is_kept(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = {
        "observations": {"ci.runs_30d": 3, "ci.invented": 1, "repo.connected": True}
    }
    connection = make_connection(fake)
    make_source(connection)

    (run,) = collect(connection)

    assert run.outcome == "partial"
    assert run.notes == [
        "Not taken: ci.invented: There is no signal 'ci.invented'. GET /api/v1/signals/ lists them."
    ]
    assert set(Measurement.objects.values_list("signal", flat=True)) == {"ci.runs_30d", "repo.connected"}


def test_part_that_could_not_be_read_makes_the_run_partial(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = {"observations": {"ci.runs_30d": "truncated", "repo.connected": True}}
    connection = make_connection(fake)
    make_source(connection)

    (run,) = collect(connection)

    assert (run.outcome, run.message) == ("partial", "1 of 2 signals could not be read (truncated).")
    connection.refresh_from_db()
    assert connection.last_failure == ""


def test_source_removed_while_it_is_read_stores_nothing(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    source = make_source(connection)
    stale = Source.objects.select_related("team", "connection").get(pk=source.pk)
    sources.remove_source(source=source, by=None, at=AT)

    run, problem = collecting.collect_source(
        source=stale, trigger=Collection.Trigger.SCHEDULE, clock=ticking()
    )

    assert (run, problem) == (None, None)
    assert (Measurement.objects.count(), Collection.objects.count()) == (0, 0)


def test_archived_team_is_not_read(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    make_source(connection, make_team(archived_at=AT))

    assert collect(connection) == ()
    assert fake.asked == []


def test_removed_source_ages_and_comes_back_when_mapped_again(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    team = make_team()
    source = make_source(connection, team)
    collect(connection)

    sources.remove_source(source=source, by=None, at=AT + timedelta(hours=1))

    assert set(Reading.objects.values_list("removed_at", flat=True)) == {AT + timedelta(hours=1)}
    make_source(connection, team)
    collect(connection, at=AT + timedelta(hours=2))
    assert set(Reading.objects.values_list("removed_at", flat=True)) == {None}
