"""The trace over the API: what it says, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.models import Connection, Source, SourceFact
from tests.factories import AT, make_lead, make_manager, make_team

pytestmark = pytest.mark.django_db
RUN = "https://mlflow.example.org/#/experiments/1/runs/r1"


@pytest.fixture
def version(team):
    """A live version whose run names neither commit nor data."""
    connection = Connection.objects.create(
        name="MLflow", kind="mlflow", base_url="https://mlflow.example.org", next_due_at=AT, created_at=AT
    )
    source = Source.objects.create(connection=connection, team=team, created_at=AT)
    return SourceFact.objects.create(
        source=source,
        kind="version",
        key="churn/4",
        name="churn",
        number="4",
        happened_at=AT - timedelta(days=3),
        started_at=AT - timedelta(days=4),
        is_live=True,
        live_since_at=AT,
        has_run=True,
        run_id="r1",
        run_url=RUN,
        url="https://mlflow.example.org/#/models/churn/versions/4",
    )


def test_each_step_with_its_address_or_why_it_is_broken(team, lead, version, api_of):
    answer = api_of(lead, "measurements:read").get(f"/api/v1/teams/{team.slug}/trace/")

    def broken(kind, why):
        return {"kind": kind, "state": "broken", "text": "", "url": "", "at": None, "why": why}

    assert answer.json() == {
        "team": "forecasting",
        "versions": [
            {
                "name": "churn",
                "number": "4",
                "live_since": "2026-11-20T12:00:00Z",
                "is_whole": False,
                "hops": [
                    broken("deployment", "no system that deploys is connected"),
                    {
                        "kind": "version",
                        "state": "known",
                        "text": "churn version 4, registered 17 Nov 2026",
                        "url": "https://mlflow.example.org/#/models/churn/versions/4",
                        "at": "2026-11-17T12:00:00Z",
                        "why": "",
                    },
                    {
                        "kind": "run",
                        "state": "known",
                        "text": "r1",
                        "url": RUN,
                        "at": "2026-11-16T12:00:00Z",
                        "why": "",
                    },
                    broken("commit", "the run names no commit"),
                    broken("dataset", "the run names no training data with a digest"),
                ],
            }
        ],
        "why_none": "",
        "note": "This was read before. Now live versions were not read yet.",
        "read_at": None,
    }


def test_it_says_how_old_it_is(team, lead, version, api_of):
    Source.objects.update(last_read_at=AT - timedelta(days=17))

    answer = api_of(lead, "measurements:read").get(f"/api/v1/teams/{team.slug}/trace/")

    assert answer.json()["read_at"] == "2026-11-03T12:00:00Z"


def test_only_those_who_see_readings_see_it(team, lead, version, api_of):
    url = f"/api/v1/teams/{team.slug}/trace/"
    stranger = make_lead(make_team("Fraud"), "stan")

    def ask(person, scope="measurements:read", address=url):
        return api_of(person, scope).get(address).status_code

    assert ask(lead) == 200
    assert (ask(stranger), ask(make_manager(team.unit))) == (404, 403)
    assert ask(stranger, address="/api/v1/teams/nowhere/trace/") == 404
    assert ask(lead, "results:read") == 403
