"""Roles: who gives which, where; nobody their own; an administrator always stays."""

from __future__ import annotations

import pytest

from teams.models import Grant, Role
from teams.services.grants import (
    LastAdministrator,
    OwnRole,
    WrongPlace,
    grant_role,
    revoke_role,
)
from teams.services.refusal import NotAllowed
from tests.factories import (
    AT,
    events,
    grant,
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
)

pytestmark = pytest.mark.django_db

# Who may give which role on a team or unit of their own place, written out by hand from the matrix rows 38, 39, 42, 43.
MAY_GIVE = {
    "viewer": set(),
    "member": set(),
    "lead": {Role.MEMBER},
    "manager": {Role.MEMBER, Role.LEAD, Role.VIEWER},
    "platform": set(),
    "admin": set(Role),
}


@pytest.mark.parametrize("giver", list(MAY_GIVE))
@pytest.mark.parametrize("role", list(Role))
def test_who_gives_which_role(giver, role):
    team = make_team()
    by = {
        "viewer": lambda: make_viewer(team.unit),
        "member": lambda: make_member(team),
        "lead": lambda: make_lead(team),
        "manager": lambda: make_manager(team.unit),
        "platform": make_platform_engineer,
        "admin": make_admin,
    }[giver]()
    place = {"team": team} if role in {Role.MEMBER, Role.LEAD} else {"unit": team.unit}
    if role in {Role.PLATFORM, Role.ADMIN}:
        place = {"unit": root_unit()}
    someone = make_user()
    if role in MAY_GIVE[giver]:
        assert grant_role(user=someone, role=role, **place, by=by, at=AT).granted_by == by
        assert list(someone.grants.values_list("role", flat=True)) == [role]
    else:
        with pytest.raises(NotAllowed):
            grant_role(user=someone, role=role, **place, by=by, at=AT)
        assert list(someone.grants.all()) == []
        assert events().count() == 0


def test_a_lead_gives_roles_in_the_own_team_only():
    lead, other = make_lead(make_team()), make_team()
    with pytest.raises(NotAllowed):
        grant_role(user=make_user(), role=Role.MEMBER, team=other, by=lead, at=AT)


def test_a_role_is_held_where_it_belongs():
    unit, team, person = make_unit(), make_team(), make_user()
    for role, on_unit, on_team in (
        (Role.LEAD, unit, None),
        (Role.VIEWER, None, team),
        (Role.ADMIN, unit, None),
    ):
        with pytest.raises(WrongPlace):
            grant_role(user=person, role=role, unit=on_unit, team=on_team, by=None, at=AT)
    with pytest.raises(ValueError, match="one unit or on one team"):
        grant_role(user=person, role=Role.LEAD, team=team, unit=unit, by=None, at=AT)
    assert Grant.objects.count() == 0


def test_the_same_role_twice_is_one_grant_and_one_event():
    team, person = make_team(), make_user()
    first = grant_role(user=person, role=Role.MEMBER, team=team, by=None, at=AT)
    assert grant_role(user=person, role=Role.MEMBER, team=team, by=None, at=AT) == first
    event = events().get()
    assert (event.action, event.team, event.after) == (
        "role.grant",
        team,
        {"role": "member", "on": team.slug},
    )


def test_nobody_gives_themselves_a_role():
    team = make_team()
    manager = make_manager(team.unit)
    for role in (Role.MEMBER, Role.LEAD):
        with pytest.raises(OwnRole):
            grant_role(user=manager, role=role, team=team, by=manager, at=AT)
    admin = make_admin()
    with pytest.raises(OwnRole):
        grant_role(user=admin, role=Role.PLATFORM, unit=root_unit(), by=admin, at=AT)


def test_an_administrator_may_join_a_team_and_leave_it_and_it_is_logged():
    admin, team = make_admin(), make_team()
    for role in (Role.MEMBER, Role.LEAD):
        given = grant_role(user=admin, role=role, team=team, by=admin, at=AT)
        revoke_role(grant=given, by=admin, at=AT)
    assert list(events().order_by("pk").values_list("action", flat=True)) == ["role.grant", "role.revoke"] * 2


def test_nobody_takes_their_own_role_away():
    make_admin()
    admin = make_admin()
    own = admin.grants.get()
    with pytest.raises(OwnRole):
        revoke_role(grant=own, by=admin, at=AT)
    lead = make_lead(make_team())
    with pytest.raises(NotAllowed):
        revoke_role(grant=lead.grants.get(), by=lead, at=AT)
    assert Grant.objects.filter(pk=own.pk).exists() is True


def test_a_lead_removes_members_and_not_other_leads():
    team = make_team()
    lead, member, second = make_lead(team), make_member(team), make_lead(team)
    revoke_role(grant=member.grants.get(), by=lead, at=AT)
    with pytest.raises(NotAllowed):
        revoke_role(grant=second.grants.get(), by=lead, at=AT)
    assert member.grants.count() == 0
    assert second.grants.count() == 1


def test_the_last_administrator_stays():
    admin = make_admin()
    make_admin(is_active=False)
    with pytest.raises(LastAdministrator):
        revoke_role(grant=admin.grants.get(), by=None, at=AT)
    grant(make_user(), Role.ADMIN)
    revoke_role(grant=admin.grants.get(), by=None, at=AT)
    assert admin.grants.count() == 0
