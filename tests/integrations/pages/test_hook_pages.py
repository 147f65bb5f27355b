"""The pages of a webhook: what they say, and that the secret is on one of them, once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, InboundDelivery, InboundHook
from integrations.services.inbound import new_hook_secret
from teams.services.refusal import NotAllowed
from tests.factories import make_lead, make_platform_engineer, sign_in
from tests.integrations.conftest import OTHER_RING
from tests.integrations.fakes import KINDS as OTHER_KINDS
from tests.integrations.hooked import KINDS, make_hooked, payload
from tests.integrations.pages.conftest import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(settings, fake_kinds):
    settings.PORTAL_CONNECTORS = {**OTHER_KINDS, **KINDS}


@pytest.fixture
def github():
    return make_hooked("github", name="Git of all")


@pytest.fixture
def engineer(client):
    return sign_in(client, make_platform_engineer("noor"))


def page(name, hooked):
    return reverse(f"integrations:connection-{name}", args=[hooked.connection.pk])


def test_nothing_is_set_up_yet(github, engineer):
    InboundHook.objects.all().delete()

    detail, hook = (text_of(engineer.get(page(name, github))) for name in ("detail", "hook"))

    assert (
        "Webhook Set up a webhook None is set up. With one, GitHub says when something happened and it is read within a "
        "minute; without, by its schedule alone."
    ) in detail
    assert "No webhook is set up. It is made with a secret, which you then enter at GitHub." in hook
    assert "Last deliveries" not in hook


def test_the_secret_is_shown_in_the_answer_and_never_again(github, engineer):
    asked = engineer.get(page("hook-secret", github))
    shown = engineer.post(page("hook-secret", github))
    content = shown.content.decode()
    (secret,) = re.findall(r'id="secret" readonly value="(whsec_[^"]+)"', content)
    github.secret = secret

    assert "whsec_" not in asked.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert f'id="address" readonly value="http://testserver{github.address}"' in content
    assert "Content type: application/json." in text_of(shown)
    assert github.github().status_code == 202
    for name in ("hook", "hook-secret", "hook-remove", "detail", "edit", "set-secret"):
        assert "whsec_" not in engineer.get(page(name, github)).content.decode()


def test_a_new_secret_says_how_long_the_one_before_works(github, engineer):
    InboundHook.objects.update(secret_set_at=timezone.now() - timedelta(days=100))

    asked = text_of(engineer.get(page("hook-secret", github)))
    shown = text_of(engineer.post(page("hook-secret", github)))
    ends_at = InboundHook.objects.get().previous_ends_at
    assert ends_at is not None

    assert "The one before works for 24 hours more" in asked
    until = f"{ends_at.day} {ends_at:%b %Y, %H:%M}"
    assert f"The secret before works until {until}." in shown
    assert f"The secret before still works until {until}" in text_of(engineer.get(page("hook", github)))
    InboundHook.objects.update(previous_ends_at=timezone.now())
    assert "still works" not in text_of(engineer.get(page("hook", github)))


def test_how_to_set_it_up_over_there(github, engineer):
    text = text_of(engineer.get(page("hook", github)))

    assert "Settings of the repository or organisation, Webhooks, Add webhook:" in text
    assert "Content type application/json Secret set" in text
    assert "Events to tick: Workflow runs, Deployments, Deployment statuses, Releases, Pushes." in text
    assert "Nothing was delivered yet." in text


def test_gitlab_calls_things_by_other_names(engineer):
    gitlab = make_hooked("gitlab")

    text = text_of(engineer.get(page("hook", gitlab)))
    shown = text_of(engineer.post(page("hook-secret", gitlab)))

    assert "Events to tick: Pipeline events, Deployment events, Releases events, Push events." in text
    assert "Content type" not in text
    assert "Secret token" in shown
    assert "Leave the signing token empty, or bring the one that GitLab makes here" in shown


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("due", "The connection was made due."),
        ("later", "Due within a minute: it is read at most once a minute for this."),
        ("covered", "A collection was due already and covers it."),
        ("ping", "A test of the address. It arrived."),
        ("unwanted", "Ignored: nothing is measured from this."),
        ("elsewhere", "Ignored: no team has mapped this repository."),
        ("paused", "Ignored: the connection is paused."),
        ("waiting", "Ignored: the connection waits after a failure."),
        ("unreadable", "Refused: the body cannot be read."),
    ],
)
def test_what_came_of_a_delivery_in_words(outcome, words, github, engineer):
    github.github()
    InboundDelivery.objects.update(outcome=outcome)

    text = text_of(engineer.get(page("hook", github)))

    assert f"workflow_run completed Codertocat/Hello-World {words}" in text
    assert "The last delivery came" in text_of(engineer.get(page("detail", github)))


def test_every_outcome_is_among_those():
    assert len(InboundDelivery.Outcome) == 9


def test_names_from_outside_are_text(github, engineer):
    github.github(b'{"repository": {"full_name": "<script>x</script>"}}', event="<b>push")

    content = engineer.get(page("hook", github)).content.decode()

    assert ("<script>x" in content, "<b>push" in content) == (False, False)
    assert "&lt;script&gt;x&lt;/script&gt;" in content


def test_the_newest_twenty_are_shown(github, engineer):
    for number in range(22):
        github.github(id=f"d-{number}", event=f"event-{number:02d}")

    found = re.findall(r"event-\d\d", engineer.get(page("hook", github)).content.decode())

    assert found == [f"event-{number:02d}" for number in range(21, 1, -1)]


SIGNING_TOKEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed(token):
    """What GitLab sends when it signs with `token` at this moment."""
    body, stamp = payload("gitlab_pipeline"), str(int(timezone.now().timestamp()))
    key = base64.b64decode(token.removeprefix("whsec_"))
    digest = hmac.new(key, f"id-1.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "X-Gitlab-Event": "Pipeline Hook",
        "webhook-id": "id-1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_a_signing_token_that_gitlab_made_is_brought_here(engineer):
    gitlab = make_hooked("gitlab")
    assert gitlab.gitlab(headers=signed(SIGNING_TOKEN)).status_code == 401

    asked = text_of(engineer.get(page("hook-secret", gitlab)))
    done = engineer.post(page("hook-token", gitlab), {"signing_token": f" {SIGNING_TOKEN} "}, follow=True)

    assert "Bring the signing token that GitLab made" in asked
    assert "GitLab can generate one in the form of the webhook" in text_of(
        engineer.get(page("hook-token", gitlab))
    )
    assert "The signing token is stored, encrypted. Deliveries are judged by it from now on." in text_of(done)
    assert SIGNING_TOKEN not in done.content.decode()
    assert gitlab.gitlab(headers=signed(SIGNING_TOKEN)).status_code == 202
    # The secret before still opens for a day.
    assert gitlab.gitlab(id="key-2").status_code == 202


@pytest.mark.parametrize(
    "given",
    ["whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", SIGNING_TOKEN.removeprefix("whsec_"), "whsec_" + "A" * 400],
)
def test_what_is_no_signing_token_is_refused_and_changes_nothing(given, engineer):
    gitlab = make_hooked("gitlab")

    refused = engineer.post(page("hook-token", gitlab), {"signing_token": given})

    assert refused.status_code == 422
    assert (
        "This is no signing token: one is whsec_ and 24 to 64 bytes in base64. Nothing was changed."
        in text_of(refused)
    )
    assert f'value="{given}"' not in refused.content.decode()
    assert gitlab.gitlab().status_code == 202


def test_github_makes_no_signing_tokens(github, engineer):
    assert "signing token" not in text_of(engineer.get(page("hook-secret", github)))
    assert engineer.post(page("hook-token", github), {"signing_token": SIGNING_TOKEN}).status_code == 404


def test_a_secret_that_does_not_open_is_said(github, engineer, settings):
    settings.PORTAL_KEYS = OTHER_RING

    text = text_of(engineer.get(page("hook", github)))

    assert "The stored secret cannot be opened The credential of webhook" in text
    assert "A new secret, made below, replaces it." in text


def test_paused_is_said(github, engineer):
    Connection.objects.update(is_paused=True, pause_reason="Moving")

    assert "The connection is paused, so deliveries make nothing due until it is resumed." in text_of(
        engineer.get(page("hook", github))
    )


def test_a_lead_sees_the_connection_without_its_webhook(github, client):
    github.github()
    lead = sign_in(client, make_lead(github.team))

    text = text_of(lead.get(page("detail", github)))

    assert ("Git of all" in text, "Webhook" in text) == (True, False)


def test_removed_it_is_gone_with_its_deliveries(github, engineer):
    github.github()

    said = text_of(engineer.post(page("hook-remove", github), follow=True))

    assert "The webhook of Git of all is removed. The connection is read by its schedule as before." in said
    assert (InboundHook.objects.count(), github.github().status_code) == (0, 401)


def test_a_kind_that_sends_nothing_has_no_such_page(world, as_):
    platform = as_("platform")

    pages = [
        platform.get(reverse(f"integrations:connection-{name}", args=[world.connection.pk]))
        for name in ("hook", "hook-secret", "hook-remove", "detail")
    ]

    assert [one.status_code for one in pages] == [404, 404, 404, 200]
    assert "Webhook" not in text_of(pages[3])


def test_renewing_needs_the_right(github):
    lead = make_lead(github.team)

    with pytest.raises(NotAllowed):
        new_hook_secret(connection=github.connection, by=lead, at=timezone.now())
