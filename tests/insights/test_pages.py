"""Heatmap and progress as owner, member and stranger."""

from __future__ import annotations

import pytest
from django.urls import reverse

from assessments.models import TeamWeek, UnitWeek
from assessments.services.weeks import record_weeks
from tests.factories import AT, make_admin, make_manager, make_member, make_team, make_unit, make_user
from tests.insights.conftest import publish

pytestmark = pytest.mark.django_db
HEATMAP = "/heatmap/"
PROGRESS = "/progress/"


@pytest.fixture
def as_user(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


class TestHeatmap:
    def test_a_manager_sees_the_teams_of_the_unit_and_no_others(self, as_user, manager, teams):
        page = as_user(manager).get(HEATMAP).content.decode()

        assert [name in page for name in ("Alpha", "Beta", "Gamma", "Delta", "Elsewhere")] == [True] * 4 + [
            False
        ]
        assert "3 of 4 teams have a current result." in page

    def test_a_member_sees_their_own_team(self, as_user, teams):
        page = as_user(make_member(teams[0])).get(HEATMAP).content.decode()

        assert ("Alpha" in page, "Beta" in page) == (True, False)

    def test_a_stranger_sees_no_team(self, as_user, teams):
        page = as_user(make_user()).get(HEATMAP).content.decode()

        assert "No team to show" in page
        assert "Alpha" not in page

    def test_a_visitor_is_sent_to_sign_in(self, client, teams):
        assert client.get(HEATMAP).headers["Location"] == f"{reverse('account_login')}?next={HEATMAP}"

    def test_a_foreign_unit_in_the_address_is_no_choice(self, as_user, manager, teams):
        response = as_user(manager).get(HEATMAP, {"unit": "logistics"})

        assert response.status_code == 404
        assert "Elsewhere" not in response.content.decode()

    def test_21_capabilities(self, as_user, manager, teams):
        page = as_user(manager).get(HEATMAP, {"columns": "capabilities"}).content.decode()

        assert page.count("data-column=") == 21

    def test_panel_of_a_cell_leads_to_the_reasons(self, as_user, manager, teams):
        page = as_user(manager).get(
            "/heatmap/cell/", {"row": "alpha", "column": "training", "columns": "capabilities"}
        )

        assert "Level 2, verified 0, up to 4." in page.content.decode()
        assert reverse("assessments:capability-detail", args=["alpha", "training"]) in page.content.decode()

    @pytest.mark.parametrize(
        "query", [{"row": "elsewhere", "column": "people"}, {"row": "alpha", "column": "x"}, {}]
    )
    def test_panel_of_what_is_not_there_is_404(self, as_user, manager, teams, query):
        assert as_user(manager).get("/heatmap/cell/", query).status_code == 404

    def test_csv_has_the_same_numbers_and_runs_no_formula(self, as_user, manager, unit, teams):
        make_team("=cmd()", slug="evil", unit=unit)

        text = (
            as_user(manager)
            .get("/heatmap/heatmap.csv", {"columns": "capabilities"})
            .content.decode("utf-8-sig")
        )

        assert "Alpha" in text
        assert "'=cmd()" in text
        assert "Elsewhere" not in text

    @pytest.mark.parametrize("count", [1, 3, 10])
    @pytest.mark.parametrize("query", ["", "?columns=capabilities", "?unit=commerce"])
    def test_queries_are_the_same_at_1_3_and_10_teams(
        self, as_user, manager, unit, count, query, django_assert_num_queries
    ):
        for n in range(count):
            publish(make_team(f"Team {n}", unit=unit), "training", 1)
        client = as_user(manager)
        client.get(f"{HEATMAP}{query}")

        # Session, user; then grants, units of the filter, the matrix with its maturity model. The chosen unit is one more.
        with django_assert_num_queries(6 if "unit" in query else 5):
            assert client.get(f"{HEATMAP}{query}").status_code == 200


class TestProgress:
    def test_unit_of_a_manager(self, as_user, manager, unit, teams):
        record_weeks(at=AT)
        page = as_user(manager).get(PROGRESS, {"weeks": "260"}).content.decode()

        assert "3 of 4 teams have a current result" in page
        assert "Show as table" in page
        assert "Elsewhere" not in page

    def test_team_with_what_changed_and_why(self, as_user, manager, teams):
        page = as_user(manager).get(PROGRESS, {"team": "alpha", "weeks": "260"}).content.decode()

        assert "Level 0 (verified 0, up to " in page
        assert "because an assessment was published" in page

    def test_a_member_without_unit_sees_their_team(self, as_user, teams):
        page = as_user(make_member(teams[1])).get(PROGRESS).content.decode()

        assert "<h1>Progress of Beta</h1>" in page

    def test_a_foreign_team_is_404(self, as_user, manager, teams):
        assert as_user(manager).get(PROGRESS, {"team": "elsewhere"}).status_code == 404

    def test_a_stranger_sees_nothing(self, as_user, teams):
        assert "No team to show" in as_user(make_user()).get(PROGRESS).content.decode()

    def test_empty_organisation(self, as_user, maturity_model):
        page = as_user(make_admin()).get(PROGRESS).content.decode()

        assert page.count("No week is recorded yet in this period") == 1

    def test_csv_of_a_team(self, as_user, manager, teams):
        text = (
            as_user(manager)
            .get("/progress/progress.csv", {"team": "alpha", "weeks": "260"})
            .content.decode("utf-8-sig")
        )

        assert text.startswith("Week to,Level,Verified,Up to,")
        assert len(text.splitlines()) == 3

    def test_csv_of_a_stranger_is_404(self, as_user, teams):
        assert as_user(make_user()).get("/progress/progress.csv").status_code == 404


def test_history_of_five_years_costs_the_same_queries(as_user, manager, teams, django_assert_num_queries):
    client = as_user(manager)
    client.get(PROGRESS, {"team": "alpha"})

    for weeks in ("13", "260"):
        with django_assert_num_queries(10):
            client.get(PROGRESS, {"team": "alpha", "weeks": weeks})


def test_weeks_are_written_once(teams, unit):
    before = (TeamWeek.objects.count(), UnitWeek.objects.count())
    record_weeks(at=AT)

    assert (TeamWeek.objects.count(), UnitWeek.objects.count()) == before
    row = UnitWeek.objects.filter(unit=unit).latest("week_on")
    assert (row.teams, row.counted, row.level, row.distribution) == (4, 3, 0, [3, 0, 0, 0, 0])


def test_too_few_teams_have_no_level(maturity_model):
    team = make_team(unit=make_unit("Small"))
    publish(team, "training", 1)
    record_weeks(at=AT)

    row = UnitWeek.objects.get(unit=team.unit)
    assert (row.level, row.reason) == (None, "too_few_teams")


def test_a_unit_of_two_teams_hides_how_many_stand_where(maturity_model, as_user):
    small = make_unit("Small")
    for name in ("First", "Second"):
        publish(make_team(name, unit=small), "training", 1)
    record_weeks(at=AT)
    client = as_user(make_manager(small))
    page = client.get(PROGRESS, {"unit": small.slug}).content.decode()
    rows = client.get("/progress/progress.csv", {"unit": small.slug}).content.decode().splitlines()

    assert page.count(">hidden<") == 5
    assert rows[1].split(",")[2:9] == ["2", "2", "hidden", "hidden", "hidden", "hidden", "hidden"]
