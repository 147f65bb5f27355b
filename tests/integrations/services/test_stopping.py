"""What lasts is stopped, told once, and goes on when somebody mended it; what stays silent holds nobody up."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from integrations.connectors.failures import Mark
from integrations.connectors.http import Limits, SourceError
from integrations.models import Collection, Connection
from integrations.services import collecting, doors, leases, probes
from integrations.services.connections import pause_connection, set_secret
from teams.models import Event
from tests.factories import AT, make_admin
from tests.integrations.factories import collect, make_connection, make_source, ticking
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db
CHURN = {"observations": {"repo.connected": True}}


@pytest.fixture
def silent(settings: Any, fake_kinds: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A host that accepts and never answers, with an impatient knock."""
    monkeypatch.setattr(doors, "KNOCK", Limits(connect=0.2, read=0.2, total=0.3))
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = f"http://127.0.0.1:{server.getsockname()[1]}"
        settings.PORTAL_EGRESS_ALLOW = origin
        yield origin


def failing(fake: FakeSystem) -> Connection:
    fake.status = 503
    connection = make_connection(fake)
    make_source(connection)
    return connection


def stops() -> list[dict[str, Any]]:
    return list(Event.objects.filter(action="connection.stop").values_list("after", flat=True))


def read_until(connection: Connection, *, hours: float, every: float) -> None:
    at = AT
    while at <= AT + timedelta(hours=hours):
        collect(connection, at=at)
        at += timedelta(hours=every)
    connection.refresh_from_db()


def test_each_failure_makes_the_wait_longer_up_to_the_usual_one(fake: FakeSystem) -> None:
    connection = failing(fake)
    waits = []
    at = AT
    for _ in range(7):
        collect(connection, at=at)
        connection.refresh_from_db()
        waits.append(round((connection.next_due_at - at).total_seconds() / 60))
        at = connection.next_due_at
    assert waits == [5, 10, 20, 40, 80, 160, 320]


def test_a_night_of_failures_stops_nothing(fake: FakeSystem) -> None:
    connection = failing(fake)
    read_until(connection, hours=71, every=6)
    assert (connection.is_paused, connection.failures, connection.failing_since_at) == (
        False,
        12,
        AT + timedelta(seconds=6),
    )


def test_few_failures_in_a_long_time_stop_nothing(fake: FakeSystem) -> None:
    connection = failing(fake)
    read_until(connection, hours=24 * 9, every=72)
    assert (connection.is_paused, connection.failures) == (False, 4)


def test_three_days_of_failures_stop_it_and_it_is_told_once(fake: FakeSystem) -> None:
    connection = failing(fake)
    read_until(connection, hours=96, every=12)
    assert connection.is_paused
    assert connection.paused_by is None
    assert connection.pause_reason == (
        "It could not be read for 3 days, 7 times in a row. Mend the cause, then collect now; "
        "a new credential resumes it too."
    )
    assert stops() == [
        {"name": connection.name, "reason": connection.pause_reason, "last_failure": "unavailable"}
    ]
    assert leases.claim_due(at=AT + timedelta(days=30)) == ()


def test_one_success_starts_the_count_anew(fake: FakeSystem) -> None:
    connection = failing(fake)
    read_until(connection, hours=60, every=12)
    fake.status, fake.pages["/projects/churn"] = 200, CHURN
    collect(connection, at=AT + timedelta(hours=66))
    fake.status = 503
    collect(connection, at=AT + timedelta(hours=80))

    connection.refresh_from_db()
    assert (connection.is_paused, connection.failures) == (False, 1)
    assert connection.failing_since_at == AT + timedelta(hours=80, seconds=6)


def test_a_credential_that_is_refused_twice_stops_at_once(fake: FakeSystem) -> None:
    connection = failing(fake)
    fake.status = 401
    read_until(connection, hours=6, every=6)
    assert (connection.is_paused, len(stops())) == (True, 1)
    assert stops()[0]["last_failure"] == "unauthorized"


@pytest.mark.parametrize("how", ["collect now", "credential"])
def test_a_stopped_connection_goes_on_when_it_was_mended(fake: FakeSystem, how: str) -> None:
    connection = failing(fake)
    read_until(connection, hours=96, every=12)
    fake.status, fake.pages["/projects/churn"] = 200, CHURN
    later = AT + timedelta(days=5)

    if how == "collect now":
        probes.ask_for_collection(connection=connection, by=None, at=later)
    else:
        set_secret(connection=connection, secrets={"token": "fresh"}, by=None, at=later)

    (claim,) = leases.claim_due(at=later)
    (run,) = collecting.collect_connection(claim=claim, clock=ticking(later))
    connection.refresh_from_db()
    assert run.outcome == "ok"
    assert (connection.is_paused, connection.failures, connection.failing_since_at) == (False, 0, None)


def test_collect_now_does_not_end_a_persons_pause(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    pause_connection(connection=connection, reason="Moving house", by=make_admin(), at=AT)

    with pytest.raises(probes.Paused):
        probes.ask_for_collection(connection=connection, by=None, at=AT)
    assert Connection.objects.get().is_paused


def test_a_collection_that_kills_its_workers_is_told_once(fake: FakeSystem) -> None:
    make_connection(fake)
    at = AT
    for _ in range(Connection.DEATHS):
        (claim,) = leases.claim_due(at=at)
        leases.begin(claim=claim, at=at)
        at += leases.HELD + timedelta(minutes=1)

    assert (leases.park_deadly(at=at), leases.park_deadly(at=at)) == (1, 0)
    assert len(stops()) == 1


def test_who_stays_silent_steps_aside_and_nothing_is_said_of_it(silent: str) -> None:
    connection = make_connection(base_url=silent)
    make_source(connection)
    (claim,) = leases.claim_due(at=AT)
    began = time.monotonic()

    assert collecting.collect_connection(claim=claim, clock=ticking()) == ()

    # The knock's patience, not the pass's.
    assert time.monotonic() - began < 5
    connection.refresh_from_db()
    assert (connection.is_slow, connection.failures, connection.last_failure) == (True, 0, "")
    assert (connection.lease_key, Collection.objects.count()) == ("", 0)
    assert connection.next_due_at == AT + timedelta(seconds=4)


def test_in_the_slow_lane_it_is_asked_with_the_usual_patience_and_then_it_failed(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = make_connection(base_url=silent)
    make_source(connection)
    Connection.objects.update(is_slow=True)
    # The usual ten seconds are too long for a test.
    monkeypatch.setattr(collecting, "connector_of", partial(doors.connector_of, seconds=0.5))
    (claim,) = leases.claim_due(at=AT)

    (run,) = collecting.collect_connection(claim=claim, clock=ticking())

    connection.refresh_from_db()
    assert (run.outcome, run.failure) == ("failed", "unreachable")
    assert (connection.is_slow, connection.failures) == (True, 1)


def test_an_answer_brings_it_back_to_the_fast_lane(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    Connection.objects.update(is_slow=True)

    collect(connection)

    connection.refresh_from_db()
    assert (connection.is_slow, connection.last_failure) == (False, "")


def test_only_so_many_slow_ones_are_read_at_the_same_time(fake: FakeSystem, settings: Any) -> None:
    settings.PORTAL_SLOW_AT_ONCE = 2
    for number in range(5):
        make_connection(fake, answers={"token": f"t{number}"})
    Connection.objects.update(is_slow=True)
    live = make_connection(fake, answers={"token": "live"})

    claims = leases.claim_due(at=AT)

    assert len(claims) == 3
    assert claims[0].connection_id == live.pk
    assert leases.claim_due(at=AT) == ()
    leases.give_back(claim=claims[1])
    assert len(leases.claim_due(at=AT)) == 1


def test_the_knock_is_of_the_first_question_only(silent: str) -> None:
    connection = make_connection(base_url=silent)
    with (
        pytest.raises(SourceError) as caught,
        doors.connector_of(connection, at=AT, is_knocking=True) as connector,
    ):
        connector.test()
    assert caught.value.mark is Mark.SILENT
    with (
        pytest.raises(SourceError) as patient,
        doors.connector_of(connection, at=AT, seconds=0.4) as connector,
    ):
        connector.test()
    assert patient.value.mark is Mark.TOO_SLOW


def test_in_the_slow_lane_who_answered_lately_goes_first_and_a_lost_claim_does_not_close_it(
    fake: FakeSystem, settings: Any
) -> None:
    settings.PORTAL_SLOW_AT_ONCE = 1
    dead, never, lately = (make_connection(fake, answers={"token": f"t{number}"}) for number in range(3))
    Connection.objects.update(is_slow=True)
    Connection.objects.filter(pk=dead.pk).update(failures=3, last_success_at=AT)
    Connection.objects.filter(pk=lately.pk).update(last_success_at=AT)

    # The message is lost with its worker: half a minute later the next one is sent, and the lane is not closed.
    moments = [AT, AT + leases.LEASE, AT + leases.LEASE + timedelta(seconds=1)]
    claimed = [[claim.connection_id for claim in leases.claim_due(at=at)] for at in moments]
    assert claimed == [[lately.pk], [], [lately.pk]]

    settings.PORTAL_SLOW_AT_ONCE = 3
    rest = leases.claim_due(at=moments[-1])
    assert [claim.connection_id for claim in rest] == [never.pk, dead.pk]


def test_a_worker_that_comes_late_begins_as_long_as_nobody_took_the_connection_over(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    late = AT + leases.LEASE + timedelta(minutes=5)
    (first,) = leases.claim_due(at=AT)
    (second,) = leases.claim_due(at=late)
    assert leases.begin(claim=first, at=late) is None
    begun = leases.begin(claim=second, at=late + timedelta(hours=1))
    assert begun is not None
    assert begun.pk == connection.pk
