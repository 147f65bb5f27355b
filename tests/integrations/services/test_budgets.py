"""Connections with one credential share its budget: one at a time, none while the host rests, a fifth left for people."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Collection, Connection, RequestBudget
from integrations.services import collecting, leases, probes, sweeping
from integrations.services.connections import edit_connection, remove_connection, set_secret
from integrations.services.doors import connector_of
from tests.factories import AT
from tests.integrations.factories import TOKEN, collect, make_connection, make_source, ticking
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db
CHURN = {"observations": {"repo.connected": True, "ci.runs_30d": 40}}


def due_ids(at: datetime) -> list[int]:
    return [claim.connection_id for claim in leases.claim_due(at=at)]


def test_same_credential_at_the_same_host_is_one_budget_and_others_are_not(fake: FakeSystem) -> None:
    one = make_connection(fake)
    below = make_connection(fake, base_url=f"{fake.origin}/api/v4")
    other_token = make_connection(fake, answers={"token": "other"})
    other_host = make_connection(base_url="https://git.example.org")
    nothing = make_connection(fake, answers={})

    budgets = [
        Connection.objects.get(pk=connection.pk).budget_id
        for connection in (one, below, other_token, other_host, nothing)
    ]

    assert budgets[0] == budgets[1]
    assert len(set(budgets)) == 4
    assert budgets[4] is None


def test_the_secret_stands_in_no_digest(fake: FakeSystem) -> None:
    make_connection(fake)
    (digest,) = RequestBudget.objects.values_list("digest", flat=True)

    assert len(digest) == 64
    assert TOKEN not in digest


def test_another_key_makes_another_digest(fake: FakeSystem, settings: object) -> None:
    """Keyed: who reads the table cannot try tokens against it."""
    make_connection(fake)
    settings.SECRET_KEY = "another secret key of this portal"  # type: ignore[attr-defined]  # pytest-django's fixture
    make_connection(fake)

    assert RequestBudget.objects.count() == 2


def test_two_connections_of_one_credential_are_never_claimed_together(fake: FakeSystem) -> None:
    one, two = make_connection(fake), make_connection(fake)
    alone = make_connection(fake, answers={"token": "other"})

    assert due_ids(AT) == [one.pk, alone.pk]
    assert leases.claim_due(at=AT) == ()
    assert leases.claim_one(connection_id=two.pk, at=AT) is None


def test_the_next_one_follows_right_after(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    one, two = make_connection(fake), make_connection(fake)
    make_source(one)
    (claim,) = leases.claim_due(at=AT)
    (run,) = collecting.collect_connection(claim=claim, clock=ticking())

    following = leases.claim_next(connection=run.connection, at=AT + timedelta(minutes=1))

    assert following is not None
    assert following.connection_id == two.pk


def test_a_limit_binds_all_who_send_that_credential_and_nobody_else(fake: FakeSystem) -> None:
    one, two = make_connection(fake), make_connection(fake)
    other = make_connection(fake, answers={"token": "other"})
    make_source(one)
    fake.status, fake.headers = 429, {"Retry-After": "1800"}
    claim = leases.claim_one(connection_id=one.pk, at=AT)
    assert claim is not None
    collecting.collect_connection(claim=claim, clock=ticking())
    one.refresh_from_db()

    # The door takes the host's wait from the machine's own clock.
    free_at = RequestBudget.objects.get(pk=one.budget_id or 0).free_at
    assert free_at == one.next_due_at
    Connection.objects.update(next_due_at=AT)
    assert due_ids(free_at - timedelta(seconds=1)) == [other.pk]
    assert leases.claim_one(connection_id=two.pk, at=free_at - timedelta(seconds=1)) is None
    assert due_ids(free_at + leases.LEASE) == [one.pk, other.pk]


def test_a_limit_without_a_time_is_waited_for_twice_as_long_each_time(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    make_source(connection)
    fake.pages["/projects/churn"] = CHURN
    at, waits = AT, []
    for status in (429, 429, 429, 429, 429, 429, 429, 429, 200, 429):
        fake.status = status
        collect(connection, at=at)
        connection.refresh_from_db()
        waits.append(int((connection.next_due_at - at).total_seconds() / 60))
        at = connection.next_due_at + timedelta(seconds=1)

    assert waits[:8] == [1, 2, 4, 8, 16, 32, 32, 32]
    # One answer ends the row.
    assert waits[9] == 1


def test_put_off_is_not_failed(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    connection = make_connection(fake)
    make_source(connection)
    collect(connection)
    read_at = Connection.objects.get().last_success_at
    fake.status, fake.headers = 429, {"Retry-After": "60"}

    (run,) = collect(connection, at=AT + timedelta(hours=6))

    connection.refresh_from_db()
    assert (run.outcome, run.failure, run.known_count, run.unknown_count) == (
        "throttled",
        "rate_limited",
        0,
        0,
    )
    assert run.get_outcome_display() == "Put off"
    assert run.message == (
        "127.0.0.1 asks for fewer requests (HTTP 429): nothing to do, the portal comes back later."
    )
    assert (connection.failures, connection.last_failure, connection.failing_since_at) == (0, "", None)
    assert connection.last_success_at == read_at


def test_the_host_word_is_kept_and_a_fifth_stays_for_people(fake: FakeSystem) -> None:
    now = datetime.fromtimestamp(time.time(), UTC)
    fake.pages["/projects/churn"] = CHURN
    reset = int((now + timedelta(minutes=30)).timestamp())
    fake.headers = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "1001",
        "X-RateLimit-Reset": str(reset),
    }
    connection = make_connection(fake, at=now)
    make_source(connection)
    make_source(connection)
    collect(connection, at=now)
    budget = RequestBudget.objects.get()
    assert (budget.request_limit, budget.remaining, budget.free_at) == (5000, 1001, None)
    assert budget.resets_at is not None
    assert abs(budget.resets_at - datetime.fromtimestamp(reset, UTC)) < timedelta(seconds=5)

    fake.headers["X-RateLimit-Remaining"] = "1000"
    fake.asked.clear()
    runs = collect(connection, at=now + timedelta(minutes=1))

    # The first answer says that only the people's part is left; the second source is not asked at all.
    assert [run.outcome for run in runs] == ["ok", "throttled"]
    assert runs[1].message == (
        "127.0.0.1 grants this credential 5000 requests, and 1000 are left: they are kept for people. "
        "Nothing to do, the portal goes on when the host counts anew."
    )
    assert len(fake.asked) == 1
    budget.refresh_from_db()
    assert budget.free_at is not None
    assert budget.free_at == budget.resets_at
    Connection.objects.update(next_due_at=now)
    assert due_ids(budget.free_at - timedelta(seconds=1)) == []
    assert due_ids(budget.free_at) == [connection.pk]


def test_people_may_still_test_the_connection(fake: FakeSystem) -> None:
    now = datetime.fromtimestamp(time.time(), UTC)
    fake.pages["/me"] = {"identity": "reader"}
    connection = make_connection(fake)
    RequestBudget.objects.update(request_limit=100, remaining=1, resets_at=now + timedelta(hours=1))

    assert probes.try_connection(connection=Connection.objects.get(), by=None, at=now) == ""
    assert connection.pk == Connection.objects.get().pk


def test_collect_now_says_when_the_host_may_be_asked_again(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    RequestBudget.objects.update(free_at=AT + timedelta(minutes=24, seconds=10))

    with pytest.raises(probes.TooSoon) as refused:
        probes.ask_for_collection(connection=connection, by=None, at=AT)

    assert str(refused.value) == (
        f"The host of {connection.name} asked for fewer requests. Collect now works again in 25 minutes; "
        "the portal goes on by itself then."
    )


def test_a_new_credential_is_not_bound_by_the_old_ones_limit(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    RequestBudget.objects.update(free_at=AT + timedelta(hours=5))
    assert leases.claim_due(at=AT) == ()

    set_secret(connection=connection, secrets={"token": "fresh"}, by=None, at=AT)

    assert due_ids(AT) == [connection.pk]
    assert Connection.objects.get().secret_version == 2


def test_a_connection_that_moves_or_goes_leaves_its_budget(fake: FakeSystem) -> None:
    moved, gone = make_connection(fake), make_connection(fake)
    edit_connection(
        connection=moved,
        name=moved.name,
        base_url="https://git.example.org",
        answers={},
        interval_minutes=60,
        row_version=1,
        by=None,
        at=AT,
    )
    remove_connection(connection=gone, by=None, at=AT)
    assert set(Connection.objects.values_list("budget", flat=True)) == {None}

    sweeping.sweep(at=AT)

    assert RequestBudget.objects.count() == 0


def test_a_connection_of_before_the_budgets_gets_its_own_when_it_is_read(fake: FakeSystem) -> None:
    fake.pages["/projects/churn"] = CHURN
    one = make_connection(fake)
    Connection.objects.update(budget=None)
    RequestBudget.objects.all().delete()
    other = make_connection(fake)

    with connector_of(Connection.objects.get(pk=one.pk), at=AT):
        pass

    budgets = set(Connection.objects.values_list("budget", flat=True))
    assert budgets == {Connection.objects.get(pk=other.pk).budget_id}
    assert Collection.objects.count() == 0
