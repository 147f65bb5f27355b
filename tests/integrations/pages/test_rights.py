"""Every page of connections asked for by every role. The table is written by hand from SECURITY C6, rows 45 to 50."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import urls
from integrations.connectors.hooks import HOOKS
from integrations.models import AllowedHost, Connection, InboundHook, Source
from tests.integrations.factories import TOKEN, make_connection, make_source

ROLES = ("nobody", "viewer", "stranger", "member", "lead", "platform", "admin")


def _by_role(nobody, viewer, stranger, member, lead, platform, admin):
    return dict(zip(ROLES, (nobody, viewer, stranger, member, lead, platform, admin), strict=True))


@dataclass(frozen=True)
class Page:
    """Statuses by role; `data` makes it a POST, 302 is then "done"."""

    wanted: dict[str, int]
    data: dict[str, Any] | None = None
    needs_proof: bool = False


OPTIONS = {"option-project": "churn", "option-branch": "main"}
PAGES = {
    # nobody, viewer, stranger, member, lead, platform, admin
    "connection-list": Page(_by_role(403, 403, 200, 200, 200, 200, 200)),
    "connection-detail": Page(_by_role(404, 404, 404, 200, 200, 200, 200)),
    # A team's trace is for those who see its readings: SECURITY C6, row 51.
    "trace-detail": Page(_by_role(404, 403, 404, 200, 200, 200, 403)),
    "connection-choose": Page(_by_role(403, 403, 403, 403, 403, 200, 200)),
    "connection-create": Page(
        _by_role(403, 403, 403, 403, 403, 302, 302),
        {
            "name": "New",
            "base_url": "https://git.example.org",
            "interval_minutes": "60",
            "option-token": TOKEN,
        },
        needs_proof=True,
    ),
    "connection-edit": Page(
        _by_role(404, 404, 404, 403, 403, 302, 302),
        {
            "name": "Renamed",
            "base_url": "https://git.example.org",
            "interval_minutes": "60",
            "row_version": "1",
        },
        needs_proof=True,
    ),
    "connection-set-secret": Page(
        _by_role(404, 404, 404, 403, 403, 302, 302), {"option-token": "fresh"}, needs_proof=True
    ),
    "connection-pause": Page(
        _by_role(404, 404, 404, 403, 403, 302, 302), {"reason": "moving"}, needs_proof=True
    ),
    "connection-resume": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}, needs_proof=True),
    "connection-remove": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}, needs_proof=True),
    "connection-hook": Page(_by_role(404, 404, 404, 403, 403, 200, 200)),
    # The answer shows the secret, once.
    "connection-hook-secret": Page(_by_role(404, 404, 404, 403, 403, 200, 200), {}, needs_proof=True),
    "connection-hook-token": Page(
        _by_role(404, 404, 404, 403, 403, 302, 302),
        {"signing_token": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
        needs_proof=True,
    ),
    "connection-hook-remove": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}, needs_proof=True),
    "connection-test": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}),
    "connection-collect": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}),
    "source-create": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {"team": "fraud", **OPTIONS}),
    "source-edit": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {"row_version": "1", **OPTIONS}),
    "source-confirm": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}),
    "source-remove": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}),
    "source-take-over": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}),
    "source-follow-file": Page(_by_role(404, 404, 404, 403, 403, 302, 302), {}),
    "mapping-detail": Page(_by_role(404, 403, 404, 200, 200, 200, 200)),
    "health-list": Page(_by_role(403, 403, 200, 200, 200, 200, 200)),
    "rule-list": Page(_by_role(403, 403, 200, 200, 200, 200, 200)),
}
OF_A_SOURCE = {"source-confirm", "source-edit", "source-remove", "source-take-over", "source-follow-file"}
POSTS = [name for name, page in PAGES.items() if page.data is not None]


@pytest.fixture(autouse=True)
def nowhere(settings):
    """A port where nobody listens: what these pages would ask is refused at once."""
    settings.PORTAL_EGRESS_ALLOW = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def hooked(monkeypatch):
    """Fake Git signs as GitLab does."""
    monkeypatch.setitem(HOOKS, "fakegit", HOOKS["gitlab"])


@pytest.fixture
def world(world):
    Connection.objects.update(base_url="http://127.0.0.1:1")
    return world


def address(name, world):
    args = {
        "connection-list": [],
        "connection-choose": [],
        "connection-create": ["fakegit"],
        "trace-detail": [world.team.slug],
        "mapping-detail": [world.team.slug],
        "health-list": [],
        "rule-list": [],
    }.get(name, [world.connection.pk])
    if name in OF_A_SOURCE:
        args = [world.connection.pk, world.source.pk]
    return reverse(f"integrations:{name}", args=args)


def data_of(name):
    data = PAGES[name].data
    if data is not None and "base_url" in data:
        return {**data, "base_url": "http://127.0.0.1:1"}
    return data


def ask(client, name, world):
    data = data_of(name)
    return client.get(address(name, world)) if data is None else client.post(address(name, world), data)


def everything():
    # Counters of hand-started things are theirs; all that people write is compared.
    return (
        list(Connection.objects.order_by("pk").values()),
        list(Source.objects.order_by("pk").values()),
        list(AllowedHost.objects.values()),
        list(InboundHook.objects.values()),
    )


def test_every_page_is_in_the_table():
    assert {pattern.name for pattern in urls.urlpatterns} == set(PAGES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", list(PAGES))
def test_each_role(name, role, world, as_):
    client = as_(role)
    before = everything()

    answer = ask(client, name, world)

    assert answer.status_code == PAGES[name].wanted[role]
    if answer.status_code in {403, 404}:
        assert everything() == before
        assert "Git" not in answer.content.decode()


@pytest.mark.parametrize("name", list(PAGES))
def test_visitors_are_sent_to_the_sign_in_page_and_change_nothing(name, world):
    before = everything()

    answer = ask(Client(), name, world)

    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={address(name, world)}")
    assert everything() == before


@pytest.mark.parametrize("name", POSTS)
def test_a_link_changes_nothing(name, world, as_):
    client = as_("platform")
    before = everything()

    assert client.get(address(name, world)).status_code in {200, 405}
    assert everything() == before


@pytest.mark.parametrize("name", list(PAGES))
def test_what_needs_a_recent_sign_in_asks_for_it_and_keeps_nothing_that_was_sent(name, world, as_):
    client = as_("platform", is_recent=False)
    before = everything()

    answer = ask(client, name, world)

    asks = answer.status_code == 302 and answer["Location"].startswith("/account/reauthenticate/")
    assert asks is PAGES[name].needs_proof
    if asks:
        assert everything() == before
        # A credential that was on its way lies in no session.
        assert TOKEN not in str(dict(client.session))
        assert answer["Location"].endswith(address(name, world).replace("/", "%2F"))


@pytest.mark.parametrize("name", sorted(OF_A_SOURCE))
def test_a_source_under_the_address_of_another_connection_is_404(name, world, as_):
    other = make_connection(base_url="http://127.0.0.1:1")

    answer = as_("platform").post(
        reverse(f"integrations:{name}", args=[other.pk, world.source.pk]), data_of(name)
    )

    assert answer.status_code == 404
    assert Source.objects.open().count() == 1


def test_a_removed_connection_is_404(world, as_):
    client = as_("platform")
    client.post(address("connection-remove", world))

    assert client.get(address("connection-detail", world)).status_code == 404
    assert client.post(address("source-create", world), {"team": "fraud", **OPTIONS}).status_code == 404
    assert Source.objects.open().count() == 0


def test_the_navigation_leads_here_for_who_may_see_connections(world, as_):
    link = 'href="/connections/"'

    assert [link in as_(role).get("/account/").content.decode() for role in ROLES] == [
        False,
        False,
        True,
        True,
        True,
        True,
        True,
    ]


def test_a_lead_sees_the_connection_of_the_team_read_only_and_no_other_team(world, as_):
    make_source(world.connection, world.other)
    page = as_("lead").get(address("connection-detail", world)).content.decode()

    assert ("Churn" in page, "Fraud" in page) == (True, False)
    assert [word in page for word in ("<form method", "Collect now", "Map a team", "Edit")] == [
        True,  # sign out
        False,
        False,
        False,
    ]
    assert "Credential" not in page
