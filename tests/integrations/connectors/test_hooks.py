"""Signatures and events of webhooks, pure: the senders' own published examples first."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from django.http.request import HttpHeaders

from integrations.connectors.hooks import HOOKS
from integrations.connectors.hooks.base import Event, Meaning, Unreadable
from tests.integrations.hooked import changed, payload

GITHUB, GITLAB = HOOKS["github"], HOOKS["gitlab"]
# The example of github.com's page "Validating webhook deliveries".
SECRET, BODY = "It's a Secret to Everybody", b"Hello, World!"
SIGNED = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
# The example of the Standard Webhooks libraries.
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_ID, STANDARD_AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
STANDARD_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(**given):
    return HttpHeaders({f"HTTP_{name.upper()}": value for name, value in given.items()})


def at(seconds):
    return datetime.fromtimestamp(STANDARD_AT, UTC) + timedelta(seconds=seconds)


def standard(seconds=0, secret=STANDARD_SECRET, body=STANDARD_BODY, **changes):
    sent = {
        "webhook_id": STANDARD_ID,
        "webhook_timestamp": str(STANDARD_AT),
        "webhook_signature": STANDARD_SIGNATURE,
        **changes,
    }
    return GITLAB.is_signed(headers(**sent), body, secret, at(seconds))


class TestGithub:
    @pytest.mark.parametrize(
        ("given", "secret", "body", "wanted"),
        [
            (SIGNED, SECRET, BODY, True),
            (SIGNED, SECRET, BODY + b" ", False),
            (SIGNED, SECRET.lower(), BODY, False),
            (SIGNED.upper(), SECRET, BODY, False),
            (SIGNED.removeprefix("sha256="), SECRET, BODY, False),
            ("", SECRET, BODY, False),
            ("sha256=", SECRET, BODY, False),
            ("sha256=\xe9", SECRET, BODY, False),
        ],
    )
    def test_signature(self, given, secret, body, wanted):
        assert GITHUB.is_signed(headers(x_hub_signature_256=given), body, secret, at(0)) is wanted

    def test_the_old_sha1_signature_is_none(self):
        sha1 = "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()

        assert GITHUB.is_signed(headers(x_hub_signature=sha1), BODY, SECRET, at(0)) is False
        assert GITHUB.is_signed(headers(x_hub_signature_256=sha1), BODY, SECRET, at(0)) is False

    @pytest.mark.parametrize(
        ("name", "event", "wanted"),
        [
            (
                "github_workflow_run_completed_null",
                "workflow_run",
                Event("workflow_run", "completed", ("Codertocat/Hello-World", "283462325"), Meaning.NEWS),
            ),
            (
                "github_workflow_run_requested",
                "workflow_run",
                Event("workflow_run", "requested", ("octo-org/octo-repo", "300029405"), Meaning.UNWANTED),
            ),
            (
                "github_deployment_status",
                "deployment_status",
                Event("deployment_status", "created", ("Codertocat/Hello-World", "186853002"), Meaning.NEWS),
            ),
            ("github_push", "push", Event("push", "", ("Codertocat/Hello-World", "186853002"), Meaning.NEWS)),
            (
                "github_release",
                "release",
                Event("release", "published", ("Codertocat/Hello-World", "186853002"), Meaning.NEWS),
            ),
            ("github_ping", "ping", Event("ping", "", ("Octocoders/Hello-World", "186853261"), Meaning.PING)),
            (
                "github_push",
                "star",
                Event("star", "", ("Codertocat/Hello-World", "186853002"), Meaning.UNWANTED),
            ),
            ("github_push", "", Event("", "", ("Codertocat/Hello-World", "186853002"), Meaning.UNWANTED)),
        ],
    )
    def test_events(self, name, event, wanted):
        assert GITHUB.event(headers(x_github_event=event), payload(name)) == wanted

    def test_what_is_left_out_is_no_place(self):
        given = headers(x_github_event="push")

        assert GITHUB.event(given, b'{"repository": null}').places == ()
        assert GITHUB.event(given, b'{"repository": {"full_name": ["x"], "id": true}}').places == ()
        assert GITHUB.event(given, b"{}") == Event("push", "", (), Meaning.NEWS)


class TestGitlab:
    @pytest.mark.parametrize(
        ("given", "wanted"), [("s3cret", True), ("s3cret ", False), ("", False), ("S3cret", False)]
    )
    def test_token(self, given, wanted):
        assert GITLAB.is_signed(headers(x_gitlab_token=given), b"{}", "s3cret", at(0)) is wanted

    def test_the_published_example_of_the_signature(self):
        assert standard() is True
        assert standard(webhook_signature=f"v1,AAAA {STANDARD_SIGNATURE} v2,x") is True

    @pytest.mark.parametrize(
        "changes",
        [
            {"body": b'{"test": 2432232315}'},
            {"secret": "whsec_" + base64.b64encode(b"x" * 24).decode()},
            {"webhook_id": "msg_other"},
            {"webhook_timestamp": str(STANDARD_AT + 1)},
            {"webhook_timestamp": ""},
            {"webhook_timestamp": "now"},
            {"webhook_timestamp": "1" * 400},
            {"webhook_timestamp": "-1"},
            {"webhook_signature": ""},
            {"webhook_signature": STANDARD_SIGNATURE.removeprefix("v1,")},
            {"webhook_signature": STANDARD_SIGNATURE.replace("v1,", "v2,")},
            # A right token beside a wrong signature proves nothing.
            {"webhook_signature": "v1,AAAA", "x_gitlab_token": STANDARD_SECRET},
        ],
    )
    def test_anything_else_is_refused(self, changes):
        assert standard(**changes) is False

    @pytest.mark.parametrize(("seconds", "wanted"), [(-301, False), (-300, True), (300, True), (301, False)])
    def test_a_signature_lives_five_minutes(self, seconds, wanted):
        assert standard(seconds) is wanted

    def test_a_delivery_is_named_by_its_key_its_hook_or_its_body(self):
        body = b"{}"
        digest = "44136fa355b3678a1146ad16f7e8649e"

        assert GITLAB.delivery_id(headers(idempotency_key="k", x_gitlab_event_uuid="u"), body) == "k"
        assert GITLAB.delivery_id(headers(webhook_id="w", x_gitlab_event_uuid="u"), body) == "w"
        # A chain of hooks shares the UUID.
        assert GITLAB.delivery_id(headers(x_gitlab_event_uuid="u"), body) == f"u:{digest}"
        assert GITLAB.delivery_id(headers(), body) == digest

    @pytest.mark.parametrize(
        ("status", "meaning"),
        [
            ("success", Meaning.NEWS),
            ("failed", Meaning.NEWS),
            ("manual", Meaning.NEWS),
            ("no such status", Meaning.NEWS),
            (None, Meaning.NEWS),
            ("running", Meaning.UNWANTED),
            ("pending", Meaning.UNWANTED),
        ],
    )
    def test_a_pipeline_that_is_under_way_is_no_news_yet(self, status, meaning):
        body = changed("gitlab_pipeline", object_attributes={"status": status})

        event = GITLAB.event(headers(x_gitlab_event="Pipeline Hook"), body)

        assert event == Event("Pipeline Hook", status or "", ("gitlab-org/gitlab-test", "1"), meaning)

    @pytest.mark.parametrize(
        ("event", "meaning"),
        [
            ("Deployment Hook", Meaning.NEWS),
            ("Issue Hook", Meaning.UNWANTED),
            ("System Hook", Meaning.UNWANTED),
        ],
    )
    def test_other_events(self, event, meaning):
        found = GITLAB.event(headers(x_gitlab_event=event), payload("gitlab_deployment"))

        assert (found.places, found.meaning) == (("root/test-deployment-webhooks", "30"), meaning)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000], ids=range(7)
)
def test_a_body_that_is_none_is_said_to_be_none(hook, body):
    with pytest.raises(Unreadable):
        hook.event(headers(), body)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_names_of_the_sender_are_cut_and_hold_nothing_that_is_not_printed(hook):
    given = headers(
        x_github_event="e\x1b[31m" + "x" * 500,
        x_gitlab_event="e\x1b[31m" + "x" * 500,
        x_github_delivery="d\n" + "y" * 500,
        idempotency_key="d\n" + "y" * 500,
    )

    assert hook.event_name(given) == "e[31m" + "x" * 75
    assert hook.delivery_id(given, b"{}") == "d" + "y" * 99
