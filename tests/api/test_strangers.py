"""What happens in a foreign team changes no byte of what a person's token can read, sums and trends included."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from assessments.services.measurements import Observed, record_measurements
from assessments.services.submission import start_assessment
from assessments.services.weeks import record_weeks
from teams.services.tokens import create_token
from tests.factories import (
    AT,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_unit,
    make_viewer,
)
from tests.insights.conftest import publish

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MAKE: dict[str, Any] = {
    "viewer": make_viewer,
    "member": make_member,
    "lead": make_lead,
    "manager": make_manager,
}
READ = ("org:read", "model:read", "results:read", "assessments:read", "measurements:read", "connections:read")


@pytest.fixture
def ours(maturity_model):
    unit = make_unit("Ours")
    teams = [make_team(f"Ours {n}", unit=unit) for n in range(3)]
    for team in teams:
        publish(team, "training", 1)
    return unit, teams


@pytest.fixture
def theirs(maturity_model):
    """Three foreign teams, so that a sum over their unit would show."""
    unit = make_unit("Theirs")
    return unit, [make_team(f"Theirs {n}", unit=unit) for n in range(3)]


def addresses(ours, theirs):
    (unit, teams), (foreign_unit, foreign_teams) = ours, theirs
    lists = [
        "me",
        "units",
        "teams",
        "maturity-models",
        "signals",
        "assessments",
        "scores",
        "measurements",
        "heatmap",
        "connections",
    ]
    yield from (f"/api/v1/{name}/" for name in lists)
    for team in (teams[0], foreign_teams[0]):
        yield f"/api/v1/teams/{team.slug}/"
        yield f"/api/v1/teams/{team.slug}/score/"
        yield f"/api/v1/teams/{team.slug}/trace/"
        yield f"/api/v1/progress/?team={team.slug}"
        yield from (f"/api/v1/{name}/?team={team.slug}" for name in ("assessments", "scores", "measurements"))
    for one in (unit, foreign_unit):
        yield f"/api/v1/units/{one.slug}/"
        yield f"/api/v1/teams/?unit={one.slug}"
        yield f"/api/v1/progress/?unit={one.slug}"
        yield f"/api/v1/heatmap/?unit={one.slug}"
    # The organisation as a whole is an aggregate over both.
    yield "/api/v1/progress/?unit=acme"
    yield "/api/v1/heatmap/?unit=acme"


def seen(api, urls):
    found = {}
    for url in urls:
        response = api.get(url)
        body = json.loads(response.content)
        for moving in ("as_of", "request_id"):
            body.pop(moving, None)
        found[url] = (response.status_code, body)
    return found


def live_through_a_week(teams):
    """Everything that can happen to a team: results, a draft, measurements, weeks."""
    for team in teams:
        lead = publish(team, "training", 1, 2, 3)
        publish(team, "tracking", 1)
        start_assessment(team=team, by=lead, at=AT)
        record_measurements(
            team=team,
            source="service:foreign",
            items=[Observed("ci.runs_30d", 4242, AT, external_id="foreign-1")],
            at=AT,
            by_name="foreign",
            immediate=True,
        )
    record_weeks(at=timezone.now() - timedelta(days=7))


@pytest.mark.parametrize("role", ["viewer", "member", "lead", "manager", "service"])
def test_a_foreign_team_changes_nothing_that_a_token_reads(role, ours, theirs, api_of):
    unit, teams = ours
    if role == "service":
        _, plain = create_token(
            name="push", source="jenkins", teams=[teams[0]], scopes=READ, by=None, at=timezone.now()
        )
        api = api_of(make_admin(), "org:read")
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    else:
        make = MAKE[role]
        api = api_of(make(unit if role in ("viewer", "manager") else teams[0]), *READ)
    urls = list(addresses(ours, theirs))
    record_weeks(at=timezone.now() - timedelta(days=7))
    before = seen(api, urls)

    live_through_a_week(theirs[1])

    assert seen(api, urls) == before
    # A test that nothing leaks must hold something that could: their manager sees it.
    foreign = seen(api_of(make_manager(theirs[0]), *READ), urls)
    url = f"/api/v1/scores/?team={theirs[1][0].slug}"
    assert (before[url][1]["items"], len(foreign[url][1]["items"])) == ([], 22)


@pytest.mark.parametrize("role", ["viewer", "member", "lead", "manager"])
def test_what_is_foreign_and_what_does_not_exist_are_told_alike(role, ours, theirs, api_of):
    unit, teams = ours
    make = MAKE[role]
    api = api_of(make(unit if role in ("viewer", "manager") else teams[0]), *READ)
    foreign = theirs[1][0].slug

    for shape in (
        "/api/v1/teams/{}/",
        "/api/v1/teams/{}/score/",
        "/api/v1/teams/{}/trace/",
        "/api/v1/progress/?team={}",
        "/api/v1/scores/?team={}",
    ):
        there, missing = seen(api, [shape.format(foreign)]), seen(api, [shape.format("no-such-team")])
        ((status, body),), ((other_status, other),) = there.values(), missing.values()
        body.pop("instance", None), other.pop("instance", None)
        assert (status, body) == (other_status, other)


@pytest.mark.parametrize(("teams", "distribution"), [(2, []), (3, [3, 0, 0, 0, 0])])
def test_a_unit_of_few_teams_shows_no_distribution(teams, distribution, maturity_model, api_of):
    unit = make_unit("Small")
    for n in range(teams):
        publish(make_team(f"Small {n}", unit=unit), "training", 1)
    record_weeks(at=timezone.now() - timedelta(days=7))

    response = api_of(make_viewer(unit), *READ).get("/api/v1/progress/?unit=small")

    assert [point["distribution"] for point in json.loads(response.content)["points"]] == [distribution]
