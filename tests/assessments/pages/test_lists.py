"""Home and the list of teams: what awaits a person, and nothing that is not theirs."""

from __future__ import annotations

import pytest

from assessments.models import Criterion
from assessments.services.answers import record_answer
from assessments.services.submission import start_assessment, submit_assessment
from tests.assessments.pages.conftest import SAID, publish, say
from tests.assessments.pages.reading import head, main, section
from tests.factories import AT, make_admin, make_lead, make_team

pytestmark = pytest.mark.django_db


class TestHome:
    def test_an_open_draft_is_the_one_thing_to_do(self, world, get):
        draft = start_assessment(team=world.team, by=world.lead, at=AT)

        page = get(world.lead, "/")

        # The five published answers stand; nothing is chosen for the team.
        assert head(page) == "Home Continue assessment Forecasting, Q4 2026: completed 0 of 130."
        assert section(page, "open") == (
            "What you have to do Forecasting, assessment Q4 2026 Draft Completed 0 of 130"
        )
        assert draft.answers.count() == 0

    def test_answers_of_an_overlay_are_extra(self, bare, get):
        draft = start_assessment(team=bare.team, by=bare.lead, at=AT)
        overlay = Criterion.objects.select_related("capability").get(slug="genai.prompts_versioned")
        record_answer(assessment=draft, criterion=overlay, value="yes", row_version=None, by=bare.lead, at=AT)

        assert "completed 0 of 130" in head(get(bare.lead, "/"))

    def test_in_review(self, world, get):
        draft = start_assessment(team=world.team, by=world.lead, at=AT)
        say(draft, world.lead, SAID)
        submit_assessment(assessment=draft, by=world.lead, at=AT)

        page = get(world.lead, "/")

        assert head(page) == "Home Check and publish Forecasting, Q4 2026 is in review."
        assert section(page, "open") == (
            "What you have to do Forecasting, assessment Q4 2026 In review "
            "Sent on 20 Nov 2026; answers are locked"
        )

    def test_last_result_of_each_own_team(self, world, get):
        make_team("Alpha", unit=world.unit)

        assert section(get(world.lead, "/"), "mine") == (
            "Your teams Where your teams stand now Team Unit Level Verified to possible Last result Open "
            "Forecasting Commerce Level 0 0 1 2 3 4 20 Nov 2026, not reviewed, provisional Nothing"
        )

    def test_nothing_to_do(self, world, get):
        assert head(get(world.lead, "/")) == "Home Open Forecasting Nothing waits for you."

    def test_a_team_without_a_result_starts(self, bare, get):
        assert head(get(bare.lead, "/")) == (
            "Home Start assessment Forecasting has no result yet. With the team it takes about 75 minutes."
        )

    def test_a_manager_goes_to_the_heatmap(self, world, get):
        make_team("Alpha", unit=world.unit)

        assert head(get(world.manager, "/")) == ("Home Open the heatmap You see 2 teams; 1 has a result.")

    def test_somebody_without_a_role(self, world, get, nobody):
        assert main(get(nobody, "/")) == (
            "Home You are not in a team yet Ask the lead of your team, or whoever invited you, for a role. "
            "What you may see appears here at once."
        )

    def test_first_steps_of_an_empty_organisation(self, maturity_model, get):
        admin = make_admin("ada")

        page = get(admin, "/")

        assert main(page) == (
            "Home Make a unit Your portal is ready. Four steps lead to the first picture. "
            "First steps Make a unit Not started A department, a product, a site "
            "Make a team Not started A team is what is assessed "
            "Invite people Not started Each gets a link that works once "
            "Connect a system Not started Teams can assess themselves without one"
        )

    def test_first_steps_go_on_where_they_are(self, bare, get):
        admin = make_admin("ada")

        assert "Connect a system" in main(get(admin, "/"))
        assert section(get(admin, "/"), "first").startswith(
            "First steps Make a unit Completed A department, a product, a site "
            "Make a team Completed A team is what is assessed Invite people Completed"
        )

    def test_first_steps_end_with_the_first_result(self, world, get):
        assert section(get(make_admin("ada"), "/"), "first") == ""

    @pytest.mark.parametrize("demo", [True, False])
    def test_the_demo_says_that_it_is_one(self, world, get, settings, demo):
        settings.PORTAL_DEMO = demo

        assert (section(get(world.lead, "/"), "demo") != "") is demo

    def test_a_visitor_goes_to_sign_in(self, world, get):
        assert get(None, "/").headers["Location"] == "/account/login/"

    def test_a_visitor_of_the_demo_or_of_an_empty_portal_is_welcomed(self, maturity_model, get, settings):
        assert get(None, "/").headers["Location"] == "/welcome/"
        make_admin("ada")
        settings.PORTAL_DEMO = True
        assert get(None, "/").headers["Location"] == "/welcome/"


class TestTeamList:
    def test_a_member_sees_the_own_team_alone(self, world, get):
        assert main(get(world.member, "/teams/")) == (
            "Teams You see 1 team. Part of a name Find Each team with its numbers as they are now "
            "Team Unit Level Verified to possible Last result Open "
            "Forecasting Commerce Level 0 0 1 2 3 4 20 Nov 2026, not reviewed, provisional Nothing "
            "verified by facts or evidence level, with your own answers possible, not yet known"
        )

    def test_without_a_result_and_with_a_draft(self, bare, get):
        start_assessment(team=bare.team, by=bare.lead, at=AT)

        assert "Forecasting Commerce No result yet Draft of Forecasting" in main(get(bare.lead, "/teams/"))

    def test_a_platform_engineer_sees_names_and_no_numbers(self, world, get):
        words = main(get(world.platform, "/teams/"))

        assert "Forecasting Commerce Results are for the team and its managers" in words
        assert "Level 0" not in words

    def test_find(self, world, get):
        make_team("Alpha", unit=world.unit)

        page = get(world.manager, "/teams/?q=ALPH")

        assert head(page) == "Teams Make a team 1 team matches “ALPH”."
        assert "Forecasting" not in main(page)

    def test_filtered_to_nothing_offers_all(self, world, get):
        page = get(world.manager, "/teams/?q=<b>zzz")

        assert main(page).endswith("No team matches “<b>zzz” Try a shorter part of the name. Show all teams")

    def test_no_team_at_all(self, world, get, nobody):
        assert main(get(nobody, "/teams/")) == (
            "Teams No team to show You see the teams that you belong to and those of the units that you have a "
            "role on. A lead or an administrator gives it."
        )

    def test_an_administrator_is_led_to_make_one(self, world, get):
        assert head(get(make_admin("ada"), "/teams/")) == "Teams Make a team You see 2 teams."

    def test_fifty_on_a_page(self, world, get):
        for number in range(51):
            make_team(f"Team {number:02}", unit=world.unit, slug=f"t{number}")

        first, second = get(world.manager, "/teams/"), get(world.manager, "/teams/?page=2")

        assert "1 to 50 of 52" in main(first)
        assert "51 to 52 of 52" in main(second)


class TestQueries:
    """PERFORMANCE P21, beside the two of session and user: the same for one team and for three."""

    def two_more(self, world):
        for name in ("Alpha", "Beta"):
            team = make_team(name, unit=world.unit)
            publish(team, make_lead(team), SAID)
            make_lead(team, f"also-{name.lower()}")

    @pytest.mark.parametrize(("path", "count"), [("/", 7), ("/teams/", 6)])
    def test_lists(self, world, get, client, django_assert_num_queries, path, count):
        get(world.manager, path)
        with django_assert_num_queries(count):
            client.get(path)
        self.two_more(world)
        with django_assert_num_queries(count):
            client.get(path)

    @pytest.mark.parametrize(
        ("rest", "count"),
        [
            ("", 12),
            ("capabilities/environment/", 13),
            ("criteria/environment.recorded_per_run/", 13),
            ("signals/repo.notebook_share/", 7),
        ],
    )
    def test_pages_of_a_team(self, world, get, client, django_assert_num_queries, rest, count):
        get(world.member, world.path(rest))
        with django_assert_num_queries(count):
            client.get(world.path(rest))
        publish(
            world.team, world.lead, {**SAID, "environment.dependencies_listed": "no"}, at=AT.replace(day=21)
        )
        publish(world.team, world.lead, SAID, at=AT.replace(day=22))
        moved = {"": 1, "capabilities/environment/": 1}.get(rest, 0)  # what a move was caused by
        with django_assert_num_queries(count + moved):
            client.get(world.path(rest))

    def test_the_maturity_model(self, world, get, client, django_assert_num_queries):
        get(world.member, "/model/")
        with django_assert_num_queries(4):
            client.get("/model/")
        with django_assert_num_queries(4):
            client.get("/model/training/")
