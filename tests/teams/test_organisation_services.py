"""Units and teams: made, moved, archived, each with its event; rights are asked for at both ends of a move."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.db import IntegrityError

from teams.models import Grant, Role, Team, Unit, User
from teams.services.organisation import (
    MovesIntoItself,
    OrganisationExists,
    create_organisation,
    create_unit,
    move_unit,
    rename_unit,
    set_up_portal,
)
from teams.services.refusal import NotAllowed
from teams.services.teams import (
    StaleTeam,
    archive_team,
    create_team,
    move_team,
    rename_team,
    restore_team,
    set_team_flags,
)
from tests.factories import (
    AT,
    events,
    grant,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_unit,
    root_unit,
)

pytestmark = pytest.mark.django_db


def _log():
    return list(events().order_by("pk").values_list("action", "object_kind", "actor_name"))


def test_set_up_makes_the_organisation_and_its_administrator():
    person = set_up_portal(
        organisation="Acme", username="ada", full_name="Ada", password="a long enough phrase", at=AT
    )
    root = Unit.objects.get()
    assert (root.name, root.slug, root.depth) == ("Acme", "acme", 1)
    assert list(Grant.objects.values_list("user", "role", "unit")) == [(person.pk, Role.ADMIN, root.pk)]
    assert person.check_password("a long enough phrase") is True
    assert _log() == [
        ("organisation.create", "unit", "the portal"),
        ("person.create", "user", "the portal"),
    ]


def test_set_up_is_refused_when_anybody_is_here():
    make_admin("first")
    with pytest.raises(OrganisationExists):
        set_up_portal(organisation="Other", username="eve", full_name="Eve", password="x" * 20, at=AT)
    assert list(User.objects.values_list("username", flat=True)) == ["first"]
    assert Unit.objects.count() == 1


def test_a_second_organisation_is_refused():
    root_unit()
    with pytest.raises(OrganisationExists):
        create_organisation(name="Other", at=AT)
    assert Unit.objects.count() == 1


def test_units_of_the_same_name_get_addresses_of_their_own():
    admin = make_admin()
    units = [create_unit(name="Data", parent=root_unit(), by=admin, at=AT) for _ in range(3)]
    assert [unit.slug for unit in units] == ["data", "data-2", "data-3"]
    assert [event[0] for event in _log()] == ["unit.create"] * 3


def test_a_name_without_letters_for_an_address_still_gets_one():
    assert create_unit(name="数据", parent=root_unit(), by=None, at=AT).slug == "unit"
    assert create_team(name="new", unit=root_unit(), by=None, at=AT).slug == "new-2"


def test_a_manager_makes_units_below_and_not_beside():
    mine, other = make_unit(), make_unit()
    manager = make_manager(mine)
    assert create_unit(name="Below", parent=mine, by=manager, at=AT).depth == 3
    with pytest.raises(NotAllowed):
        create_unit(name="Beside", parent=other, by=manager, at=AT)
    assert Unit.objects.filter(name="Beside").exists() is False


def test_moving_a_unit_takes_all_below_along_and_rights_with_it():
    source, target = make_unit(), make_unit()
    moved = make_unit(parent=source)
    team = make_team(unit=make_unit(parent=moved))
    move_unit(unit=moved, parent=target, by=make_admin(), at=AT)
    assert list(Team.objects.under(Unit.objects.get(pk=target.pk))) == [team]
    assert list(Team.objects.under(Unit.objects.get(pk=source.pk))) == []
    event = events().get(action="unit.move")
    assert (event.before, event.after) == ({"parent": source.slug}, {"parent": target.slug})


@pytest.mark.parametrize("has_target", [True, False])
def test_moving_a_unit_asks_at_both_ends(has_target):
    source, target = make_unit(), make_unit()
    moved = make_unit(parent=source)
    # The manager of the unit itself, with or without the target, cannot take it from the unit above.
    manager = make_manager(target if has_target else source)
    grant(manager, Role.MANAGER, moved)
    with pytest.raises(NotAllowed):
        move_unit(unit=moved, parent=target, by=manager, at=AT)
    grant(manager, Role.MANAGER, source if has_target else target)
    move_unit(unit=moved, parent=target, by=manager, at=AT)
    assert Unit.objects.get_parent(Unit.objects.get(pk=moved.pk)) == target


def test_a_unit_cannot_lie_below_itself_nor_the_organisation_below_anything():
    top = make_unit()
    below = make_unit(parent=top)
    for unit, parent in ((top, below), (top, top), (root_unit(), top)):
        with pytest.raises(MovesIntoItself):
            move_unit(unit=unit, parent=parent, by=make_admin(), at=AT)
    assert events().count() == 0


def test_a_renamed_unit_keeps_its_address_and_its_children():
    unit = make_unit("Beta")
    make_unit("Gamma")
    child = make_unit(parent=unit)
    rename_unit(unit=unit, name="Zeta", by=make_admin(), at=AT)
    unit.refresh_from_db()
    child.refresh_from_db()
    assert (unit.name, unit.slug) == ("Zeta", "beta")
    assert child.path.startswith(unit.path)
    names = [u.name for u in Unit.objects.get_children(root_unit())]
    assert names == ["Gamma", "Zeta"]


def test_a_team_is_made_by_the_manager_of_its_unit_only():
    unit = make_unit()
    lead = make_lead(make_team(unit=unit))
    team = create_team(name="Fraud", unit=unit, description="Cards.", by=make_manager(unit), at=AT)
    assert (team.slug, team.description, team.row_version) == ("fraud", "Cards.", 1)
    for by in (lead, make_manager(make_unit())):
        with pytest.raises(NotAllowed):
            create_team(name="Other", unit=unit, by=by, at=AT)
    assert Team.objects.filter(name="Other").exists() is False


def test_a_stale_rename_is_refused_and_says_what_is_there_now():
    team = make_team("Fraud")
    admin = make_admin()
    rename_team(team=team, name="Cards", row_version=1, by=admin, at=AT)
    with pytest.raises(StaleTeam) as stale:
        rename_team(team=team, name="Payments", row_version=1, by=admin, at=AT)
    assert stale.value.current.name == "Cards"
    assert Team.objects.get().name == "Cards"
    assert events().filter(action="team.rename").count() == 1


def test_saving_the_same_name_writes_nothing():
    team = make_team("Fraud")
    rename_team(team=team, name="Fraud", by=make_admin(), at=AT)
    assert events().count() == 0
    assert Team.objects.get().row_version == 1


def test_moving_a_team_asks_at_both_ends():
    source, target = make_unit(), make_unit()
    team = make_team(unit=source)
    for place in (source, target):
        with pytest.raises(NotAllowed):
            move_team(team=team, unit=target, by=make_manager(place), at=AT)
    both = make_manager(source)
    grant(both, Role.MANAGER, target)
    assert move_team(team=team, unit=target, by=both, at=AT).unit == target
    assert events().get().before == {"unit": source.slug}


def test_flags_are_sorted_once_each_and_are_the_leads_to_set():
    team = make_team()
    lead = make_lead(team)
    assert set_team_flags(team=team, flags=["b", "a", "b"], by=lead, at=AT).flags == ["a", "b"]
    with pytest.raises(NotAllowed):
        set_team_flags(team=team, flags=[], by=make_member(team), at=AT)
    assert Team.objects.get().flags == ["a", "b"]
    assert events().get().after == {"flags": ["a", "b"]}


def test_an_archived_team_leaves_the_lists_and_comes_back():
    team = make_team()
    admin = make_admin()
    archive_team(team=team, by=admin, at=AT)
    assert list(Team.objects.active()) == []
    with pytest.raises(NotAllowed):
        restore_team(team=team, by=make_lead(team), at=AT)
    restore_team(team=team, by=admin, at=AT)
    assert list(Team.objects.active()) == [team]
    assert [event[0] for event in _log()] == ["team.archive", "team.restore"]


def test_a_change_without_its_event_is_undone():
    """An event needs its moment. Where it cannot be written, the change that it tells of must not be there either."""
    team = make_team("Fraud")
    admin = make_admin()
    with pytest.raises(IntegrityError):
        rename_team(team=team, name="Cards", by=admin, at=cast("Any", None))
    assert Team.objects.get().name == "Fraud"
    assert events().count() == 0
