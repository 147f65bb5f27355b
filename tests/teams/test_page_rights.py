"""Every page of the organisation, asked for by every role: near (own unit or team), far (another's), and signed out.

The table is written by hand from SECURITY C6; a page that is not in it fails the first test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from teams import urls
from teams.models import Team, Unit, User
from teams.services.people import create_person
from teams.services.tokens import create_token
from tests.factories import (
    AT,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_platform_engineer,
    make_team,
    make_unit,
    make_user,
    make_viewer,
    root_unit,
    sign_in,
)

pytestmark = pytest.mark.django_db

ROLES = ("nobody", "viewer", "member", "lead", "manager", "platform", "admin")
ALL = dict.fromkeys(ROLES, 200)


def _by_role(nobody, viewer, member, lead, manager, platform, admin):
    return dict(zip(ROLES, (nobody, viewer, member, lead, manager, platform, admin), strict=True))


@dataclass(frozen=True)
class Page:
    """Statuses by role, for the person's own place and another's. `data` makes it a POST; 302 is then "done"."""

    near: dict[str, int]
    far: dict[str, int] | None = None
    data: dict[str, Any] | None = None


PAGES = {
    # name: nobody, viewer, member, lead, manager, platform, admin
    "organisation": Page(_by_role(403, 200, 200, 200, 200, 200, 200)),
    "event-list": Page(_by_role(403, 403, 403, 403, 403, 200, 200)),
    "unit-detail": Page(
        _by_role(404, 200, 200, 200, 200, 200, 200), _by_role(404, 404, 200, 200, 200, 200, 200)
    ),
    "unit-create": Page(
        _by_role(404, 403, 403, 403, 302, 403, 302),
        _by_role(404, 404, 403, 403, 403, 403, 302),
        {"name": "New"},
    ),
    "unit-edit": Page(
        _by_role(404, 403, 403, 403, 302, 403, 302),
        _by_role(404, 404, 403, 403, 403, 403, 302),
        {"name": "New"},
    ),
    "unit-move": Page(
        _by_role(404, 403, 403, 403, 200, 403, 200), _by_role(404, 404, 403, 403, 403, 403, 200)
    ),
    "team-create": Page(
        _by_role(404, 403, 403, 403, 302, 403, 302),
        _by_role(404, 404, 403, 403, 403, 403, 302),
        {"name": "New"},
    ),
    "team-settings": Page(
        _by_role(404, 403, 403, 403, 302, 403, 302),
        _by_role(404, 404, 404, 404, 404, 403, 302),
        {"name": "New", "row_version": "1"},
    ),
    "team-move": Page(
        _by_role(404, 403, 403, 403, 200, 403, 200), _by_role(404, 404, 404, 404, 404, 403, 200)
    ),
    "team-archive": Page(
        _by_role(404, 403, 403, 403, 302, 403, 302), _by_role(404, 404, 404, 404, 404, 403, 302), {}
    ),
    "team-restore": Page(
        _by_role(404, 403, 403, 403, 302, 403, 302), _by_role(404, 404, 404, 404, 404, 403, 302), {}
    ),
    "team-members": Page(
        _by_role(404, 200, 200, 200, 200, 200, 200), _by_role(404, 404, 404, 404, 404, 200, 200)
    ),
    "person-list": Page(_by_role(403, 403, 403, 200, 200, 403, 200)),
    "person-create": Page(_by_role(403, 403, 403, 200, 200, 403, 200)),
    "person-detail": Page(_by_role(404, 404, 404, 200, 200, 404, 200)),
    "person-deactivate": Page(_by_role(404, 404, 404, 403, 403, 404, 302), data={}),
    "person-reactivate": Page(_by_role(404, 404, 404, 403, 403, 404, 302), data={}),
    "person-invite-again": Page(_by_role(404, 404, 404, 403, 403, 404, 200), data={}),
    "grant-revoke": Page(
        _by_role(404, 403, 403, 302, 302, 403, 302), _by_role(404, 404, 404, 404, 404, 403, 302), {}
    ),
    "token-list": Page(ALL),
    "token-create": Page(ALL),
    "service-token-create": Page(_by_role(403, 403, 403, 403, 403, 200, 200)),
    "token-revoke": Page(_by_role(404, 404, 404, 404, 404, 404, 302), data={}),
    "account-home": Page(ALL),
    "theme-set": Page(dict.fromkeys(ROLES, 302), data={"theme": "dark"}),
}
# What visitors may open; their own tests are in test_entrance.py.
OPEN = {"welcome", "setup", "demo-sign-in", "invitation", "account_reset_password"}


def test_every_page_is_in_the_table():
    names = {str(pattern.name) for pattern in (*urls.urlpatterns, *urls.account_urlpatterns)}
    assert names == set(PAGES) | OPEN


@dataclass(frozen=True)
class Place:
    unit: Unit
    team: Team
    somebody: User
    grant_pk: int
    token_pk: int


def _place() -> Place:
    team = make_team(unit=make_unit(parent=make_unit()))
    somebody = make_member(team)
    token, _ = create_token(name="t", scopes=["org:read"], owner=somebody, by=somebody, at=AT)
    return Place(team.unit, team, somebody, somebody.grants.get().pk, token.pk)


def _person(role: str, place: Place) -> User:
    return {
        "nobody": make_user,
        "viewer": lambda: make_viewer(place.unit),
        "member": lambda: make_member(place.team),
        "lead": lambda: make_lead(place.team),
        "manager": lambda: make_manager(place.unit),
        "platform": make_platform_engineer,
        "admin": make_admin,
    }[role]()


def _address(name: str, place: Place) -> str:
    args: list[Any] = []
    if name.startswith("unit-") or name == "team-create":
        args = [place.unit.slug]
    elif name.startswith("team-"):
        args = [place.team.slug]
    elif name in {"person-detail", "person-deactivate", "person-reactivate", "person-invite-again"}:
        args = [place.somebody.pk]
    elif name == "grant-revoke":
        args = [place.grant_pk]
    elif name == "token-revoke":
        args = [place.token_pk]
    return reverse(name if name in {"account-home", "theme-set"} else f"teams:{name}", args=args)


def _ask(client: Client, name: str, place: Place) -> int:
    data = PAGES[name].data
    address = _address(name, place)
    return client.get(address).status_code if data is None else client.post(address, data).status_code


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", list(PAGES))
def test_each_role_near_and_far(name, role):
    page = PAGES[name]
    root_unit()
    near, far = _place(), _place()
    client = sign_in(Client(), _person(role, near))
    got = (_ask(client, name, near), _ask(client, name, far))
    assert got == (page.near[role], (page.far or page.near)[role])


@pytest.mark.parametrize("name", list(PAGES))
def test_visitors_are_sent_to_the_sign_in_page_and_change_nothing(name):
    place = _place()
    address = _address(name, place)
    before = (Team.objects.values().get(), User.objects.count(), place.somebody.grants.count())
    answer = Client().get(address) if PAGES[name].data is None else Client().post(address, PAGES[name].data)
    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={address}")
    assert (Team.objects.values().get(), User.objects.count(), place.somebody.grants.count()) == before


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.data is not None])
def test_a_link_changes_nothing(name):
    """State changes by POST only: a GET is refused or shows the form."""
    place = _place()
    client = sign_in(Client(), make_admin())
    before = (
        Team.objects.values().get(),
        list(User.objects.values("is_active")),
        place.somebody.grants.count(),
    )
    assert client.get(_address(name, place)).status_code in {200, 405}
    after = (
        Team.objects.values().get(),
        list(User.objects.values("is_active")),
        place.somebody.grants.count(),
    )
    assert after == before


@pytest.mark.parametrize("name", list(PAGES))
def test_a_deactivated_person_is_out_with_the_next_request(name):
    place = _place()
    admin = make_admin()
    client = sign_in(Client(), admin)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert _ask(client, name, place) == 302


NEEDS_PROOF = {
    "person-deactivate",
    "person-reactivate",
    "person-invite-again",
    "token-create",
    "service-token-create",
}


@pytest.mark.parametrize("name", list(PAGES))
def test_what_needs_a_recent_sign_in_asks_for_it(name):
    place = _place()
    client = sign_in(Client(), make_admin(), is_recent=False)
    data = PAGES[name].data
    answer = client.get(_address(name, place)) if data is None else client.post(_address(name, place), data)
    asks = answer.status_code == 302 and answer["Location"].startswith("/account/reauthenticate/")
    assert asks is (name in NEEDS_PROOF)
    place.somebody.refresh_from_db()
    assert place.somebody.is_active is True


def test_an_invited_person_without_a_role_sees_only_the_own_account():
    person, _ = create_person(username="sam", full_name="Sam", by=None, at=AT)
    client = sign_in(Client(), person)
    assert client.get("/account/").status_code == 200
    assert client.get(f"/people/{person.pk}/").status_code == 200
    assert client.get("/people/").status_code == 403
