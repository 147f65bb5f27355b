"""From a draft to published numbers, through services only."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from assessments.models import (
    Answer,
    Assessment,
    Criterion,
    CriterionStatus,
    Score,
    ScoreHistory,
    Snapshot,
    TeamScore,
    TeamWeek,
)
from assessments.services.answers import (
    AssessmentClosed,
    NotApplicableNotAllowed,
    ReasonMissing,
    StaleAnswer,
    clear_answer,
    record_answer,
)
from assessments.services.evidence import CollectedInFuture, add_evidence, remove_evidence
from assessments.services.scores import rescore_lapsed, rescore_teams
from assessments.services.submission import (
    AlreadyOpen,
    NothingAnswered,
    WrongState,
    delete_draft,
    publish_assessment,
    return_assessment,
    start_assessment,
    submit_assessment,
    withdraw_assessment,
)
from teams.models import Event
from tests.factories import AT, make_lead, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(maturity_model):
    return make_team("Forecasting")


@pytest.fixture
def lead(team):
    return make_lead(team)


@pytest.fixture
def draft(team, lead):
    return start_assessment(team=team, by=lead, at=AT)


def criteria_of(capability, *levels):
    return list(
        Criterion.objects.filter(capability__slug=capability, level__in=levels, is_required=True).order_by(
            "level", "position"
        )
    )


def answer_all(draft, lead, capability, *levels, value="yes", at=AT):
    for criterion in criteria_of(capability, *levels):
        record_answer(assessment=draft, criterion=criterion, value=value, row_version=None, by=lead, at=at)


def publish(draft, lead, at=AT):
    submit_assessment(assessment=draft, by=lead, at=at)
    return publish_assessment(assessment=draft, by=lead, at=at)


class TestAnswers:
    def test_answer_is_saved_with_its_event(self, draft, lead):
        criterion = criteria_of("training", 1)[0]

        answer = record_answer(
            assessment=draft,
            criterion=criterion,
            value="yes",
            note="since May",
            row_version=None,
            by=lead,
            at=AT,
        )

        assert (answer.value, answer.note, answer.row_version, answer.answered_by) == (
            "yes",
            "since May",
            1,
            lead,
        )
        event = Event.objects.get(action="answer.record")
        assert (event.actor, event.team, event.after["criterion"]) == (lead, draft.team, criterion.slug)

    @pytest.mark.parametrize("seen", [None, 2])
    def test_a_stale_save_is_refused_and_nothing_is_lost(self, draft, lead, seen):
        criterion = criteria_of("training", 1)[0]
        record_answer(assessment=draft, criterion=criterion, value="yes", row_version=None, by=lead, at=AT)
        events = Event.objects.count()

        with pytest.raises(StaleAnswer) as lost:
            record_answer(assessment=draft, criterion=criterion, value="no", row_version=seen, by=lead, at=AT)

        assert lost.value.current is not None
        assert lost.value.current.value == "yes"
        assert Answer.objects.get().value == "yes"
        assert Event.objects.count() == events

    def test_does_not_apply_needs_the_profile(self, draft, lead):
        criterion = next(c for c in Criterion.objects.order_by("pk") if c.na_when)

        with pytest.raises(NotApplicableNotAllowed):
            record_answer(
                assessment=draft,
                criterion=criterion,
                value="na",
                reason="x",
                row_version=None,
                by=lead,
                at=AT,
            )
        assert Answer.objects.count() == 0

    def test_does_not_apply_needs_a_reason(self, draft, lead, team):
        criterion = next(c for c in Criterion.objects.order_by("pk") if c.na_when)
        team.flags = criterion.na_when
        team.save()

        with pytest.raises(ReasonMissing):
            record_answer(
                assessment=draft,
                criterion=criterion,
                value="na",
                reason=" ",
                row_version=None,
                by=lead,
                at=AT,
            )
        saved = record_answer(
            assessment=draft,
            criterion=criterion,
            value="na",
            reason="no app",
            row_version=None,
            by=lead,
            at=AT,
        )
        assert (saved.value, saved.reason) == ("na", "no app")

    def test_a_published_assessment_takes_no_answers(self, draft, lead):
        answer_all(draft, lead, "training", 1)
        publish(draft, lead)

        with pytest.raises(AssessmentClosed) as refused:
            record_answer(
                assessment=draft,
                criterion=criteria_of("training", 2)[0],
                value="yes",
                row_version=None,
                by=lead,
                at=AT,
            )
        assert str(refused.value) == "This assessment is published and takes no answers. Nothing was saved."

    def test_clearing_needs_the_row_that_was_seen(self, draft, lead):
        criterion = criteria_of("training", 1)[0]
        record_answer(assessment=draft, criterion=criterion, value="yes", row_version=None, by=lead, at=AT)

        with pytest.raises(StaleAnswer):
            clear_answer(assessment=draft, criterion=criterion, row_version=7, by=lead, at=AT)
        clear_answer(assessment=draft, criterion=criterion, row_version=1, by=lead, at=AT)
        assert Answer.objects.count() == 0


class TestPublication:
    def test_nothing_is_scored_before_publication(self, draft, lead):
        answer_all(draft, lead, "training", 1, 2)

        assert Score.objects.count() == 0
        assert TeamScore.objects.count() == 0

    def test_publication_scores_freezes_and_remembers(self, draft, lead, team):
        answer_all(draft, lead, "training", 1, 2)

        snapshot = publish(draft, lead)

        score = Score.objects.get(capability__slug="training")
        assert (score.verified, score.level, score.potential, score.state) == (0, 2, 4, "assessed")
        team_score = TeamScore.objects.get()
        assert (team_score.level, team_score.is_provisional, team_score.is_reviewed) == (0, True, False)
        assert team_score.assessed_on == AT.date()
        frozen = orjson.loads(snapshot.content)
        assert frozen["scores"][0]["verified"] is not None
        assert len(frozen["answers"]) == len(criteria_of("training", 1, 2))
        status = CriterionStatus.objects.get(criterion=criteria_of("training", 1)[0])
        assert (status.status, status.support, status.cause, status.by) == (
            "yes",
            "claimed",
            "publication",
            str(lead),
        )
        assert status.since_at == AT
        assert ScoreHistory.objects.filter(capability__slug="training", level=2).count() == 1
        assert TeamWeek.objects.get().week_on.weekday() == 6

    def test_cells_are_in_the_order_of_the_capabilities(self, draft, lead, maturity_model):
        answer_all(draft, lead, "training", 1, 2)
        publish(draft, lead)

        cells = orjson.loads(TeamScore.objects.get().cells)
        names = list(
            maturity_model.capabilities.filter(is_in_rollup=True)
            .order_by("position")
            .values_list("slug", flat=True)
        )
        assert {len(column) for column in cells.values()} == {21}
        assert cells["level"][names.index("training")] == 2
        assert cells["potential"][names.index("training")] == 4
        assert cells["state"][names.index("training")] == 0
        assert cells["state"][names.index("tracking")] == 1

    def test_an_assessment_of_one_capability_changes_one(self, draft, lead, team):
        answer_all(draft, lead, "training", 1)
        publish(draft, lead)
        later = AT + timedelta(days=30)
        second = start_assessment(team=team, by=lead, at=later)
        answer_all(second, lead, "tracking", 1, at=later)

        publish(second, lead, at=later)

        assert Score.objects.get(capability__slug="training").level == 1
        assert Score.objects.get(capability__slug="tracking").level == 1
        draft.refresh_from_db()
        assert (draft.status, draft.superseded_at) == (Assessment.Status.SUPERSEDED, later)

    def test_a_new_draft_chooses_nothing_and_what_it_leaves_out_stands_as_published(self, draft, lead, team):
        answer_all(draft, lead, "training", 1)
        publish(draft, lead)

        later = AT + timedelta(days=90)
        second = start_assessment(team=team, by=lead, at=later)
        assert second.answers.count() == 0
        answer_all(second, lead, "tracking", 1)
        publish(second, lead, at=later)

        assert Score.objects.get(capability__slug="training").level == 1
        assert Score.objects.get(capability__slug="tracking").level == 1

    def test_evidence_makes_a_yes_verified_from_publication_on(self, draft, lead, team):
        answer_all(draft, lead, "training", 1)
        evidence = add_evidence(
            team=team,
            criteria=criteria_of("training", 1),
            form="note",
            kind="dashboard",
            title="Training board",
            text="Nightly",
            collected_on=AT.date(),
            by=lead,
            at=AT,
        )
        publish(draft, lead)
        assert Score.objects.get(capability__slug="training").verified == 1

        remove_evidence(evidence=evidence, by=lead, at=AT + timedelta(days=1))

        assert Score.objects.get(capability__slug="training").verified == 0
        status = CriterionStatus.objects.get(criterion=criteria_of("training", 1)[0], is_current=True)
        assert (status.support, status.cause) == ("claimed", "evidence")

    def test_evidence_from_the_future_is_refused(self, draft, lead, team):
        with pytest.raises(CollectedInFuture):
            add_evidence(
                team=team,
                criteria=criteria_of("training", 1),
                form="link",
                kind="dashboard",
                title="x",
                url="https://example.org/",
                collected_on=AT.date() + timedelta(days=1),
                by=lead,
                at=AT,
            )

    def test_answers_lapse_without_a_write_and_say_why(self, draft, lead):
        answer_all(draft, lead, "training", 1)
        publish(draft, lead)
        assert TeamScore.objects.get().valid_until == AT.date() + timedelta(days=365)
        assert rescore_lapsed(at=AT + timedelta(days=365)) == 0

        assert rescore_lapsed(at=AT + timedelta(days=366)) == 1

        score = Score.objects.get(capability__slug="training")
        assert (score.level, score.potential, score.state) == (0, 4, "unassessed")
        status = CriterionStatus.objects.get(criterion=criteria_of("training", 1)[0], is_current=True)
        assert (status.status, status.flags, status.cause) == ("unknown", ["answer_expired"], "time")
        assert rescore_lapsed(at=AT + timedelta(days=366)) == 0

    def test_rescoring_the_same_writes_no_row(self, draft, lead, team):
        answer_all(draft, lead, "training", 1)
        publish(draft, lead)
        before = (
            TeamScore.objects.get().version,
            ScoreHistory.objects.count(),
            CriterionStatus.objects.count(),
        )

        rescore_teams(teams=[team], at=AT + timedelta(hours=1), cause=CriterionStatus.Cause.TIME)

        after = (
            TeamScore.objects.get().version,
            ScoreHistory.objects.count(),
            CriterionStatus.objects.count(),
        )
        assert after == before


class TestSteps:
    def test_one_open_assessment_at_a_time(self, draft, lead, team):
        with pytest.raises(AlreadyOpen) as refused:
            start_assessment(team=team, by=lead, at=AT)
        assert refused.value.assessment == draft

    def test_an_empty_draft_is_not_sent(self, draft, lead):
        with pytest.raises(NothingAnswered):
            submit_assessment(assessment=draft, by=lead, at=AT)

    def test_back_and_forth(self, draft, lead):
        answer_all(draft, lead, "training", 1)
        submit_assessment(assessment=draft, by=lead, at=AT)
        withdraw_assessment(assessment=draft, by=lead, at=AT)
        submit_assessment(assessment=draft, by=lead, at=AT)
        returned = return_assessment(assessment=draft, note="Show the board", by=lead, at=AT)

        assert (returned.status, returned.returned_note) == (Assessment.Status.DRAFT, "Show the board")
        assert returned.submitted_at is None

    def test_a_draft_is_not_published(self, draft, lead):
        with pytest.raises(WrongState) as refused:
            publish_assessment(assessment=draft, by=lead, at=AT)
        assert str(refused.value) == "This assessment is draft and cannot be published. Nothing changed."
        assert Snapshot.objects.count() == 0

    def test_publishing_twice_is_refused(self, draft, lead):
        answer_all(draft, lead, "training", 1)
        publish(draft, lead)
        with pytest.raises(WrongState):
            publish_assessment(assessment=draft, by=lead, at=AT)
        assert Snapshot.objects.count() == 1

    def test_a_deleted_draft_leaves_its_event(self, draft, lead):
        delete_draft(assessment=draft, by=lead, at=AT)
        assert Assessment.objects.count() == 0
        assert Event.objects.filter(action="assessment.delete_draft").count() == 1
