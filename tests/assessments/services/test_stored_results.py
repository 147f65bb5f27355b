"""What is stored of results: one fact for each change, none for no change, and losing a source raises nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from assessments import tasks
from assessments.models import CriterionStatus, Score, ScoreHistory, TeamScore, TeamWeek
from assessments.services.evidence import remove_evidence
from assessments.services.measurements import forget_source
from assessments.services.scores import rescore_lapsed, rescore_teams
from teams.models import Team
from tests.assessments.services.acting import (
    DEPENDENCIES,
    MANIFEST,
    SOURCE,
    facts_of,
    measure,
    prove,
    publish,
)
from tests.factories import AT, make_lead, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(maturity_model):
    return make_team("Forecasting")


@pytest.fixture
def lead(team):
    return make_lead(team)


def outcome(team: Team) -> dict[str, Any]:
    """All that is stored of where a team stands now, without keys and moments."""
    scores = Score.objects.filter(team=team).order_by("capability__position")
    return {
        "statuses": list(
            CriterionStatus.objects.filter(team=team, is_current=True)
            .order_by("criterion_id")
            .values_list("criterion__slug", "status", "support", "flags")
        ),
        "scores": [
            {k: v for k, v in row.items() if k not in {"id", "team_id", "as_of"}} for row in scores.values()
        ],
        "team": {
            k: v
            for k, v in TeamScore.objects.filter(team=team).values().get().items()
            if k not in {"id", "team_id", "as_of", "version"}
        },
    }


def everything() -> list[Any]:
    kinds = (CriterionStatus, Score, ScoreHistory, TeamScore, TeamWeek)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


class TestOneFactForEachChange:
    def test_a_changed_answer_ends_one_row_and_begins_one(self, team, lead):
        publish(team, lead, {DEPENDENCIES: "yes", "training.one_command": "yes"})
        later = AT + timedelta(days=1)
        before = CriterionStatus.objects.count()

        publish(team, lead, {DEPENDENCIES: "no"}, at=later)

        assert CriterionStatus.objects.count() == before + 1
        assert facts_of(DEPENDENCIES) == [
            ("yes", "claimed", [], AT, "publication", str(lead), False),
            ("no", "claimed", [], later, "publication", str(lead), True),
        ]
        assert facts_of("training.one_command") == [
            ("yes", "claimed", [], AT, "publication", str(lead), True)
        ]

    def test_the_same_answers_published_again_begin_nothing(self, team, lead):
        publish(team, lead, {DEPENDENCIES: "yes"})

        publish(team, lead, {DEPENDENCIES: "yes"}, at=AT + timedelta(days=1))

        assert facts_of(DEPENDENCIES) == [("yes", "claimed", [], AT, "publication", str(lead), True)]

    def test_a_verdict_begins_one_row_and_an_equal_reading_none(self, team):
        measure(team, MANIFEST, True)
        for day in (1, 2, 3):
            measure(team, MANIFEST, True, at=AT + timedelta(days=day))
        assert facts_of(DEPENDENCIES) == [("yes", "measured", [], AT, "measurement", "GitHub", True)]
        later = AT + timedelta(days=4)

        measure(team, MANIFEST, False, at=later)

        assert facts_of(DEPENDENCIES) == [
            ("yes", "measured", [], AT, "measurement", "GitHub", False),
            ("no", "measured", [], later, "measurement", "GitHub", True),
        ]

    def test_equal_readings_tell_no_history(self, team):
        """The numbers stand for a day longer; nothing happened."""
        measure(team, MANIFEST, True)
        told = list(ScoreHistory.objects.order_by("pk").values())

        for day in (1, 2, 3):
            measure(team, MANIFEST, True, at=AT + timedelta(days=day))

        assert list(ScoreHistory.objects.order_by("pk").values()) == told
        assert (
            Score.objects.get(capability__slug="environment").valid_until == (AT + timedelta(days=10)).date()
        )

    def test_expired_evidence_begins_one_row(self, team, lead):
        piece = prove(team, lead, DEPENDENCIES)
        publish(team, lead, {DEPENDENCIES: "yes"})
        last = datetime.combine(piece.valid_until, AT.timetz())
        assert rescore_lapsed(at=last) == 0

        after = last + timedelta(days=1)
        assert [rescore_lapsed(at=after), rescore_lapsed(at=after)] == [1, 0]

        assert facts_of(DEPENDENCIES) == [
            ("yes", "evidenced", [], AT, "publication", str(lead), False),
            ("yes", "claimed", ["evidence_expired"], after, "time", "", True),
        ]

    def test_evidence_taken_back_begins_one_row(self, team, lead):
        piece = prove(team, lead, DEPENDENCIES)
        publish(team, lead, {DEPENDENCIES: "yes"})
        later = AT + timedelta(days=2)

        remove_evidence(evidence=piece, by=lead, at=later)
        remove_evidence(evidence=piece, by=lead, at=later)

        assert facts_of(DEPENDENCIES)[1:] == [("yes", "claimed", [], later, "evidence", str(lead), True)]

    def test_a_lapsed_signal_begins_one_row(self, team):
        measure(team, MANIFEST, True)
        assert rescore_lapsed(at=AT + timedelta(days=7)) == 0
        after = AT + timedelta(days=8)

        assert [rescore_lapsed(at=after), rescore_lapsed(at=after)] == [1, 0]

        assert facts_of(DEPENDENCIES)[1:] == [("unknown", "none", ["signal_stale"], after, "time", "", True)]

    def test_a_lapsed_answer_begins_one_row_and_the_next_lapse_another(self, team, lead):
        publish(team, lead, {DEPENDENCIES: "yes"})
        measure(team, MANIFEST, False)
        stale, expired = AT + timedelta(days=8), AT + timedelta(days=366)

        for at in (stale, stale, expired, expired):
            rescore_lapsed(at=at)

        assert facts_of(DEPENDENCIES) == [
            ("yes", "claimed", [], AT, "publication", str(lead), False),
            ("no", "measured", ["disputed"], AT, "measurement", "GitHub", False),
            ("unknown", "none", ["disputed", "signal_stale"], stale, "time", "", False),
            ("unknown", "none", ["answer_expired", "signal_stale"], expired, "time", "", True),
        ]

    def test_beat_rescores_what_lapsed(self, team, lead):
        long_ago = timezone.now() - timedelta(days=366)
        publish(team, lead, {DEPENDENCIES: "yes"}, at=long_ago)

        tasks.rescore_lapsed()
        tasks.rescore_lapsed()

        assert [row[:3] for row in facts_of(DEPENDENCIES)] == [
            ("yes", "claimed", []),
            ("unknown", "none", ["answer_expired"]),
        ]
        assert facts_of(DEPENDENCIES)[1][4:] == ("time", "", True)

    def test_a_long_queue_of_lapsed_teams_is_worked_off_in_parts(self, maturity_model):
        for _ in range(3):
            measure(make_team(), MANIFEST, True)
        after = AT + timedelta(days=8)

        assert [rescore_lapsed(at=after, limit=2) for _ in range(3)] == [2, 1, 0]


class TestWhatAPublicationChanges:
    ANSWERS = {
        DEPENDENCIES: "yes",
        "training.one_command": "no",
        "tracking.results_written": "yes",
    }

    def test_three_touched_capabilities_are_the_three_that_change(self, team, lead):
        publish(team, lead, {"build.automated": "yes"})
        before = {s.capability_id: (s.pk, s.as_of) for s in Score.objects.all()}
        later = AT + timedelta(days=1)

        publish(team, lead, self.ANSWERS, at=later)

        changed = [s.capability.slug for s in Score.objects.select_related("capability") if s.as_of == later]
        assert sorted(changed) == ["environment", "tracking", "training"]
        assert {s.capability_id: s.pk for s in Score.objects.all()} == {
            k: pk for k, (pk, _) in before.items()
        }
        assert sorted(
            ScoreHistory.objects.filter(changed_on=later.date()).values_list("capability__slug", flat=True)
        ) == ["environment", "tracking", "training"]
        assert CriterionStatus.objects.filter(since_at=later).count() == 3

    @pytest.mark.parametrize("value", [True, False])
    def test_publishing_and_measuring_in_either_order_end_the_same(self, maturity_model, value):
        first, second = make_team(), make_team()
        leads = make_lead(first, full_name="Ada"), make_lead(second, full_name="Ada")
        publish(first, leads[0], self.ANSWERS)
        measure(first, MANIFEST, value)
        measure(second, MANIFEST, value)
        publish(second, leads[1], self.ANSWERS)

        assert outcome(first) == outcome(second)

    def test_rescoring_again_writes_no_row(self, team, lead):
        publish(team, lead, self.ANSWERS)
        measure(team, MANIFEST, False)
        before = everything()

        for cause in CriterionStatus.Cause:
            rescore_teams(teams=[team], at=AT + timedelta(hours=1), cause=cause, by_name="again")

        assert everything() == before


class TestLosingASource:
    """RULINGS 6: losing a source raises nothing. The claim does not win because nobody looks any more."""

    LIVE = "registry.live_marked"

    def two_registries(self, team, lead):
        publish(team, lead, {self.LIVE: "yes"})
        for source in (SOURCE, "connection:2"):
            for signal, value in (
                ("mlflow.registered_models", 3),
                ("mlflow.versions_with_alias", 0),
                ("mlflow.production_versions", 0),
            ):
                measure(team, signal, value, source=source)
        assert facts_of(self.LIVE)[-1][:3] == ("no", "measured", ["disputed"])

    def test_a_removed_source_beside_another_leaves_the_measured_no(self, team, lead):
        self.two_registries(team, lead)
        forget_source(team=team, source="connection:2", at=AT + timedelta(days=1))

        measure(team, "mlflow.versions_with_alias", 0, at=AT + timedelta(days=2))

        assert facts_of(self.LIVE)[-1][:3] == ("no", "measured", ["disputed"])
        rescore_lapsed(at=AT + timedelta(days=8))
        assert facts_of(self.LIVE)[-1][:3] == ("unknown", "none", ["disputed", "signal_stale"])

    def test_when_the_removed_source_is_forgotten_the_other_decides(self, team, lead):
        self.two_registries(team, lead)
        forget_source(team=team, source="connection:2", at=AT + timedelta(days=1))
        much_later = AT + timedelta(days=30)

        for signal, value in (
            ("mlflow.registered_models", 3),
            ("mlflow.production_versions", 0),
            ("mlflow.versions_with_alias", 0),
        ):
            measure(team, signal, value, at=much_later)

        assert facts_of(self.LIVE)[-1][:3] == ("no", "measured", ["disputed"])

    def test_a_source_that_never_could_be_read_does_not_help_the_claim_either(self, team, lead):
        publish(team, lead, {self.LIVE: "yes"})
        for signal, value in (
            ("mlflow.registered_models", 3),
            ("mlflow.production_versions", 0),
            ("mlflow.versions_with_alias", 0),
        ):
            measure(team, signal, value)

        measure(
            team, "mlflow.versions_with_alias", None, reason="unauthorized", source="connection:2",
            at=AT + timedelta(days=1),
        )  # fmt: skip

        assert facts_of(self.LIVE)[-1][:3] == ("no", "measured", ["disputed"])

    def test_too_small_a_sample_because_a_source_is_gone_is_no_news(self, team, lead):
        slug = "build.main_green"
        publish(team, lead, {slug: "yes"})
        measure(team, "ci.runs_30d", 9)
        measure(team, "ci.runs_30d", 9, source="connection:2")
        measure(team, "ci.success_rate_30d", 0.1, numerator=1, denominator=9)
        assert facts_of(slug)[-1][:3] == ("no", "measured", ["disputed"])
        forget_source(team=team, source="connection:2", at=AT + timedelta(days=1))

        measure(team, "ci.success_rate_30d", 0.1, numerator=1, denominator=9, at=AT + timedelta(days=2))

        assert facts_of(slug)[-1][:3] == ("no", "measured", ["disputed"])

    def test_too_small_a_sample_that_was_seen_whole_is_news(self, team, lead):
        slug = "build.main_green"
        publish(team, lead, {slug: "yes"})
        measure(team, "ci.runs_30d", 18)
        measure(team, "ci.success_rate_30d", 0.1, numerator=1, denominator=18)
        assert facts_of(slug)[-1][:3] == ("no", "measured", ["disputed"])

        measure(team, "ci.runs_30d", 9, at=AT + timedelta(days=2))

        assert facts_of(slug)[-1][:3] == ("yes", "claimed", [])
