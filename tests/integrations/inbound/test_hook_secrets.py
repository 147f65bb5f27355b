"""Secrets of webhooks: made, shown once, kept sealed, replaced, forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Connection, InboundDelivery, InboundHook
from integrations.services.connections import edit_connection, remove_connection
from integrations.services.credentials import rotate_keys
from integrations.services.inbound import PREVIOUS_LIVES, close_hook, new_hook_secret, receive
from teams.models import Event
from tests.factories import AT
from tests.integrations.conftest import OTHER_RING, RING
from tests.integrations.hooked import (
    github_signature,
    make_hooked,
    payload,
)

pytestmark = pytest.mark.django_db


class TestSecrets:
    def test_the_secret_is_new_each_time_and_stored_sealed(self, github):
        hook, plain = new_hook_secret(connection=github.connection, by=None, at=AT)

        assert plain.startswith("whsec_")
        assert (len(plain), plain == github.secret) == (50, False)
        assert hook.secret.startswith("v1:k1:")
        stored = str(list(InboundHook.objects.values()) + list(Event.objects.values()))
        assert plain not in stored
        assert github.secret not in stored

    def test_the_one_before_works_for_a_day(self, github):
        at = timezone.now()
        _, plain = new_hook_secret(connection=github.connection, by=None, at=at)
        body = payload("github_push")

        def taken(secret, when, number):
            headers = {
                "X-GitHub-Delivery": f"d-{number}",
                "X-GitHub-Event": "push",
                "X-Hub-Signature-256": github_signature(secret, body),
            }
            key = github.hook.key
            return receive(kind="github", key=key, headers=headers, body=body, at=when) is not None

        last = at + PREVIOUS_LIVES - timedelta(seconds=1)
        assert (taken(github.secret, last, 1), taken(plain, last, 2)) == (True, True)
        over = at + PREVIOUS_LIVES
        assert (taken(github.secret, over, 3), taken(plain, over, 4)) == (False, True)

    def test_twice_renewed_the_first_is_over_at_once(self, github):
        new_hook_secret(connection=github.connection, by=None, at=timezone.now())
        new_hook_secret(connection=github.connection, by=None, at=timezone.now())

        assert github.github().status_code == 401

    def test_keys_move_with_the_ring(self, github, settings):
        new_hook_secret(connection=github.connection, by=None, at=timezone.now())
        settings.PORTAL_KEYS = {**OTHER_RING, **RING}

        # The credential, the secret and the one before it.
        assert (rotate_keys().moved, rotate_keys().in_use) == (3, ("k9",))
        settings.PORTAL_KEYS = OTHER_RING
        assert github.github().status_code == 202

    def test_a_key_that_only_a_webhook_needs_is_named(self, github, settings):
        Connection.objects.update(secret="", secret_set_at=None)
        settings.PORTAL_KEYS = OTHER_RING

        rotated = rotate_keys()

        assert (rotated.moved, rotated.in_use) == (0, ("k1",))
        assert [one.split(":")[0] for one in rotated.failed] == [f"Webhook of {github.connection.name}"]

    def test_a_secret_that_does_not_open_any_more_can_be_replaced(self, github, settings):
        settings.PORTAL_KEYS = OTHER_RING

        _, plain = new_hook_secret(connection=github.connection, by=None, at=timezone.now())

        assert github.github(secret=plain).status_code == 202

    def test_closed_it_leads_nowhere_and_forgets(self, github):
        github.github()
        close_hook(connection=github.connection, by=None, at=AT)

        assert github.github().status_code == 401
        assert (InboundHook.objects.count(), InboundDelivery.objects.count()) == (0, 0)

    def test_what_was_done_stands_in_the_log(self, github):
        close_hook(connection=github.connection, by=None, at=AT)

        actions = (
            Event.objects.filter(action__contains="webhook").order_by("pk").values_list("action", flat=True)
        )
        assert list(actions) == ["connection.set_webhook_secret", "connection.remove_webhook"]

    def test_removing_or_moving_the_connection_ends_it(self, github):
        other = make_hooked("github")
        remove_connection(connection=other.connection, by=None, at=AT)
        edit_connection(
            connection=github.connection,
            name="Moved",
            base_url="https://git.example.com",
            answers={},
            interval_minutes=60,
            row_version=github.refresh().row_version,
            by=None,
            at=AT,
        )

        assert InboundHook.objects.count() == 0
