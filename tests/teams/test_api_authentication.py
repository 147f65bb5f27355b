"""How the API learns who acts, and that a view is closed unless it says what opens it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from teams.models import ApiToken
from teams.permissions import SCOPES
from teams.services.tokens import create_token, revoke_token
from tests.factories import make_lead, make_member, make_team

pytestmark = pytest.mark.django_db


def _personal(owner, *scopes):
    return create_token(
        name="laptop", scopes=scopes or ["results:read"], owner=owner, by=owner, at=timezone.now()
    )


class Results(APIView):
    policy: Any = "results.view"

    def get(self, request):
        return Response({"who": request.auth.name})

    def post(self, request):
        return Response({"who": request.auth.name})


class PushOnly(Results):
    policy = {"post": "measurement.push"}


class Nothing(Results):
    policy = None


class ScopeOnly(Results):
    policy = None
    scope = "org:read"


def _ask(view, plain="", method="get", query="", **headers):
    if plain:
        headers["HTTP_AUTHORIZATION"] = f"Bearer {plain}"
    request = getattr(APIRequestFactory(), method)(f"/x/{query}", **headers)
    return view.as_view()(request)


def test_a_good_token_gets_in_and_its_use_is_noted():
    lead = make_lead(make_team(), "lena")
    token, plain = _personal(lead)
    answer = _ask(Results, plain)
    assert (answer.status_code, answer.data) == (200, {"who": "Lena"})
    token.refresh_from_db()
    assert token.last_used_at is not None


def test_authentication_is_one_query(django_assert_num_queries):
    lead = make_lead(make_team())
    _, plain = _personal(lead, "org:read")
    _ask(ScopeOnly, plain)
    with django_assert_num_queries(1):  # the token with its owner; last use was written just now
        assert _ask(ScopeOnly, plain).status_code == 200


@pytest.mark.parametrize("flaw", ["none", "unknown", "malformed", "revoked", "expired", "owner gone"])
def test_a_wrong_token_is_401_with_one_sentence(flaw):
    lead = make_lead(make_team())
    token, plain = _personal(lead)
    if flaw == "revoked":
        revoke_token(token=token, by=lead, at=timezone.now())
    elif flaw == "expired":
        ApiToken.objects.update(expires_at=timezone.now())
    elif flaw == "owner gone":
        lead.is_active = False
        lead.save()
    sent = {"none": "", "unknown": plain[:-4] + "0000", "malformed": "mlp_x"}.get(flaw, plain)
    answer = _ask(Results, sent)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    if sent:
        assert "This token is unknown, revoked or expired." in str(answer.data)


def test_a_token_in_the_address_is_refused_even_beside_a_good_one():
    _, plain = _personal(make_lead(make_team()))
    for query in (f"?token={plain}", f"?q={plain}", "?access_token=x"):
        answer = _ask(Results, plain, query=query)
        assert answer.status_code == 400
        assert "Authorization header" in str(answer.data)


def test_a_token_over_plain_http_is_refused_where_https_is_the_rule(settings):
    settings.SECURE_SSL_REDIRECT = True
    _, plain = _personal(make_lead(make_team()))
    assert _ask(Results, plain).status_code == 403
    assert _ask(Results, plain, secure=True).status_code == 200


@pytest.mark.parametrize(
    ("view", "method", "scopes", "status"),
    [
        (Results, "get", ["results:read"], 200),
        (Results, "get", ["measurements:write"], 403),
        (PushOnly, "post", ["measurements:write"], 200),
        (PushOnly, "post", ["results:read"], 403),
        (PushOnly, "get", list(SCOPES), 403),
        (Nothing, "get", list(SCOPES), 403),
        (ScopeOnly, "get", ["org:read"], 200),
        (ScopeOnly, "get", ["results:read"], 403),
    ],
)
def test_a_view_is_closed_unless_it_names_what_opens_it(view, method, scopes, status):
    _, plain = _personal(make_lead(make_team()), *scopes)
    assert _ask(view, plain, method).status_code == status


def test_scope_alone_is_not_enough():
    _, plain = _personal(make_member(make_team()), "measurements:write")
    assert _ask(PushOnly, plain, "post").status_code == 403


def test_a_service_token_acts_under_its_own_name():
    _, plain = create_token(
        name="nightly", scopes=["results:read"], source="ci", teams=[make_team()], by=None, at=timezone.now()
    )
    assert _ask(Results, plain).data == {"who": "ci (token nightly)"}


def test_a_session_carries_all_rights_and_needs_the_csrf_token_to_write():
    lead = make_lead(make_team(), "lena")
    client = Client(enforce_csrf_checks=True)
    client.force_login(lead)

    def ask(method):
        request = getattr(RequestFactory(), method)("/x/")
        request.user, request.session = lead, client.session
        return Results.as_view()(request)

    assert ask("get").data == {"who": "Lena"}
    assert ask("post").status_code == 403
