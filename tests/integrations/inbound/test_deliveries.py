"""Deliveries to the real address: row 42 of the fault cases, word for word, GitLab's, and many at once over a wire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from assessments.models import Measurement
from integrations.models import Connection, InboundDelivery
from integrations.services import sweeping
from tests.integrations.factories import collect
from tests.integrations.hooked import (
    MINUTE,
    REFUSED,
    changed,
    deliveries,
    github_signature,
    is_due,
    make_hooked,
    payload,
    rest,
    untouched,
)

pytestmark = pytest.mark.django_db


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
