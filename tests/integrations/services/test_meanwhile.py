"""What somebody does to a connection while it is read, and what one team's trouble means for the others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from assessments.models import Measurement
from integrations import tasks
from integrations.models import Collection, Connection
from integrations.services import collecting, doors, leases, probes
from integrations.services.connections import edit_connection, set_secret
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source, ticking
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db

FINE = {"observations": {"repo.connected": True}}
HOUR = timedelta(hours=1)


def begun(connection: Connection, at: datetime = AT) -> Connection:
    """As a worker holds it."""
    claim = leases.claim_one(connection_id=connection.pk, at=at)
    assert claim is not None
    held = leases.begin(claim=claim, at=at)
    assert held is not None
    return held


class TestChanged:
    def test_a_new_credential_is_not_stopped_for_the_refusal_of_the_old_one(self, fake: FakeSystem) -> None:
        connection = make_connection(fake)
        make_source(connection)
        fake.status = 401
        collect(connection)
        held = begun(connection, AT + HOUR)
        set_secret(connection=connection, secrets={"token": "new"}, by=None, at=AT + HOUR)

        ended = leases.Ended("unauthorized", "refused", can_retry=False)
        leases.release(connection=held, ended=ended, started_at=AT + HOUR, at=AT + HOUR)

        connection.refresh_from_db()
        assert (connection.is_paused, connection.lease_key) == (False, "")
        assert connection.next_due_at == AT + HOUR
        assert [claim.connection_id for claim in leases.claim_due(at=AT + HOUR)] == [connection.pk]

    def test_another_address_is_read_at_once_and_not_after_the_interval(self, fake: FakeSystem) -> None:
        connection = make_connection(fake)
        held = begun(connection)
        edit_connection(
            connection=connection,
            name=connection.name,
            base_url="https://other.example.org",
            answers={"token": "new"},
            interval_minutes=connection.interval_minutes,
            row_version=connection.row_version,
            by=None,
            at=AT + timedelta(seconds=5),
        )

        leases.release(connection=held, ended=leases.Ended(), started_at=AT, at=AT + timedelta(seconds=9))

        connection.refresh_from_db()
        assert connection.next_due_at == AT + timedelta(seconds=5)
        assert connection.last_success_at is None

    def test_who_was_taken_over_stores_nothing_of_what_it_read(self, fake: FakeSystem) -> None:
        fake.pages["/projects/churn"] = FINE
        connection = make_connection(fake)
        source = make_source(connection)
        source.connection = begun(connection)
        later = AT + leases.HELD + timedelta(seconds=1)
        begun(connection, later)

        stored, problem = collecting.collect_source(
            source=source, trigger=Collection.Trigger.SCHEDULE, clock=ticking(later)
        )

        assert (stored, problem, fake.paths) == (None, None, ["/projects/churn"])
        assert (Collection.objects.count(), Measurement.objects.count()) == (0, 0)


class TestOneTeamsTrouble:
    @pytest.mark.parametrize("status", [451, 500])
    def test_a_question_that_is_refused_says_nothing_of_the_next_team(
        self, fake: FakeSystem, status: int
    ) -> None:
        fake.statuses["/projects/gone"] = status
        fake.pages["/projects/churn"] = FINE
        connection = make_connection(fake)
        make_source(connection, make_team("Alpha"), options={"project": "gone"})
        make_source(connection, make_team("Beta"))

        assert [run.outcome for run in collect(connection)] == ["failed", "ok"]

        connection.refresh_from_db()
        # Read in part is read: the connection is not stopped for one team.
        assert (connection.failures, connection.last_failure) == (0, "")
        assert connection.last_success_at is not None

    def test_a_connection_with_more_teams_than_time_reads_the_rest_first_next_time(
        self, fake: FakeSystem, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(collecting, "LONGEST", timedelta(seconds=1))
        fake.pages["/projects/churn"] = FINE
        connection = make_connection(fake)
        first, second, third = (make_source(connection, make_team(name)) for name in ("A", "B", "C"))

        read = [[run.source_id for run in collect(connection, at=AT + number * HOUR)] for number in range(4)]

        assert read == [[first.pk], [second.pk], [third.pk], [first.pk]]
        connection.refresh_from_db()
        assert connection.next_due_at < AT + 3 * HOUR + timedelta(minutes=1)

    def test_the_tasks_limit_ends_it_with_what_was_read_and_without_a_lease(
        self, fake: FakeSystem, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake.pages["/projects/churn"] = FINE
        connection = make_connection(fake)
        make_source(connection, make_team("Alpha"))
        slow = make_source(connection, make_team("Beta"))
        whole = doors.connector_of

        def limited(*words: Any, **named: Any) -> Any:
            if Collection.objects.exists():
                raise SoftTimeLimitExceeded
            return whole(*words, **named)

        monkeypatch.setattr(collecting, "connector_of", limited)

        with pytest.raises(SoftTimeLimitExceeded):
            collect(connection)

        assert Collection.objects.count() == 1
        slow.refresh_from_db()
        connection.refresh_from_db()
        assert (slow.last_failure, connection.lease_key, connection.attempts) == ("", "", 1)


class TestDeadly:
    def deaths(self, connection: Connection, count: int) -> datetime:
        at = AT
        for _ in range(count):
            (claim,) = leases.claim_due(at=at)
            assert leases.begin(claim=claim, at=at) is not None
            at += leases.HELD + timedelta(seconds=1)
        return at

    def test_it_is_not_started_a_fourth_time_even_before_it_is_parked(self, fake: FakeSystem) -> None:
        connection = make_connection(fake)
        at = self.deaths(connection, Connection.DEATHS)

        assert leases.claim_due(at=at) == ()
        tasks.dispatch_due_collections()
        connection.refresh_from_db()
        assert connection.is_paused

    def test_collect_now_resumes_it_though_it_was_asked_for_before(self, fake: FakeSystem) -> None:
        fake.pages["/projects/churn"] = FINE
        connection = make_connection(fake)
        make_source(connection)
        probes.ask_for_collection(connection=connection, by=None, at=AT)
        at = self.deaths(connection, Connection.DEATHS)
        assert leases.park_deadly(at=at) == 1

        probes.ask_for_collection(connection=connection, by=None, at=at)

        connection.refresh_from_db()
        assert (connection.is_paused, connection.asked_at) == (False, at)
        assert [run.outcome for run in collect(connection, at=at)] == ["ok"]


def test_the_messages_of_a_night_without_a_worker_go_stale(
    fake: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_connection(fake)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.collect_connection, "apply_async", lambda **named: sent.append(named))

    tasks.dispatch_due_collections()

    assert [one["expires"] for one in sent] == [tasks.STALE_SECONDS]
