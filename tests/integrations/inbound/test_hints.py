"""A hint is only a hint: when it makes a connection due, and which deliveries speak of what is mapped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.models import Connection
from integrations.services import hints, leases
from integrations.services.hints import hint
from tests.factories import AT
from tests.integrations.factories import collect
from tests.integrations.hooked import (
    HOUR,
    MINUTE,
    begun,
    deliveries,
    make_hooked,
    rest,
)

pytestmark = pytest.mark.django_db


class TestHints:
    """`hint` alone, at moments of our choosing."""

    def due(self, hooked):
        return hooked.refresh().next_due_at

    def test_at_most_once_a_minute_and_never_lost(self, github):
        Connection.objects.update(next_due_at=AT + HOUR)

        def hinted(seconds):
            return str(hint(connection=github.connection, at=AT + timedelta(seconds=seconds)))

        assert (hinted(0), self.due(github)) == ("due", AT)
        Connection.objects.update(next_due_at=AT + 6 * HOUR)  # it was read
        # Half a minute later: put off to the end of the minute, not dropped.
        assert (hinted(30), self.due(github)) == ("later", AT + MINUTE)
        assert [hinted(seconds) for seconds in (31, 45, 59)] == ["covered"] * 3
        assert self.due(github) == AT + MINUTE
        Connection.objects.update(next_due_at=AT + 6 * HOUR)  # it was read again
        assert (hinted(61), self.due(github)) == ("later", AT + 2 * MINUTE)
        Connection.objects.update(next_due_at=AT + 6 * HOUR)
        assert (hinted(200), self.due(github)) == ("due", AT + timedelta(seconds=200))

    def test_what_is_due_sooner_stays_so(self, github):
        Connection.objects.update(next_due_at=AT - HOUR)

        assert hint(connection=github.connection, at=AT) == "due"
        assert self.due(github) == AT - HOUR

    def test_a_paused_connection_stays_paused(self, github):
        Connection.objects.update(next_due_at=AT + HOUR, is_paused=True, pause_reason="Moving")

        assert hint(connection=github.connection, at=AT) == "paused"
        assert (self.due(github), github.connection.hint_due_at) == (AT + HOUR, None)

    @pytest.mark.parametrize("failure", sorted(hints.HELD_BACK))
    def test_a_wait_after_a_failure_is_kept(self, github, failure):
        Connection.objects.update(next_due_at=AT + HOUR, last_failure=failure)

        assert hint(connection=github.connection, at=AT) == "waiting"
        assert (self.due(github), github.connection.hint_due_at) == (AT + HOUR, None)
        # The wait is over, and nobody has come yet.
        assert hint(connection=github.connection, at=AT + 2 * HOUR) == "due"

    @pytest.mark.parametrize("failure", ["not_found", "bad_payload", "too_big", "rejected", "portal"])
    def test_what_failed_for_one_team_does_not_deafen_the_others(self, github, failure):
        Connection.objects.update(next_due_at=AT + HOUR, last_failure=failure)

        assert hint(connection=github.connection, at=AT) == "due"

    def test_who_comes_second_plans_no_second_collection(self, github, monkeypatch):
        """Between looking and writing another delivery was quicker."""
        Connection.objects.update(next_due_at=AT + HOUR)
        write = hints._make_due

        def overtaken(row, due):
            Connection.objects.filter(pk=row.pk).update(hint_due_at=AT + 2 * MINUTE)
            return write(row, due)

        monkeypatch.setattr(hints, "_make_due", overtaken)

        assert hint(connection=github.connection, at=AT) == "covered"
        assert self.due(github) == AT + HOUR

    def test_a_hint_during_a_collection_is_answered_by_another_one(self, github):
        Connection.objects.update(next_due_at=AT)
        held = begun(github, AT)
        assert hint(connection=held, at=AT + timedelta(seconds=20)) == "due"

        leases.release(connection=held, ended=leases.Ended(), started_at=AT, at=AT + timedelta(seconds=40))

        assert self.due(github) == AT + timedelta(seconds=40)
        again = begun(github, AT + MINUTE)
        leases.release(connection=again, ended=leases.Ended(), started_at=AT + MINUTE, at=AT + 2 * MINUTE)
        assert self.due(github) > AT + 5 * HOUR

    def test_a_hint_is_heard_beside_the_wish_of_a_person(self, github):
        Connection.objects.update(next_due_at=AT, asked_at=AT)
        held = begun(github, AT)
        hint(connection=held, at=AT + timedelta(seconds=20))

        leases.release(connection=held, ended=leases.Ended(), started_at=AT, at=AT + timedelta(seconds=40))

        assert (self.due(github), github.connection.asked_at) == (AT + timedelta(seconds=40), None)

    def test_a_hint_shortens_no_wait_that_a_collection_has_just_earned(self, github):
        held = begun(github, AT)
        hint(connection=held, at=AT + timedelta(seconds=20))
        until = AT + 2 * HOUR

        leases.release(
            connection=held,
            ended=leases.Ended("rate_limited", "Too many questions.", until, can_retry=True),
            started_at=AT,
            at=AT + timedelta(seconds=40),
        )

        assert self.due(github) == until

    def test_a_hinted_collection_is_one_of_the_schedule(self, github, fake):
        """A webhook is no person: a changed verdict still waits for a second reading on another day (RULINGS 6)."""
        Connection.objects.update(base_url=fake.origin)
        fake.pages["/projects/churn"] = {"observations": {"ci.runs_30d": 3}}
        hint(connection=github.connection, at=AT)

        assert [str(run.trigger) for run in collect(github.refresh(), at=AT + MINUTE)] == ["schedule"]


class TestMapped:
    @pytest.mark.parametrize(
        ("told", "is_known"),
        [
            ("Codertocat/Hello-World", True),
            ("codertocat/hello-world app", True),
            ("other/one infra\nCODERTOCAT/HELLO-WORLD training", True),
            ("https://github.example.org/Codertocat/Hello-World.git", True),
            ("codertocat", True),  # a whole group
            ("283462325", True),
            ("codertocat/hello", False),
            ("hello-world", False),
            ("codertocat/hello-world-2", False),
            ("28346232", False),
            ("", False),
        ],
    )
    def test_a_repository_is_known_by_its_name_its_group_or_its_number(self, told, is_known):
        hooked = make_hooked("github", repositories=told or " ")
        rest(hooked)

        hooked.github()

        assert [outcome for *_, outcome in deliveries()] == ["due" if is_known else "elsewhere"]

    def test_a_removed_source_maps_nothing(self, github):
        github.connection.sources.update(removed_at=AT)

        github.github()

        assert [outcome for *_, outcome in deliveries()] == ["elsewhere"]

    def test_lists_are_read_too(self):
        hooked = make_hooked("github", repositories=["nobody/else app", "codertocat/hello-world app"])  # type: ignore[arg-type]
        rest(hooked)

        hooked.github()

        assert [outcome for *_, outcome in deliveries()] == ["due"]
