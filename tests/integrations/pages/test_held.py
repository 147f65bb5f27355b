"""A drop on the connection's page: what counts, what was read, and the button of who may say that it is right."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.models import Reading
from integrations.models import Connection
from teams.models import Event
from tests.integrations.factories import collect
from tests.integrations.pages.conftest import text_of

BUTTON = "This is right for Churn"


@pytest.fixture
def dropped(fake, world):
    Connection.objects.update(base_url=fake.origin, asked_at=None)
    now = timezone.now()
    for count, at in ((40, now - timedelta(days=1)), (3, now)):
        fake.pages["/projects/churn"] = {"observations": {"ci.runs_30d": count}}
        collect(Connection.objects.get(), at=at)
    return world


def page_of(client, world):
    return text_of(client.get(reverse("integrations:connection-detail", args=[world.connection.pk])))


def seen_by(client, world):
    """What the form of the page sends."""
    page = client.get(reverse("integrations:connection-detail", args=[world.connection.pk]))
    return re.findall(r'name="seen" value="(\d+)"', page.content.decode())


def test_who_keeps_connections_sees_it_and_says_that_it_is_right(dropped, as_):
    platform = as_("platform")
    page = page_of(platform, dropped)
    assert (
        "What was read before stands until somebody says that the new values are right, or they come back by themselves. "
        "Churn 40 CI runs on the default branch. Read now: 3. This is right for Churn" in page
    )
    assert BUTTON in page

    address = reverse("integrations:source-confirm", args=[dropped.connection.pk, dropped.source.pk])
    answer = text_of(platform.post(address, {"seen": seen_by(platform, dropped)}, follow=True))

    assert "What Git read about Churn counts from now on." in answer
    assert BUTTON not in answer
    reading = Reading.objects.select_related("good").get(signal="ci.runs_30d")
    assert reading.good is not None
    assert (reading.good.value, reading.held_at) == (3.0, None)
    (event,) = Event.objects.filter(action="source.confirm_drop")
    assert event.actor_name == str(event.actor)
    assert event.after == {"signals": ["ci.runs_30d"]}


def test_what_was_read_since_the_page_was_opened_is_shown_anew_and_not_confirmed(dropped, as_, fake):
    platform = as_("platform")
    seen = seen_by(platform, dropped)
    fake.pages["/projects/churn"] = {"observations": {"ci.runs_30d": 0}}
    collect(Connection.objects.get(), at=timezone.now())
    address = reverse("integrations:source-confirm", args=[dropped.connection.pk, dropped.source.pk])

    answer = text_of(platform.post(address, {"seen": seen}, follow=True))

    assert (
        "Nothing was confirmed: what Git read about Churn has changed meanwhile. What it says now is shown below."
        in answer
    )
    assert "40 CI runs on the default branch. Read now: 0." in answer
    reading = Reading.objects.select_related("good").get(signal="ci.runs_30d")
    assert reading.good is not None
    assert (reading.good.value, reading.held_at is None) == (40.0, False)
    assert not Event.objects.filter(action="source.confirm_drop").exists()


def test_when_nothing_is_held_any_more_it_says_so(dropped, as_, fake):
    platform = as_("platform")
    seen = seen_by(platform, dropped)
    fake.pages["/projects/churn"] = {"observations": {"ci.runs_30d": 41}}
    collect(Connection.objects.get(), at=timezone.now())
    address = reverse("integrations:source-confirm", args=[dropped.connection.pk, dropped.source.pk])

    answer = text_of(platform.post(address, {"seen": seen}, follow=True))

    assert "Nothing of what Git read about Churn is held any more, so there was nothing to confirm." in answer
    assert "counts from now on" not in answer


def test_who_only_looks_sees_it_without_the_button(dropped, as_):
    page = page_of(as_("lead"), dropped)
    assert "40 CI runs on the default branch. Read now: 3." in page
    assert BUTTON not in page


def test_the_signals_page_says_that_it_waits(dropped, as_):
    address = reverse("assessments:signal-detail", args=[dropped.team.slug, "ci.runs_30d"])
    page = text_of(as_("lead").get(address))
    assert "the newest reading says 3 and waits for somebody to confirm it" in page


def test_put_off_says_when_it_goes_on(world, as_):
    connection = Connection.objects.select_related("budget").get()
    assert connection.budget is not None
    connection.budget.free_at = timezone.now() + timedelta(minutes=24, seconds=30)
    connection.budget.save()
    Connection.objects.update(last_success_at=timezone.now())

    page = page_of(as_("platform"), world)

    assert "State Put off" in page
    assert (
        "The host asked for fewer requests, or the rest is kept for people. It is read again in 25 minutes."
        in page
    )


def test_collect_now_is_offered_where_the_portal_stopped_and_not_where_a_person_did(world, as_, person):
    platform = as_("platform")
    Connection.objects.update(is_paused=True, pause_reason="It could not be read for 3 days.")
    assert "Collect now" in page_of(platform, world)
    Connection.objects.update(paused_by=person("admin"))
    assert "Collect now" not in page_of(platform, world)
