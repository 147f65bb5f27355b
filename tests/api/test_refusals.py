"""Every refusal is one shape, whatever was asked, and how."""

from __future__ import annotations

import json

import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from assessments.models import Measurement
from tests.factories import AT, make_admin, make_manager, sign_in

pytestmark = pytest.mark.django_db
READ = ("org:read", "model:read", "results:read", "measurements:read", "measurements:write")
SHAPE = {"type", "title", "status", "code", "detail", "instance", "request_id", "errors"}


@pytest.fixture
def api(api_of, lead):
    return api_of(lead, *READ)


def problem(response, status):
    body = json.loads(response.content)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert set(body) == SHAPE
    assert (body["status"], body["request_id"]) == (status, response["X-Request-ID"])
    return body


@pytest.mark.parametrize("url", ["/api/v1/nowhere/", "/api/v1/teams", "/api/v1/", "/api/v1/teams/a/b/"])
def test_an_address_that_leads_nowhere(api, url):
    assert problem(api.get(url), 404)["detail"] == (
        "There is no such address. GET /api/v1/schema/ lists all of them; each ends in a slash."
    )


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_method_that_nobody_may_use_here(api, method):
    response = api.generic(method.upper(), "/api/v1/teams/")

    problem(response, 405)
    assert response["Allow"] == "GET, HEAD"


def test_a_method_is_refused_before_anybody_is_asked_who_they_are():
    assert problem(APIClient().post("/api/v1/teams/"), 405)["code"] == "method_not_allowed"


@pytest.mark.parametrize("url", ["/api/v1/teams/", "/api/v1/heatmap/", "/api/v1/schema/"])
def test_another_format_than_json(api, url):
    assert problem(api.get(url, HTTP_ACCEPT="application/xml"), 406)["code"] == "not_acceptable"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_a_body_that_is_not_json(api, kind):
    response = api.post("/api/v1/measurements/", b"<a/>", content_type=kind)

    assert problem(response, 415)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    ("url", "pointer", "detail"),
    [
        ("/api/v1/teams/?tem=x", "/tem", "Unknown parameter; known here: cursor, limit, unit."),
        ("/api/v1/teams/?unit=a&unit=b", "/unit", "Given more than once."),
        ("/api/v1/teams/?unit=%00", "/unit", "Holds a character that no name has."),
        ("/api/v1/teams/?format=json", "/format", "Unknown parameter; known here: cursor, limit, unit."),
        ("/api/v1/teams/?limit=0", "/limit", "A whole number from 1 to 200."),
        ("/api/v1/teams/?limit=201", "/limit", "A whole number from 1 to 200."),
        ("/api/v1/teams/?limit=1e2", "/limit", "A whole number from 1 to 200."),
        ("/api/v1/teams/?limit=" + "9" * 5000, "/limit", "A whole number from 1 to 200."),
        (
            "/api/v1/teams/?cursor=%C3%A9",
            "/cursor",
            "This cursor does not come from this list. Follow `next`.",
        ),
        (
            "/api/v1/teams/?cursor=cD0lMDA=",
            "/cursor",
            "This cursor does not come from this list. Follow `next`.",
        ),
        # p=abc, where the position is a number
        (
            "/api/v1/scores/?cursor=cD1hYmM=",
            "/cursor",
            "This cursor does not come from this list. Follow `next`.",
        ),
        (
            "/api/v1/measurements/?cursor=cD1hYmM=",
            "/cursor",
            "This cursor does not come from this list. Follow `next`.",
        ),
        (
            "/api/v1/measurements/?signal=ci.magic",
            "/signal",
            "There is no signal 'ci.magic'. GET /api/v1/signals/ lists them.",
        ),
    ],
)
def test_a_parameter_that_cannot_be_used(api, url, pointer, detail):
    (wrong,) = problem(api.get(url), 400)["errors"]

    assert (wrong["pointer"], wrong["detail"]) == (pointer, detail)


def test_an_unknown_capability_names_the_known_ones(api):
    (wrong,) = problem(api.get("/api/v1/scores/?capability=magic"), 400)["errors"]

    assert wrong["detail"].startswith("There is no capability 'magic'; there are: ")


@pytest.mark.parametrize("given", ["yes", "no", "2", ""])
def test_a_rehearsal_that_is_misspelt_stores_nothing(api, item, given):
    response = api.post(f"/api/v1/measurements/?dry_run={given}", {"items": [item()]})

    assert problem(response, 400)["errors"][0]["detail"] == "true or false."
    assert Measurement.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"value": 10**400}, "value: A number of this size cannot be stored."),
        ({"url": "ftp://files.example.org/a"}, "url: An http or https address without a user name in it."),
        (
            {"url": "https://me:secret@ci.example.org/"},
            "url: An http or https address without a user name in it.",
        ),
        ({"external_id": "a\x00b"}, "external_id: Null characters are not allowed."),
        ({"external_id": "\ud800"}, "external_id: Surrogate characters are not allowed: U+D800."),
        ({"observed_at": "0001-01-01T00:00:00+14:00"}, "observed_at: Datetime value out of range."),
    ],
)
def test_hostile_items_are_rejected_in_words(api, item, fields, detail):
    response = api.generic(
        "POST",
        "/api/v1/measurements/",
        json.dumps({"items": [item(**fields)]}).encode(),
        content_type="application/json",
    )

    assert [(one["code"], one["detail"]) for one in json.loads(response.content)["items"]] == [
        ("invalid", detail)
    ]
    assert Measurement.objects.count() == 0


def test_a_database_that_is_away_is_503_and_says_when_to_come_back(api):
    def away(*_args):
        raise OperationalError("server closed the connection, password=hunter2")

    with connection.execute_wrapper(away):
        response = api.get("/api/v1/signals/")

    assert "hunter2" not in response.content.decode()
    assert problem(response, 503)["code"] == "unavailable"
    assert response["Retry-After"] == "5"


def test_a_fault_of_ours_names_the_request_and_nothing_else(api):
    def broken(*_args):
        raise RuntimeError("hunter2")

    api.raise_request_exception = False
    with connection.execute_wrapper(broken):
        response = api.get("/api/v1/signals/", headers={"x-request-id": "seen-7"})

    body = problem(response, 500)
    assert (body["code"], body["request_id"]) == ("internal_error", "seen-7")
    assert "hunter2" not in response.content.decode()


@pytest.mark.parametrize(
    ("given", "is_kept"), [("ci-4711", True), ("x" * 65, False), ("a b", False), ("é", False)]
)
def test_the_request_id_comes_back(api, given, is_kept):
    response = api.get("/api/v1/me/", headers={"x-request-id": given})

    assert (response["X-Request-ID"] == given) is is_kept
    assert len(response["X-Request-ID"]) <= 64


def test_no_other_site_may_read_answers(api):
    response = api.get("/api/v1/me/", headers={"origin": "https://evil.example.org"})

    assert [name for name in response.headers if name.lower().startswith("access-control")] == []


def test_nothing_is_kept_by_caches_between(api):
    assert api.get("/api/v1/teams/")["Cache-Control"] == "private, no-cache"
    assert api.get("/api/v1/teams/?tem=x")["Cache-Control"] == "private, no-store"
    assert {"Authorization", "Cookie"} <= set(api.get("/api/v1/teams/")["Vary"].split(", "))


def test_a_browser_without_a_session_is_sent_to_sign_in(client, maturity_model):
    response = client.get("/api/v1/docs/", headers={"accept": "text/html,*/*"})

    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/api/v1/docs/")
    assert problem(client.get("/api/v1/docs/"), 401)["code"] == "not_authenticated"


def test_the_docs_page_has_no_script_or_style_of_its_own(client, maturity_model):
    sign_in(client, make_admin())

    page = client.get("/api/v1/docs/").content.decode()
    script = client.get("/api/v1/docs/?script=")

    assert [
        part for part in page.split("<script")[1:] if not part.split(">", 1)[1].startswith("</script>")
    ] == []
    assert script["Content-Type"] == "application/javascript"
    assert "/api/v1/schema/" in script.content.decode()


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/me/",
        "/api/v1/teams/",
        "/api/v1/signals/",
        "/api/v1/maturity-models/mlops-maturity/2/",
        "/api/v1/heatmap/",
        "/api/v1/scores/",
    ],
)
def test_what_has_not_changed_is_304(api, url):
    first = api.get(url)

    second = api.get(url, headers={"if-none-match": first["ETag"]})

    assert (second.status_code, second.content, second["ETag"]) == (304, b"", first["ETag"])


def test_what_has_changed_is_sent_again(api_of, lead, team):
    api = api_of(make_manager(team.unit), *READ)
    tag = api.get("/api/v1/teams/")["ETag"]
    team.name = "Renamed"
    team.save()

    response = api.get("/api/v1/teams/", headers={"if-none-match": tag})

    assert [row["name"] for row in json.loads(response.content)["items"]] == ["Renamed"]


def test_a_token_beyond_its_minute_is_told_when_to_go_on(api_of, lead, settings, item):
    settings.PORTAL_API_LIMITS = {"read": 2, "write": 1}
    api, other = api_of(lead, *READ), api_of(lead, *READ)

    answers = [api.get("/api/v1/me/") for _ in range(3)]

    assert [one["X-RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert (
        problem(answers[2], 429)["detail"]
        == "Too many requests. Wait as long as Retry-After says, then go on."
    )
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    # Writes and other tokens have budgets of their own.
    assert api.post("/api/v1/measurements/", {"items": [item(observed_at=AT.isoformat())]}).status_code == 200
    assert other.get("/api/v1/me/").status_code == 200


def test_head_is_get_without_its_body(api):
    response = api.head("/api/v1/measurements/")

    assert (response.status_code, response.content) == (200, b"")
