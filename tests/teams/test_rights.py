"""can() and teams_visible_to() against the matrix file: every row, every role, own place and another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from teams.models import ApiToken, Role, Team, Unit, User
from teams.permissions import MATRIX, Reach, UnknownAction
from teams.permissions import Role as PermissionRole
from teams.queries.principals import Principal
from teams.queries.rights import can, nobody_else_can_review, rights_of, teams_visible_to, units_visible_to
from tests.factories import (
    AT,
    grant,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_unit,
    make_user,
    make_viewer,
    root_unit,
)

pytestmark = pytest.mark.django_db


def _holder(role: PermissionRole, team: Team) -> User:
    """A person who holds `role` where it can be held, nearest to `team`."""
    user = make_user()
    place: Unit | Team = team
    if role in {PermissionRole.VIEWER, PermissionRole.MANAGER}:
        place = team.unit
    if role in {PermissionRole.PLATFORM, PermissionRole.ADMIN}:
        place = root_unit()
    grant(user, Role(role.value), place)
    return user


@pytest.mark.parametrize("role", list(PermissionRole))
def test_every_row_reaches_as_far_as_the_matrix_says(role):
    own, other = make_team(), make_team()
    rights = rights_of(_holder(role, own))
    got, expected = {}, {}
    for action, row in MATRIX.items():
        right = row.rights[role]
        is_personal = all(r.reach is Reach.SELF for r in row.rights.values())
        plain = right.is_given and "assigned" not in right.conditions and right.reach is not Reach.SELF
        near = row.is_public or is_personal or plain
        far = row.is_public or is_personal or (plain and (right.reach is Reach.ORGANISATION))
        # A role on the root unit reaches everything below it, whatever its reach.
        far = far or (plain and role in {PermissionRole.PLATFORM, PermissionRole.ADMIN})
        expected[action] = (near, far)
        got[action] = (rights.can(action, own), rights.can(action, other))
    assert got == expected


def test_some_rows_by_hand():
    """The loop above reads the same file as the code; these are written out."""
    team = make_team()
    lead, member, manager = make_lead(team), make_member(team), make_manager(team.unit)
    other = make_team()
    assert [can(u, "answer.edit", team) for u in (lead, member, manager)] == [True, True, False]
    assert [can(u, "team.edit", team) for u in (lead, member, manager)] == [False, False, True]
    assert [can(u, "team.edit", other) for u in (lead, member, manager)] == [False, False, False]
    assert can(make_admin(), "answer.edit", team) is False
    assert can(make_admin(), "team.edit", other) is True
    assert can(make_viewer(team.unit), "results.view", team) is True
    assert can(make_viewer(team.unit), "draft.view", team) is False


def test_a_role_on_a_unit_reaches_down_and_not_up_or_sideways():
    top = make_unit()
    middle = make_unit(parent=top)
    below, above, beside = make_team(unit=make_unit(parent=middle)), make_team(unit=top), make_team()
    manager = make_manager(middle)
    assert [can(manager, "team.edit", t) for t in (below, above, beside)] == [True, False, False]
    assert [can(manager, "unit.edit", u) for u in (middle, top, below.unit)] == [True, False, True]
    assert list(teams_visible_to(manager)) == [below]


def test_a_visitor_an_inactive_person_and_nobody_see_nothing():
    team = make_team()
    gone = make_lead(team, is_active=False)
    for actor in (AnonymousUser(), None, gone):
        assert can(actor, "team.view", team) is False
        assert list(teams_visible_to(actor)) == []
        assert list(units_visible_to(actor)) == []
    assert can(None, "session.start") is True


def test_own_and_assigned_open_what_is_bound_to_them():
    team, other = make_team(), make_team()
    member = make_member(team)
    assert can(member, "evidence.delete", team) is False
    assert can(member, "evidence.delete", team, own=True) is True
    assert can(member, "evidence.delete", other, own=True) is False
    assert can(member, "review.override", other) is False
    assert can(member, "review.override", other, assigned=True) is True


def test_a_right_that_is_off_by_default_is_not_given():
    team = make_team()
    assert can(make_lead(team), "collection.run", team) is False


def test_a_person_without_a_role_edits_only_what_is_personal():
    person = make_user()
    assert can(person, "profile.edit") is True
    assert can(person, "maturity_model.view") is False


def test_an_unknown_action_is_refused_loudly():
    with pytest.raises(UnknownAction):
        can(make_user(), "team.paint")


@pytest.mark.parametrize(
    "action", ["heatmap.view", "team.view", "org.list", "measurement.view", "draft.view"]
)
def test_visible_teams_are_those_that_can_says(action):
    unit = make_unit()
    teams = [make_team(unit=unit), make_team(unit=make_unit(parent=unit)), make_team()]
    people = [make_lead(teams[0]), make_viewer(unit), make_manager(teams[1].unit), make_admin(), make_user()]
    for person in people:
        expected = [team for team in teams if can(person, action, team)]
        assert list(teams_visible_to(person, action).order_by("pk")) == expected


def test_visible_teams_leave_archived_ones_out_until_asked():
    team = make_team(archived_at=AT)
    lead = make_lead(team)
    assert list(teams_visible_to(lead)) == []
    assert list(teams_visible_to(lead, with_archived=True)) == [team]


def test_visible_teams_are_one_query_without_ids(django_assert_num_queries):
    unit = make_unit()
    for _ in range(3):
        make_team(unit=unit)
    manager = make_manager(unit)
    with django_assert_num_queries(1), CaptureQueriesContext(connection) as queries:
        assert len(teams_visible_to(manager)) == 3
    assert " UNION " not in queries[0]["sql"]


def test_a_person_with_two_roles_sees_each_team_once():
    team = make_team()
    lead = make_lead(team)
    grant(lead, Role.MEMBER, team)
    grant(lead, Role.VIEWER, team.unit)
    assert list(teams_visible_to(lead)) == [team]


def test_units_of_a_viewer_are_the_subtree_and_of_a_member_all():
    top = make_unit()
    inner = make_unit(parent=top)
    other = make_unit()
    team = make_team(unit=inner)
    assert set(units_visible_to(make_viewer(top))) == {top, inner}
    assert set(units_visible_to(make_member(team))) == {root_unit(), top, inner, other}


def _token(user=None, *, teams=(), scopes=()) -> Principal:
    digest = f"{ApiToken.objects.count():064d}"
    token = ApiToken.objects.create(
        name="t", prefix=digest[-8:], digest=digest, owner=user, source="" if user else "ci",
        created_at=AT, expires_at=AT + timedelta(days=90), scopes=list(scopes),
    )  # fmt: skip
    token.teams.set(teams)
    return Principal(user=user, token=token, scopes=frozenset(scopes))


def test_a_personal_token_needs_scope_and_role():
    team, other = make_team(), make_team()
    principal = _token(make_lead(team), scopes=["results:read"])
    assert can(principal, "results.view", team) is True
    assert can(principal, "results.view", other) is False  # no role
    assert can(principal, "answer.edit", team) is False  # no scope
    assert can(principal, "profile.edit") is False  # sessions only
    assert list(teams_visible_to(principal)) == [team]
    assert list(teams_visible_to(principal, "measurement.view")) == []


def test_a_service_token_reaches_its_listed_teams_only():
    team, other = make_team(), make_team()
    principal = _token(teams=[team], scopes=["measurements:write", "org:read"])
    assert can(principal, "measurement.push", team) is True
    assert can(principal, "measurement.push", other) is False
    assert can(principal, "org.list", other) is False
    assert list(teams_visible_to(principal, "org.list")) == [team]
    assert set(units_visible_to(principal)) == {root_unit(), team.unit}
    assert can(principal, "token.create_own") is False


def test_one_team_installation_has_nobody_else_to_review():
    team = make_team()
    lead = make_lead(team)
    grant(lead, Role.ADMIN)
    make_member(team)
    make_viewer(team.unit)
    assert nobody_else_can_review(team) is True


@pytest.mark.parametrize("reviewer", ["other lead", "manager", "admin"])
def test_somebody_outside_the_team_can_review(reviewer):
    team = make_team()
    make_lead(team)
    if reviewer == "other lead":
        make_lead(make_team())
    elif reviewer == "manager":
        make_manager(team.unit)
    else:
        make_admin()
    assert nobody_else_can_review(team) is False


def test_a_manager_of_another_unit_cannot_review():
    team = make_team()
    make_manager(make_unit())
    assert nobody_else_can_review(team) is True
