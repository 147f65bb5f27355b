"""can() and teams_visible_to() against the matrix file: every row, every role, own place and another's."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from teams import permissions
from teams.models import ApiToken, Role, Team, Unit, User
from teams.permissions import MATRIX, UnknownAction
from teams.permissions import Role as PermissionRole
from teams.queries.principals import Principal
from teams.queries.rights import (
    can,
    is_personal,
    nobody_else_can_review,
    rights_of,
    teams_visible_to,
    units_visible_to,
)
from teams.services.events import record_event
from tests.factories import (
    AT,
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
    sign_in,
)
from tests.teams import c6
from tests.teams.c6 import CELLS, COLUMNS, DIFFERENCES, spec_rows

pytestmark = pytest.mark.django_db
FILE = Path(permissions.__file__).with_name("authz_matrix.csv")


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


class TestMatrixIsTheSpec:
    """The file against SECURITY C6, row by row; each difference stands in `c6.py` with its reason."""

    def test_every_row_and_no_other(self):
        assert {row.number: row.what for row in MATRIX.values()} == {
            number: row.what for number, row in spec_rows().items()
        }
        assert len(MATRIX) == 65

    @pytest.mark.parametrize("number", spec_rows())
    def test_cells_scope_and_proof_are_those_of_the_spec(self, number):
        with FILE.open(encoding="utf-8", newline="") as file:
            (line,) = [line for line in csv.DictReader(file) if line["row"] == number]
        spec = spec_rows()[number]

        assert {column: line[column] for column in COLUMNS} == spec.cells
        assert (line["scope"], line["reauthentication"] == "yes") == (spec.scope, spec.needs_reauthentication)

    def test_each_difference_still_is_one(self):
        """A difference that the spec has taken over is struck from the list."""
        text = Path(c6.__file__).with_name("security_c6.md").read_text(encoding="utf-8")
        cells = {
            fields[0]: dict(zip(COLUMNS, fields[2:9], strict=True))
            for line in text.splitlines()
            if len(fields := [field.strip() for field in line.strip("|").split("|")]) == 10
        }

        assert [
            place
            for place, (cell, _) in DIFFERENCES.items()
            if CELLS.get(cells[place[0]][place[1]], "") == cell
        ] == []


COLUMN_OF = {
    PermissionRole.VIEWER: "VW",
    PermissionRole.MEMBER: "TM",
    PermissionRole.LEAD: "TL",
    PermissionRole.MANAGER: "UM",
    PermissionRole.PLATFORM: "CA",
    PermissionRole.ADMIN: "OA",
}


def _expected(role: PermissionRole) -> dict[str, tuple[bool, bool, bool]]:
    """By row: on the own team, on one of a unit below, on one elsewhere; from the spec's cells, not from our reader."""
    expected = {}
    for number, spec in spec_rows().items():
        reach, *conditions = spec.cells[COLUMN_OF[role]].split()
        is_public = spec.cells["AN"] == "O"
        is_about_oneself = {spec.cells[column] for column in COLUMN_OF.values()} == {"S"}
        if is_public or is_about_oneself:
            expected[number] = (True, True, True)
        elif reach in {"-", "S"} or {"assigned", "off_by_default"} & set(conditions):
            expected[number] = (False, False, False)
        elif reach == "O" or role in {PermissionRole.PLATFORM, PermissionRole.ADMIN}:
            # These two hold their role on the whole organisation.
            expected[number] = (True, True, True)
        else:
            expected[number] = (True, role in {PermissionRole.VIEWER, PermissionRole.MANAGER}, False)
    return expected


@pytest.mark.parametrize("role", list(PermissionRole))
def test_every_row_reaches_as_far_as_the_spec_says(role):
    """For each row an allowed call where the role is allowed, a denied one where not, and the same role from elsewhere."""
    own = make_team()
    below, elsewhere = make_team(unit=make_unit(parent=own.unit)), make_team()
    rights = rights_of(_holder(role, own))

    got = {
        row.number: tuple(rights.can(action, team) for team in (own, below, elsewhere))
        for action, row in MATRIX.items()
    }

    assert got == _expected(role)


@pytest.mark.parametrize("role", list(PermissionRole))
def test_every_row_on_units_reaches_down_and_not_up_or_sideways(role):
    own = make_team()
    below, above, elsewhere = make_unit(parent=own.unit), root_unit(), make_unit()
    rights = rights_of(_holder(role, own))
    holds_unit = role in {PermissionRole.VIEWER, PermissionRole.MANAGER}
    for number, (near, _, far) in _expected(role).items():
        action = next(row.action for row in MATRIX.values() if row.number == number)
        wanted = (near and holds_unit) or far
        assert rights.can(action, own.unit) is wanted, action
        assert rights.can(action, below) is wanted, action
        assert rights.can(action, above) is far, action
        assert rights.can(action, elsewhere) is far, action


@pytest.mark.parametrize("role", list(PermissionRole))
def test_lists_and_single_answers_agree_on_every_row(role, django_assert_num_queries):
    """`teams_visible_to` asks the database, `can` asks memory; rows about no team (public, personal) have no list."""
    own = make_team()
    teams = [own, make_team(unit=own.unit), make_team(unit=make_unit(parent=own.unit)), make_team()]
    units = list(Unit.objects.order_by("path"))
    person = _holder(role, own)
    rights = rights_of(person)
    for action, row in MATRIX.items():
        if row.is_public or is_personal(row):
            continue
        with django_assert_num_queries(1):
            listed = list(teams_visible_to(person, action).order_by("pk"))
        assert listed == [team for team in teams if rights.can(action, team)], action
        assert list(units_visible_to(person, action).order_by("path")) == [
            unit for unit in units if rights.can(action, unit)
        ], action


@pytest.mark.parametrize("action", sorted(MATRIX))
def test_visitors_and_people_without_a_role_get_what_the_spec_gives_everybody(action):
    row = MATRIX[action]
    team = make_team()
    for nobody in (None, AnonymousUser()):
        assert can(nobody, action, team) is row.is_public
    assert can(make_user(), action, team) is (row.is_public or is_personal(row))
    assert list(teams_visible_to(make_user(), action)) == []


def test_nobody_reviews_the_team_that_they_are_in():
    """Even an administrator or manager who is also a member: a reviewer comes from outside the team."""
    team, other = make_team(), make_team()
    for person in (make_admin(), make_manager(team.unit), make_lead(other)):
        assert can(person, "review.override", team, assigned=True) is True
        grant(person, Role.MEMBER, team)
        assert can(person, "review.override", team, assigned=True) is False
    assert can(make_member(team), "review.override", team, assigned=True) is False
    assert can(make_member(team), "review.return", team, assigned=True) is False
    assert can(make_member(team), "review.return", other, assigned=True) is True


def test_the_log_of_a_platform_engineer_is_that_of_connections():
    engineer, admin = make_platform_engineer(), make_admin()
    assert rights_of(engineer).is_limited("event.view", "connections_only") is True
    assert rights_of(admin).is_limited("event.view", "connections_only") is False
    grant(engineer, Role.ADMIN)
    assert rights_of(engineer).is_limited("event.view", "connections_only") is False
    assert rights_of(make_user()).is_limited("event.view", "connections_only") is False


def test_the_log_tells_nobody_what_a_team_says_inside(client):
    team = make_team("Forecasting")
    for action, after in (
        ("answer.record", {"criterion": "training.one_command", "value": "no", "note": "Hidden words"}),
        ("connection.pause", {"reason": "Moving house"}),
    ):
        record_event(at=AT, by=None, actor_name="Ada", action=action, obj=team, team=team, after=after)

    def seen(person):
        page = sign_in(client, person).get(reverse("teams:event-list"))
        return [(row.header, row.cells[3]) for row in page.context["rows"] if row.cells[2] == "Forecasting"]

    assert seen(make_admin()) == [
        ("Connection paused", "reason: Moving house"),
        ("Answer given", "criterion: training.one_command"),
    ]
    assert seen(make_platform_engineer()) == [("Connection paused", "reason: Moving house")]


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
