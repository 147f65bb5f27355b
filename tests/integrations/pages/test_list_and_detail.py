"""What the list and the page of a connection say, and that they never say more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, SourceStream
from integrations.queries.kinds import kind_lines
from integrations.services.connections import pause_connection
from tests.factories import AT, make_admin, make_team, sign_in
from tests.integrations.conftest import OTHER_RING
from tests.integrations.factories import TOKEN, collect, make_connection, make_source
from tests.integrations.pages.conftest import text_of

LIST = "/connections/"


def detail(world):
    return reverse("integrations:connection-detail", args=[world.connection.pk])


@pytest.mark.django_db
def test_no_connection_says_that_none_is_needed_and_offers_to_add_one(client):
    page = sign_in(client, make_admin()).get(LIST)

    offers = " ".join(f"Add {line.label}" for line in kind_lines())
    assert f"No connections. Teams can assess themselves without them. {offers}" in text_of(page)
    content = page.content.decode()
    assert all(f'href="/connections/new/{line.kind}/"' in content for line in kind_lines())


def test_no_connection_of_ones_own_is_no_button(world, as_):
    page = text_of(as_("stranger").get(LIST))

    assert "No connections. Teams can assess themselves without them. A platform engineer can connect" in page
    assert ("Add Fake Git" in page, "Git," in page) == (False, False)


def test_broken_ones_stand_first_and_each_state_has_its_words(world, as_):
    at = timezone.now()
    make_connection(name="A unmapped", at=at)
    states: dict[str, dict[str, Any]] = {
        "B failing": {"last_failure": "unreachable", "last_failure_message": "git could not be reached."},
        "C late": {"next_due_at": at - timedelta(hours=1)},
        "D fine": {"last_success_at": at, "next_due_at": at + timedelta(hours=1)},
        "E stopped": {"is_paused": True, "pause_reason": "The credential was refused twice."},
    }
    for number, (name, fields) in enumerate(states.items()):
        connection = make_connection(name=name, at=at)
        make_source(connection, make_team(f"Team of {number}"))
        Connection.objects.filter(pk=connection.pk).update(asked_at=None, **fields)
    pause_connection(connection=world.connection, reason="Moving house", by=make_admin(), at=at)

    page = text_of(as_("platform").get(LIST))

    order = [
        "B failing",
        "Fails git could not be reached.",
        "E stopped",
        "Stopped The credential was refused twice.",
        "C late",
        "Overdue It is due and nobody reads it. Check that the worker and beat run.",
        "Git Fake Git",
        "Paused Moving house",
        "A unmapped",
        "No team No team is mapped to it yet.",
        "D fine",
        "Reads",
    ]
    places = [page.find(words) for words in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "6 connections feed 5 of 6 teams." in page


def test_page_says_what_came_of_collections_in_words(fake, world, as_):
    fake.pages["/projects/churn"] = {
        "observations": {
            "repo.connected": True,
            "ci.runs_30d": "truncated",
            "ci.training_runs_90d": "not_configured",
        }
    }
    Connection.objects.update(base_url=fake.origin)
    collect(world.connection, at=AT)
    collect(world.connection, at=AT + timedelta(hours=1))

    page = text_of(as_("platform").get(detail(world)))

    assert (
        "Read in part. 1 of 3 signals could not be read (truncated). 1 known, 2 unknown. Nothing changed."
        in page
    )
    assert (
        "Read in part. 1 of 3 signals could not be read (truncated). 1 known, 2 unknown. 3 new measurements."
        in page
    )
    assert "Churn churn Mapping of Churn 20 Nov 2026, 13:00 1 1 Edit Churn" in page


def test_credential_is_told_by_date_and_person_and_never_shown(world, as_, person):
    page = as_("platform")
    content = page.get(detail(world)).content.decode()
    credential = page.get(reverse("integrations:connection-set-secret", args=[world.connection.pk]))
    edit = page.get(reverse("integrations:connection-edit", args=[world.connection.pk]))

    assert "A credential is stored, set" in content
    assert "by the portal itself" in content
    for answer in (content, credential.content.decode(), edit.content.decode()):
        assert TOKEN not in answer
        assert world.connection.secret not in answer
    assert 'type="password"' in edit.content.decode()


def test_what_an_empty_option_blinds_is_named_with_its_criteria(world, as_):
    client = as_("platform")
    make_source(world.connection, make_team("Named"), options={"project": "x", "workflows": ["train"]})
    make_source(world.connection, make_team("Bare"))

    page = text_of(client.get(detail(world)))

    # ci.training_runs_90d: environment.managed_compute is silent without it, training.automated can only be confirmed.
    assert (
        "What nobody has named yet Workflows : empty for Bare, Churn. 1 signal stays unknown, and 2 criteria lose what "
        "could decide them." in page
    )
    assert ("Signals: ci.training_runs_90d." in page, page.count("can only be confirmed")) == (True, 1)


def test_old_credential_is_marked(world, as_):
    Connection.objects.update(secret_set_at=timezone.now() - timedelta(days=91))

    assert "Older than 90 days" in as_("platform").get(detail(world)).content.decode()


def test_wrong_key_ring_is_said_loudly_and_breaks_nothing_else(fake, world, as_, settings):
    fake.pages["/me"] = {"identity": "reader"}
    Connection.objects.update(base_url=fake.origin)
    settings.PORTAL_KEYS = OTHER_RING
    make_connection(name="Other", base_url=fake.origin, answers={"token": "x"})
    client = as_("platform")
    said = (
        f"The credential of connection {world.connection.pk} was encrypted with key 'k1', which is not in the key ring "
        "(k9). Put that key back into PORTAL_KEYS, or enter the credential again."
    )

    pages = [client.get(LIST), client.get(detail(world))]
    tested = client.post(reverse("integrations:connection-test", args=[world.connection.pk]), follow=True)
    (run,) = collect(world.connection, at=timezone.now() - timedelta(minutes=1))

    assert [page.status_code for page in pages] == [200, 200]
    assert [said in text_of(page) for page in pages] == [True, True]
    assert f"It cannot be read {said}" in text_of(pages[1])
    assert f"The test failed. {said}" in text_of(tested)
    assert (run.outcome, run.message) == ("failed", said)
    assert fake.asked == []
    # The way out works under the new ring.
    client.post(
        reverse("integrations:connection-set-secret", args=[world.connection.pk]), {"option-token": "new"}
    )
    page = text_of(client.get(detail(world)))
    assert ("It cannot be read" in page, "A new credential was entered; the next collection" in page) == (
        False,
        True,
    )


def test_a_kind_that_is_gone_shows_the_connection_and_offers_no_form(world, as_, settings):
    settings.PORTAL_CONNECTORS = {}
    client = as_("platform")

    page = text_of(client.get(detail(world)))

    assert "This portal has no connector of this kind any more (PORTAL_CONNECTORS)." in page
    assert client.get(LIST).status_code == 200
    assert client.get(detail(world) + "edit/").status_code == 404


def test_many_teams_come_in_pages(world, as_):
    for number in range(51):
        make_source(world.connection, make_team(f"Many {number:02}"))
    client = as_("platform")

    first, second = text_of(client.get(detail(world))), text_of(client.get(detail(world) + "?page=2"))

    assert ("Many 48" in first, "Many 50" in first, "1 to 50 of 52" in first) == (True, False, True)
    assert ("Many 50" in second, "51 to 52 of 52" in second) == (True, True)


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(rows, fake, world, as_, django_assert_num_queries):
    fake.pages["/projects/churn"] = {"observations": {"repo.connected": True}}
    Connection.objects.update(base_url=fake.origin)
    for number in range(1, rows):
        make_source(make_connection(fake, name=f"More {number}"), make_team(f"Of {number}"))
        make_source(world.connection, make_team(f"Beside {number}"))
    collect(world.connection, at=AT)
    client = as_("lead")

    # Session, person, rights for the page; then rights, connections, teams, unreadable signals, coverage.
    with django_assert_num_queries(8):
        client.get(LIST)
    client = as_("platform")
    # Session, person, rights; then rights, the connection, its teams counted and listed, the maturity model, two sums of
    # signals, how far back, what is held, runs.
    with django_assert_num_queries(13):
        client.get(detail(world))


def test_history_that_is_still_read_is_told_in_words(world, as_):
    world.source.last_read_at = AT
    world.source.save()

    def stream(scope: str, days: int, **fields: Any) -> None:
        reached = {"watermark_at": AT, "covered_from_at": AT - timedelta(days=days), "reconciled_at": AT}
        values = {"name": "runs", "scope": scope, "window_days": 90, "asked_at": AT, **reached, **fields}
        SourceStream.objects.create(source=world.source, **values)

    stream("whole", 90)
    stream("of another branch, long ago", 5, asked_at=AT - timedelta(days=1))
    client = as_("platform")
    assert "Reading history" not in text_of(client.get(detail(world)))

    stream("half", 37)
    stream("half, of a shorter window", 29, window_days=30)
    assert "Reading history: 37 of 90 days." in text_of(client.get(detail(world)))
