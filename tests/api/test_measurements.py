"""POST /api/v1/measurements/: judged one by one, stored once, never for a foreign team."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from assessments.models import CriterionStatus, Measurement, Reading, Score, TeamScore, Verdict
from teams.models import Event
from teams.services.tokens import create_token, revoke_token
from tests.factories import make_admin, make_lead, make_team

pytestmark = pytest.mark.django_db
URL = "/api/v1/measurements/"
PUSH = "measurements:write"


@pytest.fixture
def api(api_of, lead):
    return api_of(lead, PUSH, "measurements:read")


def judged(response):
    return [(item["status"], item["code"]) for item in response.json()["items"]]


def counts():
    return Measurement.objects.count(), Event.objects.count()


def test_an_item_is_stored_under_its_sender(api, item, lead):
    response = api.post(URL, {"items": [item()]})

    assert (response.status_code, judged(response)) == (200, [("stored", "")])
    assert Measurement.objects.get().source == f"user:{lead.pk}"


def test_sent_twice_stored_once(api, item):
    api.post(URL, {"items": [item()]})
    before = counts()

    response = api.post(URL, {"items": [item(), item(value=7)]})

    assert judged(response) == [("duplicate", ""), ("conflict", "external_id_used")]
    assert counts() == before


@pytest.mark.parametrize(
    ("fields", "code", "detail"),
    [
        (
            {"signal": "repo.magic"},
            "unknown_signal",
            "There is no signal 'repo.magic'. GET /api/v1/signals/ lists them.",
        ),
        (
            # Far ahead: the table is made when tests are collected, which may be long before this one runs.
            {"observed_at": (timezone.now() + timedelta(days=1)).isoformat()},
            "observed_in_future",
            "observed_at is more than 5 minutes ahead. Check the sender's clock.",
        ),
        (
            {"team": "elsewhere"},
            "unknown_team",
            "There is no team 'elsewhere' that you may push for.",
        ),
        ({"team": "nowhere"}, "unknown_team", "There is no team 'nowhere' that you may push for."),
        ({"colour": "red"}, "invalid", "Unknown field 'colour'."),
        ({"value": "42"}, "invalid", "value: A number, true, false or null."),
        ({"value": None}, "value_or_reason", "Send either a value, or state unknown with a reason."),
        ({"state": "unknown"}, "value_or_reason", "Send either a value, or state unknown with a reason."),
        ({"window_days": 7}, "wrong_window", "ci.runs_30d looks at 30 days, not 7."),
        ({"external_id": ""}, "invalid", "external_id: This field may not be blank."),
        ({"value": True}, "wrong_type", "ci.runs_30d is a number."),
        ({"value": -1}, "out_of_range", "ci.runs_30d cannot be -1."),
        (
            {"value": None, "state": "unknown", "reason": "because"},
            "unknown_reason",
            "There is no reason 'because'. GET /api/v1/signals/ lists them.",
        ),
    ],
)
def test_bad_items_are_rejected_by_themselves_and_store_nothing(api, item, fields, code, detail):
    make_team("Elsewhere")
    before = counts()

    response = api.post(URL, {"items": [item(**fields)]})

    assert response.json()["items"] == [{"index": 0, "status": "rejected", "code": code, "detail": detail}]
    assert counts() == before


def test_a_bad_item_does_not_hold_up_its_neighbours(api, item):
    response = api.post(URL, {"items": [item(signal="x"), item(), 7]})

    assert [status for status, _ in judged(response)] == ["rejected", "stored", "rejected"]


def test_unknown_with_a_reason_is_stored_as_unknown(api, item):
    api.post(URL, {"items": [item(value=None, state="unknown", reason="unreachable")]})

    one = Measurement.objects.get()
    assert (one.state, one.value, one.reason) == ("unknown", None, "unreachable")


def test_dry_run_judges_and_stores_nothing(api, item):
    before = counts()

    response = api.post(f"{URL}?dry_run=true", {"items": [item(signal="repo.has_lockfile", value=True)]})

    assert judged(response) == [("stored", "")]
    assert counts() == before


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": {}}, [], {"items": [], "more": 1}])
def test_a_body_of_another_shape_is_refused(api, body):
    response = api.post(URL, body)

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert (
        response.json()["errors"][0]["pointer"] == "/items/0"
        or response.json()["errors"][0]["pointer"] == "/items"
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "The body is not JSON that can be used"),
        (b'{"items": [NaN]}', "The body is not JSON that can be used: NaN is no JSON number"),
        (
            b'{"items": 1, "items": 2}',
            "The body is not JSON that can be used: a key stands twice in one object",
        ),
        (b"[" * 30 + b"]" * 30, "The body is nested deeper than 20."),
    ],
)
def test_garbage_is_refused(api, body, detail):
    response = api.post(URL, body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["detail"].startswith(detail)


def test_too_many_items_are_refused(api, item):
    response = api.post(URL, {"items": [item()] * 501})

    assert response.json()["detail"] == "A list holds 501 items; 500 is the most. Send several requests."


def test_a_body_over_one_mebibyte_is_refused(api):
    response = api.post(URL, b'{"items": "' + b"x" * 1_048_577 + b'"}', content_type="application/json")

    assert response.status_code == 413


def test_a_service_token_pushes_for_its_teams_only(team, item):
    other = make_team("Other")
    _, plain = create_token(
        name="Jenkins", source="jenkins", teams=[team], scopes=[PUSH], by=make_admin(), at=timezone.now()
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")

    response = client.post(URL, {"items": [item(), item(team=other.slug)]})

    assert judged(response) == [("stored", ""), ("rejected", "unknown_team")]
    assert Measurement.objects.get().source == "service:jenkins"


def test_without_the_scope_nobody_pushes(api_of, lead, item):
    response = api_of(lead, "measurements:read").post(URL, {"items": [item()]})

    assert (response.status_code, Measurement.objects.count()) == (403, 0)


def test_a_batch_of_bad_items_leaves_no_trace(api, item, team):
    """Neither measurement nor reading, verdict, score or event: nothing was acknowledged."""
    make_team("Elsewhere")
    tables = (Measurement, Reading, Verdict, Score, TeamScore, CriterionStatus, Event)
    before = [table.objects.count() for table in tables]

    response = api.post(
        URL,
        {
            "items": [
                item(signal="repo.magic"),
                item(team="elsewhere"),
                item(observed_at=(timezone.now() + timedelta(days=1)).isoformat()),
            ]
        },
    )

    assert judged(response) == [
        ("rejected", "unknown_signal"),
        ("rejected", "unknown_team"),
        ("rejected", "observed_in_future"),
    ]
    assert [table.objects.count() for table in tables] == before


def test_without_a_token_nothing_is_stored(item):
    before = counts()

    response = APIClient().post(URL, {"items": [item()]})

    assert response.status_code == 401
    assert counts() == before


@pytest.mark.parametrize("kind", ["revoked", "expired", "owner gone"])
def test_a_token_that_has_ended_is_401_in_the_same_sentence(team, item, kind):
    lead = make_lead(team)
    at = timezone.now() - timedelta(days=2)
    token, plain = create_token(
        owner=lead, name="t", scopes=[PUSH], days=1 if kind == "expired" else 90, by=lead, at=at
    )
    if kind == "revoked":
        revoke_token(token=token, by=lead, at=timezone.now())
    if kind == "owner gone":
        type(lead).objects.filter(pk=lead.pk).update(is_active=False)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    before = counts()

    response = client.post(URL, {"items": [item()]})

    assert (response.status_code, response.json()["detail"]) == (
        401,
        "This token is unknown, revoked or expired.",
    )
    assert counts() == before


@pytest.mark.parametrize("token", ["mlp_00000000_" + "0" * 64, "nonsense", ""])
def test_a_wrong_token_is_401_in_one_sentence(item, token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    response = client.post(URL, {"items": [item()]})

    assert (response.status_code, response.json()["detail"]) == (
        401,
        "This token is unknown, revoked or expired.",
    )
    assert Measurement.objects.count() == 0


def test_measurements_are_listed_to_who_may_see_them(api, api_of, item, team):
    api.post(URL, {"items": [item()]})
    stranger = make_lead(make_team("Elsewhere"))

    assert [row["signal"] for row in api.get(URL).json()["items"]] == ["ci.runs_30d"]
    assert api_of(stranger, "measurements:read").get(URL, {"team": team.slug}).json()["items"] == []
