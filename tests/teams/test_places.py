"""Where somebody may do something: the quick answer for large readings is the answer of `teams_visible_to`."""

from __future__ import annotations

import random

import pytest
from django.utils import timezone

from teams.models import Role, Team
from teams.permissions import MATRIX, TEAM_ROLES, UNIT_ROLES
from teams.queries.bearer import bearer
from teams.queries.places import NOWHERE, Places, places_of
from teams.queries.principals import Principal
from teams.queries.rights import rights_of, teams_visible_to
from teams.services.tokens import create_token, token_digest
from tests.factories import AT, grant, make_admin, make_lead, make_team, make_unit, make_user, make_viewer

pytestmark = pytest.mark.django_db
ACTIONS = sorted(
    action
    for action, row in MATRIX.items()
    if row.scope and any(right.is_given for right in row.rights.values())
)


def _seen(rights, action):
    places = places_of(rights, action)
    return set() if places.is_nowhere else set(Team.objects.active().filter(places.where()))


@pytest.fixture
def teams():
    top = make_unit()
    middle = make_unit(parent=top)
    units = [top, middle, make_unit(parent=middle), make_unit()]
    made = [make_team(unit=unit) for unit in units for _ in range(2)]
    make_team(unit=middle, archived_at=AT)
    return made


@pytest.mark.parametrize("seed", range(6))
def test_places_are_those_of_the_subselect_whatever_is_granted(teams, seed):
    chance = random.Random(seed)
    person = make_user()
    for _ in range(chance.randrange(4)):
        if chance.random() < 0.5:
            grant(person, Role(chance.choice(sorted(TEAM_ROLES))), chance.choice(teams))
        else:
            grant(person, Role(chance.choice(sorted(UNIT_ROLES))), chance.choice(teams).unit)
    rights = rights_of(person)

    different = [
        action for action in ACTIONS if _seen(rights, action) != set(teams_visible_to(person, action))
    ]

    assert different == []


def test_a_token_sees_what_its_scopes_and_roles_give(teams):
    lead = make_lead(teams[0])
    _, plain = create_token(owner=lead, name="t", scopes=["results:read"], by=lead, at=timezone.now())
    principal = bearer(token_digest(plain))

    assert _seen(rights_of(principal), "heatmap.view") == {teams[0]}
    assert places_of(rights_of(principal), "team.edit") == NOWHERE


def test_a_service_token_sees_its_teams_and_never_the_organisation(teams):
    _, plain = create_token(
        source="ci", name="t", scopes=["results:read"], teams=teams[:2], by=None, at=timezone.now()
    )
    principal = bearer(token_digest(plain))

    assert principal is not None
    assert principal.is_service
    assert _seen(rights_of(principal), "heatmap.view") == set(teams[:2])


def test_places_below_another_are_left_out(teams):
    person = make_viewer(teams[0].unit)
    grant(person, Role.VIEWER, teams[2].unit)

    assert places_of(rights_of(person), "heatmap.view").paths == (teams[0].unit.path,)


def test_shape_and_values_make_the_places_again():
    places = Places(paths=("0001", "0002"), teams=(3, 5, 8))

    assert Places.shaped(places.shape, places.values) == places
    assert Places.shaped((True, 0, 0), ()).is_everywhere


def test_bearer_reads_token_owner_and_roles_in_one_query(teams, django_assert_num_queries):
    lead = make_lead(teams[0])
    grant(lead, Role.VIEWER, teams[0].unit)
    token, plain = create_token(owner=lead, name="t", scopes=["org:read"], by=lead, at=timezone.now())

    with django_assert_num_queries(1):
        principal = bearer(token_digest(plain))
        rights = rights_of(principal)
    assert principal is not None
    assert principal.token is not None
    assert (principal.token, principal.user, principal.scopes) == (token, lead, frozenset({"org:read"}))
    assert (principal.token.expires_at, principal.token.scopes) == (token.expires_at, ["org:read"])
    assert rights.held == rights_of(Principal(user=lead, token=token, scopes=principal.scopes)).held
    assert len(rights.held) == 2


def test_bearer_of_nobody_and_of_somebody_without_a_role():
    nobody = make_user()
    _, plain = create_token(owner=nobody, name="t", scopes=["org:read"], by=nobody, at=timezone.now())

    assert bearer(token_digest("mlp_unknown")) is None
    principal = bearer(token_digest(plain))
    assert principal is not None
    assert (principal.user, principal.roles, rights_of(principal).held) == (nobody, (), ())


def test_roles_taken_away_are_gone_with_the_next_request():
    admin = make_admin()
    _, plain = create_token(owner=admin, name="t", scopes=["results:read"], by=admin, at=timezone.now())
    make_team()
    assert places_of(rights_of(bearer(token_digest(plain))), "heatmap.view").is_everywhere

    admin.grants.all().delete()
    assert places_of(rights_of(bearer(token_digest(plain))), "heatmap.view") == NOWHERE
