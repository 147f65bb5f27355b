"""The page of one team: the answer, how far to trust it, why, what to do next. Numbers: the head of conftest.py."""

from __future__ import annotations

import pytest
from django.urls import reverse

from assessments.services.measurements import Observed, forget_source
from assessments.services.profile import set_profile
from tests.assessments.pages.conftest import SAID, measure, publish
from tests.assessments.pages.reading import head, links, main, section
from tests.factories import AT, make_admin

pytestmark = pytest.mark.django_db


class TestTheAnswer:
    def test_head(self, world, get):
        assert head(get(world.lead, world.path())) == (
            "Teams Commerce Forecasting Start assessment Level 0, verified 0, up to 2. "
            "Last result 20 Nov 2026, not reviewed Known 5 of 130 Counted 20 Nov 2026, 12:00"
        )

    def test_dimensions_with_what_is_known_of_each(self, world, get):
        words = section(get(world.lead, world.path()), "dimensions")

        assert words.startswith(
            "Five dimensions verified by facts or evidence level, with your own answers possible, not yet known "
            "Dimension Level Verified to possible Known "
            "People & culture? unknown Nothing known; up to 4 0 of 24 "
            "Model creation Level 0 0 1 2 3 4 5 of 37 "
            "Model release? unknown Nothing known; up to 4 0 of 24 "
            "Application integration? unknown Nothing known; up to 4 0 of 19 "
            "Operations & feedback? unknown Nothing known; up to 4 0 of 26 "
            "Team its lowest dimension Level 0 0 1 2 3 4 5 of 130 "
        )

    def test_how_far_to_trust_it_is_said_in_words(self, world, get):
        words = section(get(world.lead, world.path()), "dimensions")

        # 5 of 130 is 3.8 %, kept with two decimals.
        assert words.endswith(
            "1 criterion is disputed: the team and the signals do not agree "
            "Does every tracked run record the code version it ran with? "
            "Not reviewed: nobody from outside the team looked at the last assessment. "
            "Coverage 4 %: so much of what applies and is required is known. "
            "Provisional: a capability is unassessed, or under 80 % is known. It is never ranked. "
            "Strict level 0: the lowest single capability, with nothing carried by another."
        )

    def test_the_range_reads_as_a_sentence(self, world, get):
        page = get(world.lead, world.path()).content.decode()

        assert page.count('aria-label="level 1, verified 1, up to 1"') == 1  # Training environment
        assert page.count('aria-label="level 0, verified 0, up to 2"') == 2  # Model creation, team

    def test_a_reviewed_result_says_so(self, world, get):
        publish(world.team, world.lead, SAID, is_reviewed=True)

        page = get(world.lead, world.path())

        assert "Last result 20 Nov 2026, reviewed" in head(page)
        assert "Reviewed: somebody from outside the team looked at the last assessment." in section(
            page, "dimensions"
        )

    def test_a_reading_that_was_not_confirmed_for_eight_days_is_out_of_date(self, world, get, now):
        now(8)

        page = get(world.lead, world.path())

        assert "25 % of code files are notebooks (older than 7 days)" in section(page, "facts")
        assert "signals say yes, read 20 Nov 2026, out of date" in section(page, "signals")


class TestWhy:
    def test_each_capability_leads_to_its_criteria(self, world, get):
        page = get(world.lead, world.path())

        assert len(links(page, "why")) == 22
        assert links(page, "why")[5] == world.path("capabilities/environment/")
        assert "Training environment disputed Level 1 0 1 2 3 4 4 of 7" in section(page, "why")

    def test_what_signals_say_adds_up_to_all_core_criteria(self, world, get):
        words = section(get(world.lead, world.path()), "signals")

        # 20 runs also confirm that runs are recorded; 2 + 1 + 127 = 130, and 3 + 51 + 73 = 127 below.
        assert words.startswith(
            "What signals say 2 confirmed by signals "
            "Yes Are the libraries needed for training listed in a file in the repository? "
            "Level 1 · signals say yes, read 20 Nov 2026 dependencies are listed in a file "
        )
        assert (
            "1 refuted by signals Disputed Does every tracked run record the code version it ran with? "
            "Level 2 · signals say no, read 20 Nov 2026 20 runs in the tracker; 30 % of runs name their commit "
            "127 left to people 3 measured, but not enough to say" in words
        )

    def test_every_count_opens_to_its_criteria(self, world, get):
        page = get(world.lead, world.path())

        assert len(links(page, "signals")) == len(set(links(page, "signals"))) == 130

    def test_facts_with_notebooks_first(self, world, get):
        assert section(get(world.lead, world.path()), "facts").startswith(
            "The facts behind it Connections and mapping Made in notebooks "
            "25 % of code files are notebooks 5 of 20, now · 20 Nov 2026, 12:00 · connection 1 "
            "unknown of live versions were made in a notebook: nobody has said where to look "
            "unknown of runs came from a notebook: nobody has said where to look "
            "Code 2 facts "
        )

    def test_an_unknown_fact_says_why(self, world, get):
        assert (
            "CI 1 fact, 1 unknown unknown of CI runs on the default branch passed: the credential was refused "
            "30 days · 20 Nov 2026, 12:00 · connection 1" in section(get(world.lead, world.path()), "facts")
        )

    def test_a_failed_newest_try_does_not_hide_the_value(self, world, get):
        measure(
            world.team,
            Observed(signal="repo.notebook_share", value=None, reason="unreachable", observed_at=AT),
        )

        assert (
            "25 % of code files are notebooks (the newest try failed: the system could not be reached)"
            in section(get(world.lead, world.path()), "facts")
        )

    def test_a_removed_source_says_so(self, world, get):
        forget_source(team=world.team, source="connection:1", at=AT)

        assert "25 % of code files are notebooks (its source was removed)" in section(
            get(world.lead, world.path()), "facts"
        )


class TestNext:
    def test_what_is_not_known_has_to_be_found_out(self, world, get):
        words = section(get(world.lead, world.path()), "next")

        assert words.startswith(
            "What to do next Learning from faults Level 0 to Level 1 "
            "Find out: Are faults of live models recorded in one tracker that the whole team sees? "
            "1 criterion to go; holds the team back"
        )
        assert "And 18 more capabilities with a next level" in words
        assert "Training environment Level 1 to Level 2 1 criterion to go" in words

    def test_what_is_known_to_be_missing_is_named_so(self, world, get):
        publish(world.team, world.lead, {**SAID, "learning.faults_recorded": "no"}, at=AT_LATER)

        assert section(get(world.lead, world.path()), "next").startswith(
            "What to do next Learning from faults Level 0 to Level 1 "
            "Missing: Are faults of live models recorded in one tracker that the whole team sees? "
        )

    def test_the_open_draft_is_what_to_go_on_with(self, world, get, client):
        get(world.lead, world.path())
        client.post(world.path("assessment/start/"))

        page = get(world.lead, world.path())

        assert "Continue assessment" in head(page)
        assert (
            "Assessment Q4 2026 is a draft since 20 Nov 2026: nothing in it counts until it is published. Open it"
            in main(page)
        )

    def test_a_manager_does_not_hear_of_the_draft(self, world, get, client):
        get(world.lead, world.path())
        client.post(world.path("assessment/start/"))

        page = get(world.manager, world.path())

        assert "draft" not in main(page)
        assert "assessment/" not in "".join(links(page, "dimensions"))


class TestOtherViews:
    def test_phases(self, world, get):
        # Five are known, all of the phase "train": dependencies, versions, compute, run records, runs recorded.
        assert section(get(world.lead, world.path()), "phases") == (
            "By phase The same criteria by phase; enters no team level Phase Level Verified to possible "
            "Design? unknown Nothing known; up to 4 Train Level 0 0 1 2 3 4 "
            "Operate? unknown Nothing known; up to 4"
        )

    def test_what_microsoft_asks_only(self, world, get):
        assert section(get(world.lead, world.path()), "microsoft") == (
            "Only what Microsoft asks The criteria of Microsoft's own tables; the team is the lowest column "
            "Column Level Verified to possible People? unknown Nothing known; up to 4 "
            "Model creation Level 0 0 1 2 3 4 Model release? unknown Nothing known; up to 4 "
            "Application integration? unknown Nothing known; up to 4 Team Level 0 0 1 2 3 4"
        )

    def test_a_criterion_that_does_not_apply_is_left_out_of_the_counts(self, bare, get, maturity_model):
        set_profile(
            team=bare.team, maturity_model=maturity_model, flags=["pretrained_only"], by=bare.lead, at=AT
        )
        publish(bare.team, bare.lead, {**SAID, "environment.managed_compute": "na"})

        words = section(get(bare.lead, bare.path()), "dimensions")

        # Three yes (nothing was measured here), one "we do not know", one that does not apply.
        assert "3 of 36 Model release" in words
        assert "Team its lowest dimension Level 0 0 1 2 3 4 3 of 129" in words


class TestHistory:
    def test_a_move_names_the_criteria_behind_it(self, world, get):
        publish(world.team, world.lead, {**SAID, "environment.dependencies_listed": "no"}, at=AT_LATER)

        # The team's own no beats the measured yes: level 1 to 0.
        assert section(get(world.lead, world.path()), "moved") == (
            "What moved Training environment Level 1 to Level 0 21 Nov 2026 Because of 1 criterion "
            "Are the libraries needed for training listed in a file in the repository? "
            "became no, claimed, no evidence: an assessment was published, by Lena"
        )

    def test_published_assessments_newest_first(self, world, get):
        publish(world.team, world.lead, SAID, at=AT_LATER, is_reviewed=True)

        assert section(get(world.lead, world.path()), "published") == (
            "Published assessments Period Published Reviewed "
            "Q4 2026 21 Nov 2026 from outside the team Q4 2026 20 Nov 2026 not reviewed"
        )


class TestEmpty:
    def test_nothing_said_and_nothing_measured(self, bare, get):
        page = get(bare.lead, bare.path())

        assert main(page) == (
            "Teams Commerce Forecasting People of the team Profile Trace of what is live Progress "
            "No result yet Nothing was published and nothing measured. A first assessment takes about 75 minutes "
            "with the team; signals appear by themselves once a system is connected. Start assessment "
            "The facts behind it Connections and mapping Made in notebooks "
            "unknown of code files are notebooks: nobody has said where to look "
            "unknown of live versions were made in a notebook: nobody has said where to look "
            "unknown of runs came from a notebook: nobody has said where to look "
            "Nothing was measured yet Teams can assess themselves without it. A connected CI or MLflow confirms or "
            "refutes what they say. What moved No level has moved since the first result. "
            "Published assessments None yet."
        )

    def test_signals_alone(self, bare, get):
        measure(bare.team, Observed(signal="repo.has_dependency_manifest", value=True, observed_at=AT))

        page = get(bare.lead, bare.path())

        assert "Last result signals only" in head(page)
        assert "No assessment is published: only signals speak here." in section(page, "dimensions")


class TestWhoSeesWhat:
    def test_a_platform_engineer_sees_facts_and_no_result(self, world, get):
        words = main(get(world.platform, world.path()))

        assert "Results are not for your role" in words
        assert "25 % of code files are notebooks" in words
        assert ("Five dimensions" in words, "What signals say" in words, "disputed" in words) == (
            False,
            False,
            False,
        )

    def test_an_administrator_sees_results_and_no_way_to_answer(self, world, get):
        page = get(make_admin("ada"), world.path())

        assert "Start assessment" not in main(page)
        assert "Level 0, verified 0, up to 2." in head(page)

    def test_only_who_may_read_raw_signals_is_led_to_them(self, world, get):
        raw = reverse("assessments:signal-detail", args=[world.team.slug, "repo.notebook_share"])

        assert raw in links(get(world.lead, world.path()), "facts")
        assert raw not in links(get(world.manager, world.path()), "facts")


AT_LATER = AT.replace(day=21)
