"""Connections over the API: how they stand, for who may see the teams that they feed, and nothing of a credential but its dates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Connection
from teams.services.tokens import create_token
from tests.factories import AT, make_admin, make_lead, make_manager, make_platform_engineer, make_team
from tests.integrations.conftest import RING
from tests.integrations.factories import TOKEN, make_connection, make_source
from tests.integrations.fakes import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fake_system(settings):
    settings.PORTAL_CONNECTORS, settings.PORTAL_KEYS = KINDS, RING


URL = "/api/v1/connections/"
READ = "connections:read"


@pytest.fixture
def connection(team):
    made = make_connection(name="Git")
    make_source(made, team)
    return made


def test_engineer_reads_how_each_one_stands(connection, api_of):
    now = timezone.now().replace(microsecond=0)
    Connection.objects.update(
        last_success_at=now - timedelta(days=1),
        last_failure="unreachable",
        last_failure_message="git could not be reached.",
        last_failure_at=now,
        next_due_at=now,
        found={"ends_at": (now + timedelta(days=10)).isoformat()},
        tested_at=now,
    )

    answer = api_of(make_platform_engineer(), READ).get(URL)

    def moment(at):
        return at.isoformat().replace("+00:00", "Z")

    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {
                "id": connection.pk,
                "name": "Git",
                "kind": "Fake Git",
                "host": "git.example.org",
                "state": "failing",
                "words": "git could not be reached.",
                "age": "stale",
                "last_success_at": moment(now - timedelta(days=1)),
                "interval_minutes": 360,
                "next_due_at": moment(now),
                "failure": "git could not be reached.",
                "failed_at": moment(now),
                "teams": 1,
                "blinded_criteria": 0,
                "requests_remaining": None,
                "requests_limit": None,
                "requests_reset_at": None,
                "credential_set_at": moment(AT),
                "credential_ends_at": moment(now + timedelta(days=10)),
                "need": "It cannot be read.",
            }
        ],
        "next": None,
        "prev": None,
    }
    assert TOKEN not in answer.content.decode()


def test_lead_and_manager_see_their_own_without_dates_of_the_credential(connection, team, api_of):
    other = make_connection(name="Elsewhere")
    make_source(other, make_team("Other"))

    for person in (make_lead(team), make_manager(team.unit)):
        items = api_of(person, READ).get(URL).json()["items"]
        assert [(one["name"], one["credential_set_at"]) for one in items] == [("Git", None)]


def test_service_token_sees_the_connections_of_its_teams(connection, team, client):
    make_source(make_connection(name="Elsewhere"), make_team("Other"))
    _, plain = create_token(
        name="monitor", source="monitor", teams=[team], scopes=[READ], by=make_admin(), at=timezone.now()
    )

    items = client.get(URL, headers={"Authorization": f"Bearer {plain}"}).json()["items"]

    assert [(one["name"], one["credential_set_at"]) for one in items] == [("Git", None)]


def test_without_the_scope_it_is_refused(connection, api_of):
    assert api_of(make_platform_engineer(), "org:read").get(URL).status_code == 403


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(rows, connection, team, api_of, django_assert_num_queries):
    for number in range(1, rows):
        make_source(make_connection(name=f"More {number}"), make_team(f"Of {number}"))
    api = api_of(make_platform_engineer(), READ)
    api.get(URL)

    # The token with its rights; connections, the maturity model, teams, unreadable signals.
    with django_assert_num_queries(5):
        assert len(api.get(URL).json()["items"]) == rows
