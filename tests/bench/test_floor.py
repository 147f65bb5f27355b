"""Floor and portal are compared before they are timed: the floor is asked over the same database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from assessments.models import TeamScore
from assessments.services.weeks import record_weeks
from bench import floor
from bench.asking import Answer
from bench.measures.api import differences
from bench.measures.pages import assets
from teams.services.tokens import create_token
from tests.factories import AT, make_admin, make_team
from tests.insights.conftest import publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def ask_floor(monkeypatch):
    """Asks the floor with a connection of its own, as its process has one."""
    parts = connection.settings_dict
    url = (
        f"{floor.SQLITE}{parts['NAME']}"
        if connection.vendor == "sqlite"
        else f"postgresql://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    )
    monkeypatch.setattr(floor, "URL", url)

    def ask(path, query=""):
        body = floor.application({"PATH_INFO": path, "QUERY_STRING": query}, lambda *_: None)
        return Answer(200, {}, b"".join(body))

    yield ask
    floor._connection().close()
    del floor._local.connection


@pytest.fixture
def ask_portal(maturity_model):
    admin = make_admin()
    _, plain = create_token(owner=admin, name="b", scopes=["results:read"], by=admin, at=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")

    def ask(path):
        response = client.get(path)
        return Answer(response.status_code, {}, response.content)

    return ask


def test_equal_data_is_equal_and_a_changed_number_is_seen(ask_floor, ask_portal):
    team = make_team("Alpha")
    publish(team, "training", 1, 2)
    make_team("Nobody knows")
    record_weeks(at=AT)
    said = ask_portal("/api/v1/heatmap/")

    assert differences(ask_floor("/heatmap"), said) == ""

    score = TeamScore.objects.get()
    TeamScore.objects.update(cells=score.cells.replace('"level":[0', '"level":[1', 1))
    assert differences(ask_floor("/heatmap"), said) == "team alpha differs from the floor's alpha"

    make_team("Third")
    assert differences(ask_floor("/heatmap"), said) == "2 teams, the floor has 3"


def test_nothing_is_no_equal_data(ask_floor, ask_portal):
    assert differences(ask_floor("/heatmap"), ask_portal("/api/v1/heatmap/")) == "there is no team"


def test_assets_of_a_page_are_what_a_browser_fetches():
    page = """
        <link rel="icon" href="/static/i.svg"><link rel=stylesheet href=/static/a.css>
        <link rel="canonical" href="https://example.org/"><script src="/static/a.js" defer></script>
        <img src="data:image/svg+xml,x"><img src="https://cdn.example.org/x.png"><a href="/teams/">Teams</a>
        <script src="/static/a.js"></script>
    """

    assert assets(page) == ["/static/i.svg", "/static/a.css", "/static/a.js", "https://cdn.example.org/x.png"]
