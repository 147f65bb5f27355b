from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from teams.services.tokens import create_token
from tests.factories import AT, make_lead, make_team


@pytest.fixture
def team(maturity_model):
    return make_team("Forecasting")


@pytest.fixture
def lead(team):
    return make_lead(team)


@pytest.fixture
def api_of():
    """A client that carries a fresh token of this person with these scopes."""

    def client(user, *scopes):
        _, plain = create_token(owner=user, name="test", scopes=scopes, by=user, at=timezone.now())
        made = APIClient()
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
        return made

    return client


@pytest.fixture
def item(team):
    """A measurement that can be stored, with overrides."""

    def make(**fields):
        return {
            "team": team.slug,
            "signal": "ci.runs_30d",
            "value": 42,
            "observed_at": AT.isoformat(),
            "external_id": "run-1",
            **fields,
        }

    return make
