"""A team as a whole, over the API: the numbers of its page, and whether anything is known behind them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from assessments.models import MaturityModel, TeamScore
from teams.services.tokens import create_token
from tests.factories import make_manager, make_platform_engineer, make_team
from tests.insights.conftest import publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(api_of, team):
    return api_of(make_manager(team.unit), "results:read")


def score(api, team):
    return api.get(f"/api/v1/teams/{team.slug}/score/")


def service_of(*teams, scopes=("results:read",)):
    _, plain = create_token(
        name="ci", source="jenkins", teams=teams, scopes=scopes, by=None, at=timezone.now()
    )
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    return made


def test_the_numbers_are_those_that_are_stored(api, team):
    publish(team, "training", 1, 2)
    stored = TeamScore.objects.get()

    body = score(api, team).json()

    assert {name: body[name] for name in ("team", "maturity_model", "state")} == {
        "team": "forecasting",
        "maturity_model": "mlops-maturity/2",
        "state": "assessed",
    }
    assert [body[name] for name in ("verified", "level", "potential", "strict_level")] == [
        stored.verified,
        stored.level,
        stored.potential,
        stored.strict_level,
    ]
    assert [Decimal(str(body[name])) for name in ("score", "coverage")] == [stored.score, stored.coverage]
    assert body["is_provisional"] is True
    assert body["as_of"] == stored.as_of.isoformat().replace("+00:00", "Z")


def test_a_dimension_of_which_nothing_is_known_says_so(api, team):
    publish(team, "training", 1, 2)

    states = {one["dimension"]: one["state"] for one in score(api, team).json()["dimensions"]}

    # Training belongs to model creation.
    assert [name for name, state in states.items() if state == "assessed"] == ["creation"]
    assert set(states.values()) == {"assessed", "unassessed"}
    assert len(states) == 5


def test_a_team_that_was_never_scored_has_no_numbers(api, team):
    body = score(api, team).json()

    assert (body["state"], body["level"], body["potential"], body["dimensions"]) == (
        "unassessed",
        None,
        None,
        [],
    )


def test_without_a_maturity_model_nothing_is_known(api, team):
    MaturityModel.objects.update(is_active=False)

    body = score(api, team).json()

    assert (body["maturity_model"], body["state"]) == (None, "unassessed")


def test_a_service_token_reads_its_own_teams_only(team):
    other = make_team("Other")
    publish(team, "training", 1)
    publish(other, "training", 1)
    api = service_of(team)

    assert (score(api, team).status_code, score(api, other).status_code) == (200, 404)


def test_a_service_token_without_the_scope_reads_nothing(team):
    assert score(service_of(team, scopes=("measurements:write",)), team).status_code == 403


def test_who_may_not_see_results_does_not(api_of, team):
    assert score(api_of(make_platform_engineer(), "results:read"), team).status_code == 403


def test_it_takes_few_questions(api, team, django_assert_max_num_queries):
    publish(team, "training", 1, 2)
    score(api, team)

    with django_assert_max_num_queries(6):
        score(api, team)
