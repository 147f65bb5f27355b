"""Schemathesis over the WSGI app: every operation, every role, no token, garbage; answers are held against the schema."""

from __future__ import annotations

import itertools
import time

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from teams.permissions import SCOPES
from teams.services.tokens import create_token
from tests.factories import (
    AT,
    make_admin,
    make_lead,
    make_manager,
    make_member,
    make_platform_engineer,
    make_team,
    make_unit,
    make_user,
    make_viewer,
)
from tests.insights.conftest import publish

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
WHO = ("nobody", "stranger", "viewer", "member", "lead", "manager", "platform", "admin", "service")
# Of the whole file on two cores; each operation gets as many cases as fit.
SECONDS = 24.0
CASES, FEWEST = 16, 5
FIXED = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def team(maturity_model):
    made = make_team("Demand planning", unit=make_unit("Commerce"))
    publish(made, "training", 1, 2)
    return made


@pytest.fixture
def headers(team):
    """Authorization by who asks; a service token and one of each role, with every scope there is."""
    people = {
        "stranger": make_user(),
        "viewer": make_viewer(team.unit),
        "member": make_member(team),
        "lead": make_lead(team),
        "manager": make_manager(team.unit),
        "platform": make_platform_engineer(),
        "admin": make_admin(),
    }
    now = timezone.now()
    plain = {
        who: create_token(owner=user, name="contract", scopes=SCOPES, by=user, at=now)[1]
        for who, user in people.items()
    }
    plain["service"] = create_token(
        name="push",
        source="jenkins",
        teams=[team],
        scopes=["measurements:write", "results:read"],
        by=people["admin"],
        at=now,
    )[1]
    # The WSGI client of schemathesis unpacks nothing; packed answers have tests of their own.
    unpacked = {"Accept-Encoding": "identity"}
    return {"nobody": unpacked} | {
        who: unpacked | {"Authorization": f"Bearer {token}"} for who, token in plain.items()
    }


@pytest.fixture
def kept_connection():
    """As Django's own test client does: the app must not close the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def schema(settings, kept_connection):
    settings.PORTAL_API_LIMITS = {"read": 1_000_000, "write": 1_000_000}
    description = SchemaGenerator(api_version="v1").get_schema(request=None, public=True)
    loaded = schemathesis.openapi.from_dict(description)
    loaded.app = get_wsgi_application()
    return loaded


def ask_everybody(operation, headers, statuses, *, until):
    asking = itertools.cycle(WHO)
    asked: list[str] = []
    takes_something = any(operation.iter_parameters()) or len(operation.body) > 0
    kinds = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes_something else [])]

    @FIXED
    @given(case=one_of([operation.as_strategy(kind) for kind in kinds]))
    def ask(case):
        # A busy machine asks less, never nothing.
        if len(asked) >= FEWEST and time.monotonic() > until:
            return
        asked.append(operation.label)
        response = case.call(headers=headers[next(asking)])
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()


def test_every_operation_keeps_its_word_to_everybody(schema, headers, team):
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 20
    statuses: dict[str, set[int]] = {operation.label: set() for operation in operations}
    began = time.monotonic()

    for number, operation in enumerate(operations, start=1):
        until = began + SECONDS * number / len(operations)
        ask_everybody(operation, headers, statuses[operation.label], until=until)

    assert {label for label, seen in statuses.items() if not seen} == set()
    assert set().union(*statuses.values()) >= {200, 400, 401, 403, 404}


def test_a_sound_question_is_answered_by_the_schema_to_everybody(schema, headers, team):
    """What garbage seldom reaches: 200 with rows in it, and the refusals of each role."""
    asked = {
        "measurements_push": {
            "items": [
                {
                    "team": team.slug,
                    "signal": "ci.runs_30d",
                    "value": 42,
                    "observed_at": AT.isoformat(),
                    "external_id": "1",
                }
            ]
        }
    }
    found = {}
    for operation in (one.ok() for one in schema.get_all_operations()):
        name = operation.definition.raw["operationId"]
        path = {
            "teams_read": {"slug": team.slug},
            "teams_score": {"slug": team.slug},
            "teams_trace": {"slug": team.slug},
            "units_read": {"slug": team.unit.slug},
            "assessments_read": {"id": team.assessments.get().pk},
        }.get(name, {"key": "mlops-maturity", "version": 2} if "{key}" in operation.path else {})
        query = {"team": team.slug} if name == "progress" else {}
        more = {"body": asked[name], "media_type": "application/json"} if name in asked else {}
        case = operation.Case(path_parameters=path, query=query, **more)
        for who in WHO:
            response = case.call(headers=headers[who])
            case.validate_response(response, checks=CHECKS)
            found[name, who] = response.status_code

    assert {who for (_, who), status in found.items() if status == 401} == {"nobody"}
    assert {name for (name, who), status in found.items() if who == "lead" and status != 200} == set()
    assert {name for (name, who), status in found.items() if who == "member" and status == 403} == {
        "measurements_push"
    }
    assert {name for (name, who), status in found.items() if who == "stranger" and status == 200} == {"me"}
