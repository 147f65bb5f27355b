"""Deliveries to the real address: row 42 of the fault cases, word for word, and that a hint is only a hint."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError
from django.utils import timezone

from assessments.models import Measurement
from integrations.models import Connection, InboundDelivery, InboundHook, Source
from integrations.services import hints, leases, sweeping
from integrations.services.connections import edit_connection, remove_connection
from integrations.services.credentials import rotate_keys
from integrations.services.hints import hint
from integrations.services.inbound import PREVIOUS_LIVES, close_hook, new_hook_secret, receive
from teams.models import Event
from tests.factories import AT
from tests.integrations.conftest import OTHER_RING, RING
from tests.integrations.factories import collect
from tests.integrations.hooked import KINDS, changed, deliveries, github_signature, make_hooked, payload

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REFUSED = {"detail": "There is no webhook at this address, or the delivery is not signed with its secret."}


@pytest.fixture(autouse=True)
def kinds(settings, fake_kinds):
    settings.PORTAL_CONNECTORS = KINDS


def rest(hooked, **fields):
    """As it is between two collections: due in an hour."""
    due = timezone.now() + HOUR
    Connection.objects.filter(pk=hooked.connection.pk).update(next_due_at=due, asked_at=None, **fields)
    Source.objects.filter(connection=hooked.connection.pk).update(asked_at=None)
    return due


@pytest.fixture
def github():
    made = make_hooked("github")
    rest(made)
    return made


@pytest.fixture
def gitlab():
    made = make_hooked("gitlab")
    rest(made)
    return made


def is_due(hooked):
    return hooked.refresh().next_due_at <= timezone.now()


def untouched(hooked):
    """What a delivery could have changed."""
    return (deliveries(), hooked.refresh().next_due_at, hooked.connection.hint_due_at)


def begun(hooked, at):
    """A collection that goes on."""
    claim = leases.claim_one(connection_id=hooked.connection.pk, at=at)
    assert claim is not None
    held = leases.begin(claim=claim, at=at)
    assert held is not None
    return held


class TestRow42:
    def test_a_signed_delivery_makes_the_connection_due_and_stores_nothing_else(self, github):
        answer = github.github()

        assert (answer.status_code, answer.json()) == (202, {"detail": "The connection was made due."})
        assert deliveries() == [("d-1", "workflow_run", "completed", "due")]
        assert is_due(github)
        assert Measurement.objects.count() == 0

    @pytest.mark.parametrize("secret", ["whsec_other", " ", "sha256="])
    def test_bad_signature(self, github, secret):
        before = untouched(github)

        answer = github.github(secret=secret)

        assert (answer.status_code, answer.json()) == (401, REFUSED)
        assert untouched(github) == before

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-GitHub-Event": "workflow_run", "X-GitHub-Delivery": "d-1"},
            {"X-GitHub-Event": "workflow_run", "X-Hub-Signature-256": ""},
            {"X-Gitlab-Token": "x"},
            {},
        ],
    )
    def test_missing_signature(self, github, headers):
        before = untouched(github)

        answer = github.post(payload("github_push"), headers)

        assert (answer.status_code, answer.json()) == (401, REFUSED)
        assert untouched(github) == before

    def test_a_signature_over_other_bytes(self, github):
        """Even over the same JSON, written otherwise: the raw body counts."""
        before = untouched(github)
        raw = payload("github_push")
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": github_signature(github.secret, raw)}

        assert github.post(raw.replace(b"\n", b""), headers).status_code == 401
        assert untouched(github) == before
        assert github.post(raw, headers).status_code == 202

    def test_an_unknown_address_is_told_like_a_bad_signature(self, github):
        known = github.github(secret="whsec_other")
        unknown = github.github(address="/hooks/github/0123456789abcdef0123456789abcdef/")
        other_kind = github.github(address=github.address.replace("github", "gitlab"))

        def seen(answer):
            headers = {name: value for name, value in answer.items() if name != "X-Request-ID"}
            return (answer.status_code, answer.content, headers)

        assert seen(unknown) == seen(known)
        assert seen(other_kind) == seen(known)
        assert deliveries() == []

    def test_the_secret_of_one_connection_opens_no_other(self, github):
        other = make_hooked("github")

        assert github.github(secret=other.secret).status_code == 401
        assert other.github(secret=other.secret).status_code == 202

    def test_replay(self, github):
        first = github.github()
        due = github.refresh().next_due_at
        rest(github)
        before = untouched(github)

        again = github.github()

        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json() == {"detail": "The connection was made due."}
        assert untouched(github) == before
        assert due < github.connection.next_due_at

    def test_a_delivery_id_is_one_for_each_connection(self, github):
        other = make_hooked("github")

        assert [one.github().status_code for one in (github, other)] == [202, 202]
        assert [one[0] for one in deliveries()] == ["d-1", "d-1"]

    def test_a_repetition_is_known_for_thirty_days(self, github):
        github.github()
        stored_at = InboundDelivery.objects.get().received_at

        sweeping.sweep(at=stored_at + timedelta(days=30))
        assert github.github().status_code == 200
        sweeping.sweep(at=stored_at + timedelta(days=30, seconds=1))
        assert deliveries() == []

    def test_out_of_order(self, github):
        """The end is told before the beginning: the beginning undoes nothing."""
        github.github(id="d-2")
        before = github.refresh().next_due_at

        late = github.github(changed("github_workflow_run_completed_null", action="requested"), id="d-1")

        assert (late.status_code, github.refresh().next_due_at) == (202, before)
        assert deliveries() == [
            ("d-2", "workflow_run", "completed", "due"),
            ("d-1", "workflow_run", "requested", "unwanted"),
        ]

    def test_unknown_repository(self, github):
        body = changed("github_push", repository={"full_name": "somebody/else", "id": 7})
        due = github.refresh().next_due_at

        answer = github.github(body, event="push")

        assert (answer.status_code, answer.json()) == (
            202,
            {"detail": "Ignored: no team has mapped this repository."},
        )
        assert github.refresh().next_due_at == due
        assert InboundDelivery.objects.values_list("place", "outcome").get() == ("somebody/else", "elsewhere")

    def test_25_mb(self, github):
        before = untouched(github)

        answer = github.github(b"{" + b" " * (25 * 1024 * 1024) + b"}")

        assert (answer.status_code, answer.json()) == (
            413,
            {"detail": "The delivery is larger than 1 MiB; it is not read."},
        )
        assert untouched(github) == before

    @pytest.mark.parametrize(("size", "status"), [(1_048_576, 202), (1_048_577, 413)])
    def test_the_largest_that_is_read(self, github, size, status):
        body = changed("github_push")

        assert github.github(body.ljust(size), event="push").status_code == status

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/x-www-form-urlencoded",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/jsonp",
        ],
    )
    def test_wrong_content_type(self, github, content_type):
        before = untouched(github)

        answer = github.github(b"payload=%7B%7D", content_type=content_type)

        assert (answer.status_code, answer.json()) == (
            415,
            {"detail": "Choose application/json as the content type of the webhook."},
        )
        assert untouched(github) == before

    @pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
    def test_right_content_type(self, github, content_type):
        assert github.github(content_type=content_type).status_code == 202

    def test_completed_with_null_conclusion(self, github, fake):
        """GitHub's own example contradicts itself. The hint is taken; what there is to know, the API says."""
        Connection.objects.update(base_url=fake.origin)
        fake.pages["/projects/churn"] = {"observations": {"ci.runs_30d": 3}}
        assert b'"conclusion": null' in payload("github_workflow_run_completed_null")

        answer = github.github()
        collect(github.refresh(), at=timezone.now())

        assert answer.status_code == 202
        assert [path for path in fake.paths if not path.startswith("/files/")] == ["/projects/churn"]
        assert Measurement.objects.get(signal="ci.runs_30d").value == 3


class TestGitlab:
    def test_by_token(self, gitlab):
        assert gitlab.gitlab(secret="whsec_x").status_code == 401
        assert gitlab.gitlab().status_code == 202
        assert gitlab.gitlab().status_code == 200
        assert deliveries() == [("key-1", "Pipeline Hook", "success", "due")]

    def test_by_signature_with_the_same_secret(self, gitlab):
        body, stamp = payload("gitlab_pipeline"), str(int(timezone.now().timestamp()))
        key = base64.b64decode(gitlab.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"id-1.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "X-Gitlab-Event": "Pipeline Hook",
            "webhook-id": "id-1",
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }

        assert gitlab.gitlab(body + b" ", headers=headers).status_code == 401
        assert gitlab.gitlab(body, headers=headers).status_code == 202
        assert deliveries() == [("id-1", "Pipeline Hook", "success", "due")]

    def test_unwanted_events_are_taken_with_thanks(self, gitlab):
        """GitLab gives up on an address that answers 4xx (CONNECTORS 5.2, rule 18)."""
        answers = [
            gitlab.gitlab("gitlab_pipeline", event=name, id=name)
            for name in (
                "Issue Hook",
                "Note Hook",
                "Wiki Page Hook",
                "Feature Flag Hook",
                "Hook Of Tomorrow",
                "",
            )
        ]

        assert [answer.status_code for answer in answers] == [202] * 6
        assert {outcome for *_, outcome in deliveries()} == {"unwanted"}
        assert not is_due(gitlab)

    def test_a_github_signature_opens_no_gitlab(self, gitlab):
        assert gitlab.github(address=gitlab.address).status_code == 401


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


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestOverTheWire:
    """A real server on loopback, with sockets of our own."""

    def sent(self, live_server, path, headers, body=b""):
        wire = http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=10)
        wire.putrequest("POST", path)
        for name, value in headers.items():
            wire.putheader(name, value)
        wire.endheaders(body or None)
        answer = wire.getresponse()
        found = (answer.status, answer.read())
        wire.close()
        return found

    def test_25_mb_are_refused_before_they_are_sent(self, live_server, github):
        headers = {"Content-Type": "application/json", "Content-Length": str(25 * 1024 * 1024)}

        status, _ = self.sent(live_server, github.address, headers)

        assert status == 413

    def test_twenty_at_once_are_one_collection_and_each_stands_once(self, live_server, github):
        body = payload("github_workflow_run_completed_null")

        def headers(number):
            return {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                "X-GitHub-Event": "workflow_run",
                "X-GitHub-Delivery": f"d-{number % 10}",
                "X-Hub-Signature-256": github_signature(github.secret, body),
            }

        found = []
        started = timezone.now()
        threads = [
            threading.Thread(
                target=lambda number=number: found.append(
                    self.sent(live_server, github.address, headers(number), body)[0]
                )
            )
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(found) == [200] * 10 + [202] * 10
        assert sorted(one[0] for one in deliveries()) == [f"d-{number}" for number in range(10)]
        outcomes = sorted(outcome for *_, outcome in deliveries())
        # One made it due now, one in a minute; the rest were covered.
        assert outcomes == ["covered"] * 8 + ["due", "later"]
        connection = github.refresh()
        assert started <= connection.next_due_at <= timezone.now()
        assert connection.hint_due_at == connection.next_due_at + MINUTE
