"""Collect now: a wish in the database and a message to a worker; without the broker the wish stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from assessments.models import Measurement
from integrations import tasks
from integrations.models import Collection, Connection
from integrations.services import leases
from mlops_portal.celery import app
from tests.integrations.pages.conftest import text_of

NO_BROKER = (
    "The message broker cannot be reached, so no worker has heard of this yet. Nothing is lost: the wish is kept and a "
    "worker takes it as soon as the broker is back. Check that broker, worker and beat run."
)


def point_to(url):
    app.conf.broker_url = url
    app._pool = None
    app.amqp._producer_pool = None


@pytest.fixture
def broker_at():
    """Celery's broker for one test: its in-memory transport, or a socket that nobody made."""
    before = app.conf.broker_url
    yield point_to
    point_to(before)


@pytest.fixture
def broker(broker_at):
    broker_at("memory://")
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        queue.clear()
        yield queue
        queue.close()


@pytest.fixture
def reading(fake, world):
    """Git answers, and the wish of its mapping is fulfilled."""
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": True, "ci.runs_30d": 14}}
    Connection.objects.update(base_url=fake.origin, asked_at=None)
    return world


def collect_now(client, world):
    return client.post(reverse("integrations:connection-collect", args=[world.connection.pk]), follow=True)


def claimed(world):
    claim = leases.claim_one(connection_id=world.connection.pk, at=timezone.now())
    assert claim is not None
    return claim


def state():
    return Connection.objects.values_list("lease_key", "lease_ends_at").get()


def test_the_message_reaches_a_worker_and_the_page_shows_what_came(reading, as_, broker):
    client = as_("platform")

    said = text_of(collect_now(client, reading))
    assert "Git is read now. What it says shows here as it comes." in said
    assert "A collection waits for a worker." in said
    _, kwargs, _ = broker.get(timeout=5).payload
    tasks.collect_connection(**kwargs)

    (run,) = Collection.objects.all()
    assert (run.trigger, run.outcome, run.stored_count) == ("now", "ok", 2)
    assert Measurement.objects.count() == 2
    page = text_of(client.get(reverse("integrations:connection-detail", args=[reading.connection.pk])))
    assert "Read. 2 known, 0 unknown. 2 new measurements." in page
    assert (state(), Connection.objects.get().asked_at) == (("", None), None)


def test_without_the_broker_the_page_says_so_and_the_dispatcher_finds_the_wish(
    reading, as_, broker_at, tmp_path
):
    broker_at(f"redis+socket://{tmp_path}/nobody.sock")

    page = text_of(collect_now(as_("platform"), reading))

    assert NO_BROKER in page
    assert state() == ("", None)
    (claim,) = leases.claim_due(at=timezone.now())
    tasks.collect_connection(connection_id=claim.connection_id, lease_key=claim.lease_key)
    assert Collection.objects.get().trigger == "now"


def test_a_mapping_that_was_saved_without_the_broker_is_kept_and_said(reading, as_, broker_at, tmp_path):
    broker_at(f"redis+socket://{tmp_path}/nobody.sock")

    answer = as_("platform").post(
        reverse("integrations:source-create", args=[reading.connection.pk]),
        {"team": "fraud", "option-project": "fraud", "option-branch": "main"},
        follow=True,
    )

    assert ("Fraud is mapped." in text_of(answer), NO_BROKER in text_of(answer)) == (True, True)
    assert reading.connection.sources.count() == 2


def test_while_it_is_read_it_is_read_again_right_after(reading, as_, broker):
    running = leases.begin(claim=claimed(reading), at=timezone.now())
    assert running is not None

    page = text_of(collect_now(as_("platform"), reading))

    assert "Git is read as soon as it can be: a worker is reading it at this moment." in page
    assert "It is being read now." in page
    leases.release(
        connection=running,
        ended=leases.Ended(),
        started_at=timezone.now() - timedelta(minutes=1),
        at=timezone.now(),
    )
    assert [one.connection_id for one in leases.claim_due(at=timezone.now())] == [reading.connection.pk]


def test_twice_within_five_minutes_is_refused(reading, as_, broker):
    Connection.objects.update(last_success_at=timezone.now())

    page = text_of(collect_now(as_("platform"), reading))

    assert "Git was read less than 5 minutes ago; what it said is shown." in page
    assert (Connection.objects.get().asked_at, broker.qsize()) == (None, 0)


def test_what_a_person_paused_is_not_read(reading, as_, person, broker):
    Connection.objects.update(is_paused=True, pause_reason="Moving house", paused_by=person("admin"))

    assert "Git is paused: Moving house" in text_of(collect_now(as_("platform"), reading))
    assert broker.qsize() == 0


def test_a_wish_that_no_worker_takes_is_said(reading, as_):
    Connection.objects.update(asked_at=timezone.now() - timedelta(minutes=3))

    page = text_of(
        as_("platform").get(reverse("integrations:connection-detail", args=[reading.connection.pk]))
    )

    assert "A collection was asked for and no worker has taken it yet. The wish is kept;" in page


def test_htmx_asks_until_nothing_happens_any_more_and_then_takes_the_page_anew(reading, as_):
    client = as_("platform")
    url = reverse("integrations:connection-detail", args=[reading.connection.pk])
    Connection.objects.update(asked_at=timezone.now())

    busy = client.get(url, headers={"HX-Request": "true"})
    Connection.objects.update(asked_at=None)
    idle = client.get(url, headers={"HX-Request": "true"})

    assert (f'hx-get="{url}"' in busy.content.decode(), "HX-Refresh" in busy.headers) == (True, False)
    assert ("hx-get" in idle.content.decode(), idle.headers["HX-Refresh"]) == (False, "true")
    assert "HX-Request" in busy.headers["Vary"]


def test_a_claim_that_was_used_is_not_given_back(reading):
    claim = claimed(reading)
    leases.begin(claim=claim, at=timezone.now())
    before = state()

    assert leases.give_back(claim=claim) is False
    assert state() == before


def test_tasks_go_to_the_broker_of_this_portal():
    """Without the app loaded in the web process, a task would go to Celery's own default broker."""
    assert tasks.collect_connection.app.main == "mlops_portal"


def test_what_the_broker_refuses_is_the_error_that_is_caught(broker_at, tmp_path):
    broker_at(f"redis+socket://{tmp_path}/nobody.sock")

    with pytest.raises(OperationalError):
        tasks.sweep_collections.apply_async(retry=False)
