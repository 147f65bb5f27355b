"""What the API shows, to whom; and that it is what the pages show."""

from __future__ import annotations

import gzip

import brotli
import orjson
import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from assessments.models import TeamScore
from assessments.services.submission import start_assessment
from tests.factories import (
    AT,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_platform_engineer,
    make_team,
    make_user,
)
from tests.insights.conftest import publish

pytestmark = pytest.mark.django_db
READ = ("org:read", "model:read", "results:read", "assessments:read", "measurements:read")
LISTS = [
    "/api/v1/me/",
    "/api/v1/units/",
    "/api/v1/teams/",
    "/api/v1/maturity-models/",
    "/api/v1/maturity-models/mlops-maturity/2/",
    "/api/v1/signals/",
    "/api/v1/assessments/",
    "/api/v1/scores/",
    "/api/v1/heatmap/",
    "/api/v1/measurements/",
    "/api/v1/schema/",
]


@pytest.fixture
def published(team):
    publish(team, "training", 1, 2)
    return team


@pytest.fixture
def api(api_of, published):
    return api_of(make_manager(published.unit), *READ)


def test_heatmap_is_columnar_and_equals_what_is_stored(api, published):
    body = api.get("/api/v1/heatmap/").json()

    stored = orjson.loads(TeamScore.objects.get().cells)
    (row,) = body["teams"]
    assert {key: row[key] for key in stored} == stored
    assert (row["id"], row["unit"]) == (published.slug, published.unit.slug)
    assert len(body["columns"]) == len(row["level"]) == 21
    index = [column["id"] for column in body["columns"]].index("training")
    assert (row["level"][index], row["potential"][index]) == (2, 4)


def test_a_team_without_a_result_is_null_never_zero(api, published):
    make_team("Fresh", unit=published.unit)

    fresh = next(row for row in api.get("/api/v1/heatmap/").json()["teams"] if row["id"] == "fresh")

    assert (set(fresh["level"]), set(fresh["state"])) == ({None}, {1})


def test_names_outside_ascii_survive(api, published):
    make_team('Größe "7" 数据', slug="size", unit=published.unit)

    assert 'Größe "7" 数据' in [row["name"] for row in api.get("/api/v1/heatmap/").json()["teams"]]


def test_only_visible_teams_are_shown(api, published):
    foreign = make_team("Foreign")

    assert foreign.slug not in api.get("/api/v1/heatmap/").content.decode()
    assert [row["id"] for row in api.get("/api/v1/teams/").json()["items"]] == [published.slug]
    assert api.get(f"/api/v1/teams/{foreign.slug}/").status_code == 404
    assert api.get("/api/v1/progress/", {"team": foreign.slug}).status_code == 404
    assert api.get("/api/v1/heatmap/", {"unit": foreign.unit.slug}).status_code == 404


def test_scores_carry_the_three_numbers(api):
    rows = api.get("/api/v1/scores/", {"capability": "training"}).json()["items"]

    assert [(row["verified"], row["level"], row["potential"], row["score"]) for row in rows] == [
        (0, 2, 4, 2.0)
    ]


def test_progress_of_team_and_unit(api, published):
    points = api.get("/api/v1/progress/", {"team": published.slug, "weeks": "260"}).json()["points"]

    assert [point["level"] for point in points] == [0]
    assert api.get("/api/v1/progress/", {"unit": published.unit.slug}).json()["points"] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [({}, "/team/0"), ({"team": "a", "unit": "b"}, "/team/0"), ({"team": "a", "weeks": "0"}, "/weeks/0")],
)
def test_progress_wants_one_place_and_a_sane_period(api, query, pointer):
    response = api.get("/api/v1/progress/", query)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] in (pointer, pointer[:-2])


def test_drafts_are_for_the_team_alone(api_of, published, api):
    member = make_member(published)
    start_assessment(team=published, by=member, at=AT)

    own = api_of(member, *READ).get("/api/v1/assessments/").json()["items"]
    assert sorted(row["status"] for row in own) == ["draft", "published"]
    assert [row["status"] for row in api.get("/api/v1/assessments/").json()["items"]] == ["published"]


def test_maturity_model_has_everything(api):
    body = api.get("/api/v1/maturity-models/mlops-maturity/2/").json()

    assert (len(body["levels"]), len(body["dimensions"]), len(body["capabilities"])) == (5, 5, 22)
    assert sum(len(capability["criteria"]) for capability in body["capabilities"]) == 136
    assert len(api.get("/api/v1/signals/").json()["items"]) == 68


@pytest.mark.parametrize("url", LISTS)
def test_without_a_token_nobody_reads(maturity_model, url):
    response = APIClient().get(url)

    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("url", [url for url in LISTS if url not in ("/api/v1/me/", "/api/v1/schema/")])
def test_a_token_without_the_scope_is_refused(api_of, published, url):
    response = api_of(make_admin(), "audit:read").get(url)

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("url", LISTS)
def test_a_person_without_roles_reads_no_results(api_of, published, url):
    response = api_of(make_user(), *READ).get(url)

    assert published.name not in response.content.decode()


@pytest.mark.parametrize("url", [url for url in LISTS if "schema" not in url and "measurements" not in url])
def test_a_misspelt_filter_is_refused(api, url):
    assert api.get(url, {"tem": "x"}).status_code == 400


def test_pages_follow_next_and_lose_nothing(api, published):
    for n in range(5):
        make_team(f"Page {n}", unit=published.unit)
    seen, url = [], "/api/v1/teams/?limit=2"
    while url:
        body = api.get(url).json()
        seen += [row["id"] for row in body["items"]]
        url = body["next"]

    assert sorted(seen) == sorted({published.slug, *(f"page-{n}" for n in range(5))})
    assert len(seen) == 6


@pytest.mark.parametrize("more", [0, 2, 9])
def test_measurements_are_two_queries_at_1_3_and_10_teams(
    api_of, published, item, more, django_assert_num_queries
):
    engineer = api_of(make_platform_engineer(), "measurements:read")
    for n, team in enumerate([published, *(make_team(f"More {n}") for n in range(more))]):
        lead = api_of(make_lead(team), "measurements:write")
        lead.post("/api/v1/measurements/", {"items": [item(team=team.slug, value=n)]})
    engineer.get("/api/v1/measurements/")

    with django_assert_num_queries(2):
        assert len(engineer.get("/api/v1/measurements/").json()["items"]) == more + 1


@pytest.mark.parametrize("more", [0, 2, 9])
@pytest.mark.parametrize(
    ("url", "queries"),
    [
        # The token with its owner's roles is the first query of each.
        ("/api/v1/me/", 1),
        ("/api/v1/heatmap/", 2),
        ("/api/v1/progress/?team=forecasting", 2),
        ("/api/v1/progress/?unit={unit}", 4),
        ("/api/v1/units/", 2),
        ("/api/v1/teams/", 2),
        ("/api/v1/maturity-models/", 2),
        ("/api/v1/assessments/", 2),
        ("/api/v1/scores/", 2),
    ],
)
def test_queries_are_the_same_at_1_3_and_10_teams(
    api, published, more, url, queries, django_assert_num_queries
):
    for n in range(more):
        publish(make_team(f"More {n}", unit=published.unit), "training", 1)
    url = url.format(unit=published.unit.slug)
    api.get(url)

    with django_assert_num_queries(queries):
        assert api.get(url).status_code == 200


def test_heatmap_unchanged_is_304_without_a_body(api, published):
    first = api.get("/api/v1/heatmap/")

    again = api.get("/api/v1/heatmap/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])

    publish(published, "tracking", 1)
    changed = api.get("/api/v1/heatmap/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


def test_people_with_other_rights_have_other_tags(api, api_of, published):
    foreign = make_team("Foreign")

    seen = api.get("/api/v1/heatmap/")
    tag = seen["ETag"]
    other = api_of(make_manager(foreign.unit), *READ).get("/api/v1/heatmap/", HTTP_IF_NONE_MATCH=tag)
    assert (other.status_code, [row["id"] for row in other.json()["teams"]]) == (200, ["foreign"])
    assert seen["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("accepts", "encoding", "decode"),
    [
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
        ("identity", "", bytes),
    ],
)
def test_heatmap_is_the_same_in_every_encoding(api, accepts, encoding, decode):
    plain = api.get("/api/v1/heatmap/").json()

    for _ in range(2):
        sent = api.get("/api/v1/heatmap/", HTTP_ACCEPT_ENCODING=accepts)
        got = orjson.loads(decode(sent.content))
        assert (sent.get("Content-Encoding", ""), got["teams"]) == (encoding, plain["teams"])
        assert "Accept-Encoding" in sent["Vary"]


def test_schema_describes_every_route(api):
    schema = api.get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json").json()

    routes = {
        "/" + route.lstrip("/")
        for route in _routes(get_resolver("mlops_portal.api_v1").url_patterns, "/api/v1/")
        if not route.endswith(("schema/", "docs/", "/v1/"))
    }
    assert schema["openapi"] == "3.1.0"
    assert set(schema["paths"]) == {_named(route) for route in routes}
    ids = [one["operationId"] for path in schema["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))


def test_docs_page_is_for_those_who_may_read_the_schema(client, published):
    assert client.get("/api/v1/docs/").status_code == 401
    client.force_login(make_admin())
    assert client.get("/api/v1/docs/").status_code == 200


def _routes(patterns, prefix):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def _named(route):
    for kind in ("slug:", "int:"):
        route = route.replace(f"<{kind}", "{")
    return route.replace(">", "}").replace("{pk}", "{id}")
