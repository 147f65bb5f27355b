"""A list costs the same number of queries with one row and with three: one for the token with its rights, one for the rows."""

from __future__ import annotations

import pytest

from assessments.services.measurements import Observed, record_measurements
from tests.factories import AT, make_manager, make_platform_engineer, make_team
from tests.insights.conftest import publish

pytestmark = pytest.mark.django_db
READ = ("org:read", "model:read", "results:read", "assessments:read", "measurements:read")


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("url", "count", "queries"),
    [
        ("/api/v1/units/", 2, 2),
        ("/api/v1/teams/", 1, 2),
        ("/api/v1/scores/?capability=training", 1, 3),  # and the active maturity model
        ("/api/v1/assessments/", 1, 2),
        ("/api/v1/measurements/", 1, 2),
    ],
)
def test_a_list_costs_the_same_whatever_its_length(
    url, count, queries, rows, team, api_of, django_assert_num_queries
):
    teams = [team, *(make_team(f"More {n}", unit=team.unit) for n in range(rows - 1))]
    for one in teams:
        publish(one, "training", 1)
        record_measurements(
            team=one,
            source="service:ci",
            items=[Observed("ci.runs_30d", 7, AT, external_id="1")],
            at=AT,
            by_name="ci",
            immediate=True,
        )
    owner = make_platform_engineer() if "measurements" in url else make_manager(team.unit)
    api = api_of(owner, *READ)
    api.get(url)

    with django_assert_num_queries(queries):
        items = api.get(url).json()["items"]

    # Units do not grow with teams: the organisation and the one unit.
    assert len(items) == (count if "units" in url else rows)
