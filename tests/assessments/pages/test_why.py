"""Why a number stands where it stands: capability, criterion, signal. Numbers: the head of conftest.py."""

from __future__ import annotations

import pytest

from assessments.because import rule_digest
from assessments.catalog.shipped import shipped_model
from assessments.models import Criterion
from assessments.services.evidence import add_evidence
from assessments.services.measurements import Observed, record_measurements
from tests.assessments.pages.conftest import SAID, measure, publish
from tests.assessments.pages.reading import head, links, main, section
from tests.factories import AT, make_manager, make_unit

pytestmark = pytest.mark.django_db

CAPABILITY = "capabilities/environment/"
DISPUTED = "criteria/environment.recorded_per_run/"
CLAIMED = "criteria/environment.versions_pinned/"
OPEN = "criteria/environment.one_definition/"
DAY_ONE = AT.date()
DIGEST = next(
    rule_digest(c.auto.rule)
    for c in shipped_model().criteria()
    if c.id == "environment.recorded_per_run" and c.auto is not None
)
DAY_TWO = AT.replace(day=21)


def prove(world, slug, *, kind="repo_file", collected_on=DAY_ONE, **fields):
    return add_evidence(
        team=world.team,
        criteria=[Criterion.objects.get(slug=slug)],
        title="Lock file",
        form=fields.pop("form", "link"),
        url=fields.pop("url", "https://git.example/lock"),
        kind=kind,
        collected_on=collected_on,
        by=world.lead,
        at=AT,
        **fields,
    )


class TestCapability:
    def test_head(self, world, get):
        assert head(get(world.lead, world.path(CAPABILITY))) == (
            "Teams Forecasting Model creation Training environment "
            "Level 1. Answers and signals disagree on at least one criterion."
        )

    def test_a_measured_yes_with_its_rule_and_fact(self, world, get):
        assert (
            "Level 1, DevOps, no MLOps · 1 of 1 yes The team is here "
            "Yes Are the libraries needed for training listed in a file in the repository? "
            "Yes, measured, since 20 Nov 2026: a signal was read, by CI "
            "Answered: Yes by Lena, 20 Nov 2026, Q4 2026 Signals say yes, read 20 Nov 2026 "
            "Says yes if dependencies are listed in a file. "
            "Says no if dependencies are not listed in a file. The rule decides, with high trust. "
            "yes dependencies are listed in a file now · 20 Nov 2026, 12:00 · git.example"
        ) in section(get(world.lead, world.path(CAPABILITY)), "levels")

    def test_a_dispute_says_both_sides(self, world, get):
        assert (
            "Disputed Does every tracked run record the code version it ran with? "
            "No, measured, since 20 Nov 2026: a signal was read, by CI The team says yes; signals say no. "
            "Answered: Yes by Lena, 20 Nov 2026, Q4 2026 Signals say no, read 20 Nov 2026"
        ) in section(get(world.lead, world.path(CAPABILITY)), "levels")

    def test_open_questions_are_told_apart(self, world, get):
        words = section(get(world.lead, world.path(CAPABILITY)), "levels")

        assert "Not known Answered: We do not know by Lena, 20 Nov 2026, Q4 2026" in words
        assert words.endswith(
            "Unknown Was each environment rebuilt from nothing within the last 12 months, with the time it took "
            "written down? Not answered, and no signal decides it"
        )

    def test_where_it_stands(self, world, get):
        assert section(get(world.lead, world.path(CAPABILITY)), "now") == (
            "Where it stands 0 1 2 3 4 verified by facts or evidence level, with your own answers "
            "possible, not yet known 4 of 7 criteria are known. Counted 20 Nov 2026, 12:00"
        )

    def test_nothing_known(self, bare, get):
        page = get(bare.lead, bare.path(CAPABILITY))

        assert "Nothing is known yet. Unknown is not a no: it lowers no number." in head(page)
        assert section(page, "now") == (
            "Where it stands No number yet: nothing was published and nothing measured."
        )

    def test_a_draft_can_be_answered_from_here_by_the_team_only(self, world, get, client):
        get(world.lead, world.path())
        client.post(world.path("assessment/start/"))

        assert "Answer it" in head(get(world.lead, world.path(CAPABILITY)))
        assert "Answer it" not in head(get(world.manager, world.path(CAPABILITY)))

    def test_unknown_capability_is_404(self, world, get):
        assert get(world.lead, world.path("capabilities/nothing/")).status_code == 404


class TestCriterion:
    def test_head_says_status_support_since_and_by_what(self, world, get):
        assert head(get(world.lead, world.path(DISPUTED))) == (
            "Teams Forecasting Training environment Does every tracked run record the code version it ran with? "
            "No, measured, disputed, since 20 Nov 2026: a signal was read, by CI."
        )

    def test_each_comparison_with_what_it_saw(self, world, get):
        page = get(world.lead, world.path(DISPUTED))

        assert section(page, "signals") == (
            "What signals say "
            "Speaks only if there were at least 10 runs in the tracker in the last 90 days. "
            "Says yes if at least 80 % of runs name their commit (last 90 days). "
            "Says no if under 50 % of runs name their commit (last 90 days). The rule decides, with high trust. "
            "Signals say no: 30 % of runs name their commit (no takes under 50 %). "
            "Signals say no, read 20 Nov 2026 · by mlops-maturity 2, rule "
            f"{DIGEST} Each comparison of the rule, with what it saw The rule asks It saw Outcome "
            "Speaks only if there were at least 10 runs in the tracker in the last 90 days "
            "20 n = 20 · 90 days · 20 Nov 2026, 12:00 · connection 1 holds "
            "Says yes if at least 80 % of runs name their commit (last 90 days) "
            "30 % 6 of 20 · 90 days · 20 Nov 2026, 12:00 · connection 1 does not hold "
            "Says no if under 50 % of runs name their commit (last 90 days) 30 % holds"
        )

    def test_a_value_leads_to_where_it_was_read(self, world, get):
        page = get(world.lead, world.path("criteria/environment.dependencies_listed/"))

        assert links(page, "signals") == ["https://git.example/files"]

    def test_how_it_stood_before(self, world, get):
        assert section(get(world.lead, world.path(DISPUTED)), "earlier") == (
            "How it stood No, measured, disputed since 20 Nov 2026, 12:00: a signal was read, by CI "
            "Yes, claimed, no evidence since 20 Nov 2026, 12:00: an assessment was published, by Lena"
        )

    def test_answers_of_every_published_assessment(self, world, get):
        publish(world.team, world.lead, {**SAID, "environment.versions_pinned": "no"}, at=DAY_TWO)

        assert section(get(world.lead, world.path(CLAIMED)), "says") == (
            "What the team says Published in Answer By Given "
            "Q4 2026 No Lena 21 Nov 2026 Q4 2026 Yes Lena 20 Nov 2026"
        )

    def test_evidence_counts_from_the_next_publication_on(self, world, get):
        prove(world, "environment.versions_pinned")

        before = get(world.lead, world.path(CLAIMED))
        publish(world.team, world.lead, SAID, at=DAY_TWO)
        after = get(world.lead, world.path(CLAIMED))

        assert "Yes, claimed, no evidence, since 20 Nov 2026: an assessment was published" in head(before)
        assert links(before, "evidence") == ["https://git.example/lock"]
        # A file in the repository proves for 180 days.
        assert section(before, "evidence") == (
            "Evidence Lock file to 19 May 2027 seen 20 Nov 2026 "
            "It counts from the next published assessment on. What is expired carries nothing."
        )
        assert "Yes, with evidence, since 21 Nov 2026: an assessment was published, by Lena." in head(after)
        assert section(after, "evidence") == "Evidence Lock file to 19 May 2027 seen 20 Nov 2026"

    def test_expired_evidence_carries_nothing(self, world, get):
        prove(world, "environment.versions_pinned", collected_on=DAY_ONE.replace(year=2024))
        publish(world.team, world.lead, SAID, at=DAY_TWO)

        page = get(world.lead, world.path(CLAIMED))

        assert "Yes, claimed, no evidence" in head(page)
        assert "Its evidence is past its date and carries nothing." in main(page)
        assert "Lock file expired seen 20 Nov 2024" in section(page, "evidence")

    def test_a_note_is_for_the_team(self, world, get):
        prove(world, "environment.versions_pinned", form="note", url="", text="Pinned by hand since March.")

        assert "Pinned by hand since March." in section(get(world.member, world.path(CLAIMED)), "evidence")
        assert "Pinned by hand" not in main(get(world.manager, world.path(CLAIMED)))

    def test_nothing_answered_and_nothing_to_read(self, world, get):
        page = get(world.lead, world.path(OPEN))

        assert "Not known: nobody has answered it and nothing was measured." in head(page)
        assert section(page, "says") == (
            "What the team says Nothing is published. An open question counts neither as yes nor as no."
        )
        assert section(page, "signals") == "What signals say No signal can see this. People answer it."
        assert section(page, "evidence") == (
            "Evidence Nothing attached. A link to a pipeline run or a dashboard is enough."
        )
        assert section(page, "earlier") == "How it stood It was never anything but not known."

    def test_a_verdict_that_waits_for_a_second_reading_says_so(self, world, get, now):
        later = now(1)
        record_measurements(
            team=world.team,
            source="connection:1",
            items=[Observed(signal="repo.has_dependency_manifest", value=False, observed_at=later)],
            at=later,
            by_name="CI",
            immediate=False,
        )

        words = section(get(world.lead, world.path("criteria/environment.dependencies_listed/")), "changed")

        assert words.startswith(
            "Why this changed A newer reading says no since 21 Nov 2026. "
            "One more reading on another day that agrees will change this to no."
        )

    def test_a_change_tells_value_threshold_day_and_how(self, world, get, now):
        later = now(1)
        measure(
            world.team,
            Observed(
                signal="mlflow.runs_with_git_commit_share",
                value=0.85,
                observed_at=later,
                numerator=17,
                denominator=20,
                url="https://mlflow.example/runs",
            ),
            at=later,
        )

        page = get(world.lead, world.path(DISPUTED))

        change = (
            "21 Nov 2026, 13:00, by CI At once, for somebody asked for the collection. "
            "What share of runs name their commit: from 30 % to 85 %; "
            "yes takes at least 80 %: did not hold, now holds; no takes under 50 %: held, now does not hold. "
            "mlflow.example, 21 Nov 2026, 13:00"
        )
        first = (
            "First verdict: no 20 Nov 2026, 12:00, by CI At once, for somebody asked for the collection. "
            "How many runs in the tracker: 20; the rule speaks with at least 10: holds. "
            "connection 1, 20 Nov 2026, 12:00 "
            "What share of runs name their commit: 30 %; yes takes at least 80 %: does not hold; "
            "no takes under 50 %: holds. connection 1, 20 Nov 2026, 12:00"
        )
        assert section(page, "changed") == (
            f"Why this changed Compare with the end of Compare From no to yes {change} {first}"
        )
        assert links(page, "changed") == ["https://mlflow.example/runs"]
        since = section(get(world.lead, world.path(f"{DISPUTED}?since=2026-11-20")), "changed")
        assert since.endswith(f"Since the end of 20 Nov 2026: From no to yes {change}")

    @pytest.mark.parametrize(
        ("day", "says"),
        [
            ("2026-11-20", "No change was recorded since the end of 20 Nov 2026."),
            ("yesterday", "Compare with the end of Give the day as 2026-11-20. Compare"),
            ("2026-11-21", "Compare with the end of That day is still to come. Give an earlier one. Compare"),
        ],
    )
    def test_a_day_to_compare_with(self, world, get, day, says):
        assert says in section(get(world.lead, world.path(f"{DISPUTED}?since={day}")), "changed")

    def test_what_cannot_be_read_any_more_says_since_when_why_and_how_long_the_last_reading_stands(
        self, world, get, now
    ):
        later = now(1)
        lost = ("mlflow.runs_90d", "mlflow.runs_with_git_commit_share")
        measure(
            world.team,
            *(Observed(signal=name, value=None, reason="unreachable", observed_at=later) for name in lost),
            at=later,
        )

        words = section(get(world.lead, world.path(DISPUTED)), "changed")

        assert words.startswith(
            "Why this changed No longer readable at connection 1 since 21 Nov 2026, because the system could not be "
            "reached. The reading of 20 Nov 2026 stands until 27 Nov 2026. It tells how many runs in the tracker and "
            "what share of runs name their commit."
        )
        now(8)
        assert "The reading of 20 Nov 2026 is out of date since 28 Nov 2026." in section(
            get(world.lead, world.path(DISPUTED)), "changed"
        )

    def test_unknown_criterion_is_404(self, world, get):
        assert get(world.lead, world.path("criteria/environment.nothing/")).status_code == 404


class TestSignal:
    def test_every_reading_newest_first(self, world, get, now):
        later = now(1)
        measure(
            world.team,
            Observed(signal="repo.notebook_share", value=0.2, observed_at=later, numerator=4, denominator=20),
            at=later,
        )

        assert section(get(world.lead, world.path("signals/repo.notebook_share/")), "all") == (
            "Every reading, newest first A reading that says the same as the one before is not kept twice "
            "Observed Value Sample Source 21 Nov 2026, 13:00 20 % 4 of 20 connection 1 "
            "20 Nov 2026, 12:00 25 % 5 of 20 connection 1"
        )

    def test_unknown_says_its_reason(self, world, get):
        page = get(world.lead, world.path("signals/ci.success_rate_30d/"))

        assert section(page, "now") == (
            "Where each source stands unknown of CI runs on the default branch passed: the credential was refused "
            "30 days · 20 Nov 2026, 12:00 · connection 1"
        )
        assert section(page, "read") == (
            "Criteria that read it Did at least four in five runs on the main branch pass in the last 30 days?"
        )

    def test_never_read(self, bare, get):
        assert section(get(bare.lead, bare.path("signals/ci.runs_30d/")), "now").startswith(
            "Where each source stands Nothing was ever read No source of this team has told this signal. "
            "It is unknown, which is neither a yes nor a no."
        )

    def test_a_platform_engineer_sees_readings_and_is_led_to_no_result(self, world, get):
        page = get(world.platform, world.path("signals/repo.has_dependency_manifest/"))

        assert page.status_code == 200
        assert links(page, "read") == []

    def test_a_manager_may_not_see_raw_readings(self, world, get):
        assert get(world.manager, world.path("signals/repo.notebook_share/")).status_code == 403


def test_a_manager_of_another_unit_sees_nothing_of_it(world, get):
    far = make_manager(make_unit("Finance"))

    assert [get(far, world.path(rest)).status_code for rest in (CAPABILITY, DISPUTED)] == [404, 404]
