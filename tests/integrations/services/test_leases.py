"""Who collects: once, by one, and again when the one died."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections

from integrations.models import Collection, Connection
from integrations.services import collecting, leases, probes, sweeping
from integrations.services.connections import pause_connection, set_secret
from tests.factories import AT
from tests.integrations.factories import collect, make_connection, make_source, ticking
from tests.integrations.fakes import FakeSystem
from tests.portal.launched import wait_until

pytestmark = pytest.mark.django_db

CHURN = {"observations": {"repo.connected": True}}


def test_due_connection_is_claimed_once(fake: FakeSystem) -> None:
    connection = make_connection(fake)

    first = leases.claim_due(at=AT)
    second = leases.claim_due(at=AT)

    assert [claim.connection_id for claim in first] == [connection.pk]
    assert second == ()


def test_not_due_and_paused_connections_are_left_alone(fake: FakeSystem) -> None:
    make_connection(fake, at=AT + timedelta(hours=1))
    paused = make_connection(fake)
    pause_connection(connection=paused, reason="Moving house", by=None, at=AT)

    assert leases.claim_due(at=AT) == ()


def test_message_delivered_twice_collects_once(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    make_source(make_connection(fake))
    (claim,) = leases.claim_due(at=AT)

    first = collecting.collect_connection(claim=claim, clock=ticking())
    second = collecting.collect_connection(claim=claim, clock=ticking())

    assert (len(first), len(second)) == (1, 0)
    assert Collection.objects.count() == 1


def test_second_delivery_while_the_first_still_runs_stops(fake: FakeSystem) -> None:
    make_source(make_connection(fake))
    (claim,) = leases.claim_due(at=AT)
    assert leases.begin(claim=claim, at=AT) is not None

    assert collecting.collect_connection(claim=claim, clock=ticking()) == ()
    assert fake.asked == []


def test_killed_worker_blocks_nobody_for_longer_than_its_lease(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    (claim,) = leases.claim_due(at=AT)
    leases.begin(claim=claim, at=AT)  # and dies

    assert leases.claim_due(at=AT + leases.HELD - timedelta(seconds=1)) == ()
    later = AT + leases.HELD + timedelta(seconds=1)
    (again,) = leases.claim_due(at=later)
    runs = collecting.collect_connection(claim=again, clock=ticking(later))

    assert [run.outcome for run in runs] == ["ok"]


def test_worker_that_comes_back_late_stores_nothing_more(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    (claim,) = leases.claim_due(at=AT)
    late = leases.begin(claim=claim, at=AT)
    assert late is not None
    later = AT + leases.LEASE + timedelta(minutes=1)
    leases.claim_due(at=later)

    assert not leases.renew(connection=late, at=later)
    leases.release(connection=late, ended=leases.Ended(), started_at=AT, at=later)
    connection.refresh_from_db()
    assert connection.last_success_at is None
    assert connection.lease_key != ""


def test_connection_that_kills_its_worker_is_parked(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    at = AT
    for _ in range(Connection.DEATHS):
        (claim,) = leases.claim_due(at=at)
        leases.begin(claim=claim, at=at)
        at += leases.LEASE + timedelta(minutes=1)

    sweeping.sweep(at=at)

    connection.refresh_from_db()
    assert connection.is_paused
    assert connection.pause_reason == (
        "Its collection broke off 3 times in a row without a result. Look into the worker's log."
    )
    assert leases.claim_due(at=at) == ()


def test_collection_asked_for_is_due_at_once_and_marked(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    later = AT + timedelta(hours=1)

    probes.ask_for_collection(connection=connection, by=None, at=later)
    (claim,) = leases.claim_due(at=later)
    (run,) = collecting.collect_connection(claim=claim, clock=ticking(later))

    assert run.trigger == "now"
    connection.refresh_from_db()
    assert connection.asked_at is None
    assert leases.claim_due(at=later + timedelta(minutes=1)) == ()


def test_collecting_again_and_again_is_refused(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)

    with pytest.raises(probes.TooSoon) as refused:
        probes.ask_for_collection(connection=connection, by=None, at=AT + timedelta(minutes=4))

    assert str(refused.value) == (
        f"{connection.name} was read less than 5 minutes ago; what it said is shown. Collect now works again in 2 minutes."
    )


def test_new_credential_ends_the_portals_own_pause(fake: FakeSystem) -> None:
    fake.token = "fresh-token"
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    collect(connection, at=AT + timedelta(hours=6))

    set_secret(connection=connection, secrets={"token": "fresh-token"}, by=None, at=AT + timedelta(hours=7))

    (claim,) = leases.claim_due(at=AT + timedelta(hours=7))
    (run,) = collecting.collect_connection(claim=claim, clock=ticking(AT + timedelta(hours=7)))
    assert run.outcome == "ok"


def test_new_credential_does_not_end_a_persons_pause(fake: FakeSystem) -> None:
    from tests.factories import make_admin  # noqa: PLC0415 -- needed here only

    connection = make_connection(fake)
    pause_connection(connection=connection, reason="Moving house", by=make_admin(), at=AT)

    set_secret(connection=connection, secrets={"token": "x"}, by=None, at=AT)

    assert Connection.objects.get().pause_reason == "Moving house"


def test_sweep_drops_old_runs_only(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    collect(connection, at=AT + timedelta(days=89))

    sweeping.sweep(at=AT + timedelta(days=91))

    assert [run.started_at.date() for run in Collection.objects.all()] == [(AT + timedelta(days=89)).date()]


# --- a worker that lives, and several that look at the same moment ---------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_long_reading_keeps_its_lease_and_a_hung_one_loses_it(
    fake: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.02)
    connection = make_connection(fake)
    (claim,) = leases.claim_due(at=AT)
    held = leases.begin(claim=claim, at=AT)
    assert held is not None
    later = AT + timedelta(minutes=3)

    with leases.kept_alive(connection=held, clock=lambda: later):
        wait_until(lambda: Connection.objects.get().lease_ends_at == later + leases.HELD, "a heartbeat")

    monkeypatch.setattr(leases, "LONGEST_SILENCE", 0.0)
    with leases.kept_alive(connection=held, clock=lambda: later + timedelta(hours=1)):
        time.sleep(0.2)
    connection.refresh_from_db()
    assert connection.lease_ends_at == later + leases.HELD


@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_the_same_moment_take_each_connection_once_and_one_of_each_credential(
    fake: FakeSystem,
) -> None:
    for number in range(12):
        make_connection(fake, answers={"token": f"t{number % 4}"})
    found: list[int] = []

    def dispatch() -> None:
        try:
            found.extend(claim.connection_id for claim in leases.claim_due(at=AT))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=dispatch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    budgets = [Connection.objects.get(pk=pk).budget_id for pk in found]
    assert len(found) == len(set(found)) == len(set(budgets)) == 4
