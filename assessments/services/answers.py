"""What a team says of itself, one criterion at a time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assessments.models import Answer, Assessment, Criterion
from teams.models import User
from teams.services.events import record_event


class AssessmentClosed(Exception):
    """The assessment is no draft any more. Nothing was saved; the published result stands."""

    def __init__(self, assessment: Assessment) -> None:
        super().__init__(
            f"This assessment is {assessment.get_status_display().lower()} and takes no answers. Nothing was saved."
        )
        self.assessment = assessment


class StaleAnswer(Exception):
    """Somebody else saved this answer first. `current` is what stands (None: it was cleared)."""

    def __init__(self, current: Answer | None) -> None:
        super().__init__(
            "Somebody else changed this answer while you were looking at it. Yours was not saved."
        )
        self.current = current


class ReasonMissing(Exception):
    """ "Does not apply" without a reason."""

    def __init__(self) -> None:
        super().__init__('"Does not apply" needs a reason in one sentence. Nothing was saved.')


class NotApplicableNotAllowed(Exception):
    """ "Does not apply" where no flag of the team's profile allows it (RULINGS 9)."""

    def __init__(self, criterion: Criterion) -> None:
        super().__init__(
            '"Does not apply" is open only to teams whose profile says so '
            f"({', '.join(criterion.na_when) or 'no profile flag allows it here'}). Nothing was saved."
        )


class ForeignCriterion(Exception):
    """The criterion belongs to another maturity model than the assessment."""


def record_answer(
    *,
    assessment: Assessment,
    criterion: Criterion,
    value: str,
    reason: str = "",
    note: str = "",
    row_version: int | None,
    by: User,
    at: datetime,
) -> Answer:
    """The saved answer. `row_version` is the one the person saw, None where there was no answer yet.

    Raises AssessmentClosed, StaleAnswer, ReasonMissing, NotApplicableNotAllowed, ForeignCriterion; nothing is saved then.
    """
    with transaction.atomic():
        locked = _open_assessment(assessment)
        if criterion.capability.maturity_model_id != locked.maturity_model_id:
            raise ForeignCriterion
        if value == Answer.Value.NA:
            if not set(criterion.na_when).intersection(locked.team.flags):
                raise NotApplicableNotAllowed(criterion)
            if not reason.strip():
                raise ReasonMissing
        before = Answer.objects.filter(assessment=locked, criterion=criterion).first()
        if (before.row_version if before is not None else None) != row_version:
            raise StaleAnswer(before)
        answer = before or Answer(assessment=locked, criterion=criterion, row_version=0)
        seen = {"value": answer.value, "reason": answer.reason, "note": answer.note} if before else {}
        answer.value = value
        answer.reason = reason.strip() if value == Answer.Value.NA else ""
        answer.note = note
        answer.row_version += 1
        answer.answered_at = at
        answer.answered_by = by
        # What it points at was read in this transaction or is the person; asking again costs three queries (P21).
        answer.clean_fields(exclude=["assessment", "criterion", "answered_by"])
        answer.save()
        record_event(
            at=at,
            by=by,
            action="answer.record",
            obj=answer,
            team=locked.team,
            before=seen,
            after={
                "criterion": criterion.slug,
                "value": answer.value,
                "reason": answer.reason,
                "note": answer.note,
            },
        )
    return answer


def clear_answer(
    *, assessment: Assessment, criterion: Criterion, row_version: int, by: User, at: datetime
) -> None:
    """Back to unanswered. Raises AssessmentClosed, StaleAnswer."""
    with transaction.atomic():
        locked = _open_assessment(assessment)
        before = Answer.objects.filter(assessment=locked, criterion=criterion).first()
        if before is None or before.row_version != row_version:
            raise StaleAnswer(before)
        record_event(
            at=at,
            by=by,
            action="answer.clear",
            obj=before,
            team=locked.team,
            before={"criterion": criterion.slug, "value": before.value, "note": before.note},
        )
        before.delete()


def _open_assessment(assessment: Assessment) -> Assessment:
    # The assessment's row guards its answers: publishing and answering wait for each other.
    locked = Assessment.objects.select_for_update(of=("self",)).select_related("team").get(pk=assessment.pk)
    if locked.status != Assessment.Status.DRAFT:
        raise AssessmentClosed(locked)
    return locked
