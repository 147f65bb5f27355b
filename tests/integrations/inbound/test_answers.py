"""What a sender is answered beside "made due", and what a delivery costs."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from integrations.models import Connection
from tests.factories import AT
from tests.integrations.conftest import OTHER_RING
from tests.integrations.hooked import (
    deliveries,
    is_due,
)

pytestmark = pytest.mark.django_db


class TestOtherAnswers:
    def test_ping(self, github):
        answer = github.github("github_ping", event="ping")

        assert (answer.status_code, answer.json()) == (200, {"detail": "A test of the address. It arrived."})
        assert not is_due(github)

    def test_a_signed_body_that_is_no_json_is_refused_and_listed(self, github):
        answer = github.github(b"{", event="push")

        assert (answer.status_code, answer.json()) == (400, {"detail": "Refused: the body cannot be read."})
        assert deliveries() == [("d-1", "push", "", "unreadable")]

    def test_paused(self, github):
        Connection.objects.update(is_paused=True, pause_reason="Moving")

        answer = github.github()

        assert (answer.status_code, answer.json()) == (
            202,
            {"detail": "Ignored: the connection is paused."},
        )

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "head"])
    def test_only_post(self, github, method):
        assert getattr(github.client, method)(github.address).status_code == 405

    def test_it_needs_no_session_and_makes_none(self, github):
        answer = github.github()

        assert answer.cookies == {}
        assert answer["Cache-Control"] == "no-store"

    def test_a_removed_connection_has_no_address(self, github):
        Connection.objects.update(removed_at=AT)

        assert github.github().status_code == 401

    def test_without_the_key_nothing_is_believed(self, github, settings):
        settings.PORTAL_KEYS = OTHER_RING

        answer = github.github()

        assert (answer.status_code, answer["Retry-After"], deliveries()) == (503, "60", [])

    def test_without_the_database_the_sender_is_asked_to_come_again(self, github, monkeypatch):
        def away(*_, **__):
            raise OperationalError

        monkeypatch.setattr("integrations.services.inbound.open_hook", away)

        answer = github.github()

        assert (answer.status_code, answer["Retry-After"]) == (503, "60")

    def test_a_flood_is_heard_but_not_listed_without_end(self, github, monkeypatch):
        monkeypatch.setattr("integrations.queries.inbound.LISTED_A_MINUTE", 3)

        answers = [github.github(id=f"d-{number}").status_code for number in range(5)]

        assert answers == [202] * 5
        assert [one[0] for one in deliveries()] == ["d-0", "d-1", "d-2"]

    def test_an_answer_takes_few_questions(self, github, django_assert_num_queries):
        # Whose door, may it be listed, which repositories, look and write the hint, the row; the rest opens and closes
        # the transaction and its savepoint.
        with django_assert_num_queries(8):
            github.github()
