"""An assessment's way from draft to published, each step one transaction with its event."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson
from django.db import transaction

from assessments.models import Assessment, CriterionStatus, Evidence, Score, Snapshot
from assessments.queries import catalog
from assessments.services.scores import rescore_teams
from teams.models import Team, User
from teams.services.events import record_event


class NoMaturityModel(Exception):
    """No maturity model is active yet."""

    def __init__(self) -> None:
        super().__init__(
            "No maturity model is active. Run `manage.py load_maturity_model FILE --activate` first."
        )


class AlreadyOpen(Exception):
    """The team has an open assessment; `assessment` is it."""

    def __init__(self, assessment: Assessment) -> None:
        super().__init__("This team has an open assessment already. Nothing was started.")
        self.assessment = assessment


class WrongState(Exception):
    """The assessment is not in the state that this step begins from. Nothing changed."""

    def __init__(self, assessment: Assessment, step: str) -> None:
        super().__init__(
            f"This assessment is {assessment.get_status_display().lower()} and cannot be {step}. Nothing changed."
        )


class NothingAnswered(Exception):
    """A draft without a single answer."""

    def __init__(self) -> None:
        super().__init__("Nothing is answered yet. Answer at least one criterion, then send it.")


def start_assessment(*, team: Team, period: str = "", by: User, at: datetime) -> Assessment:
    """A new, empty draft. What was published last stands until it lapses; nothing is chosen for the team (UX A2).

    Raises NoMaturityModel, AlreadyOpen.
    """
    maturity_model = catalog.active_model()
    if maturity_model is None:
        raise NoMaturityModel
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        existing = Assessment.objects.filter(
            team=team, maturity_model=maturity_model, status__lt=Assessment.Status.PUBLISHED
        ).first()
        if existing is not None:
            raise AlreadyOpen(existing)
        assessment = Assessment.objects.create(
            team=team,
            maturity_model=maturity_model,
            period=period or f"Q{(at.month - 1) // 3 + 1} {at.year}",
            created_at=at,
            created_by=by,
        )
        _record(assessment, "assessment.start", by, at)
    return assessment


def submit_assessment(*, assessment: Assessment, by: User, at: datetime) -> Assessment:
    """Draft -> in review. Raises WrongState, NothingAnswered."""
    with transaction.atomic():
        locked = _locked(assessment, Assessment.Status.DRAFT, "sent")
        if not locked.answers.exists():
            raise NothingAnswered
        locked.status = Assessment.Status.IN_REVIEW
        locked.submitted_at = at
        locked.submitted_by = by
        locked.returned_note = ""
        _save(locked)
        _record(locked, "assessment.submit", by, at)
    return locked


def withdraw_assessment(*, assessment: Assessment, by: User, at: datetime) -> Assessment:
    """In review -> draft, by the team itself. Raises WrongState."""
    return _back_to_draft(assessment, "assessment.withdraw", "", by, at)


def return_assessment(*, assessment: Assessment, note: str, by: User, at: datetime) -> Assessment:
    """In review -> draft, by a reviewer with a note. Raises WrongState."""
    return _back_to_draft(assessment, "assessment.return", note, by, at)


def publish_assessment(
    *, assessment: Assessment, is_reviewed: bool = False, by: User, at: datetime
) -> Snapshot:
    """In review -> published: frozen, scored, the one before superseded. Raises WrongState.

    `is_reviewed` says whether somebody from outside the team looked at it; shown wherever the result is.
    """
    with transaction.atomic():
        locked = _locked(assessment, Assessment.Status.IN_REVIEW, "published")
        Assessment.objects.filter(
            team=locked.team,
            maturity_model=locked.maturity_model,
            status=Assessment.Status.PUBLISHED,
        ).update(status=Assessment.Status.SUPERSEDED, superseded_at=at)
        locked.status = Assessment.Status.PUBLISHED
        locked.published_at = at
        locked.published_by = by
        locked.is_reviewed = is_reviewed
        _save(locked)
        rescore_teams(teams=[locked.team], at=at, cause=CriterionStatus.Cause.PUBLICATION, by_name=str(by))
        content = orjson.dumps(_frozen(locked), option=orjson.OPT_SORT_KEYS).decode()
        snapshot = Snapshot.objects.create(
            assessment=locked,
            revision=1,
            content=content,
            sha256=hashlib.sha256(content.encode()).hexdigest(),
            taken_at=at,
        )
        _record(
            locked, "assessment.publish", by, at, after={"sha256": snapshot.sha256, "reviewed": is_reviewed}
        )
    return snapshot


def delete_draft(*, assessment: Assessment, by: User, at: datetime) -> None:
    """Throw a draft away. Raises WrongState for anything else."""
    with transaction.atomic():
        locked = _locked(assessment, Assessment.Status.DRAFT, "deleted")
        _record(locked, "assessment.delete_draft", by, at, after={"answers": locked.answers.count()})
        locked.delete()


def _back_to_draft(assessment: Assessment, action: str, note: str, by: User, at: datetime) -> Assessment:
    with transaction.atomic():
        locked = _locked(assessment, Assessment.Status.IN_REVIEW, "taken back")
        locked.status = Assessment.Status.DRAFT
        locked.submitted_at = None
        locked.submitted_by = None
        locked.returned_note = note
        _save(locked)
        _record(locked, action, by, at, after={"note": note} if note else {})
    return locked


def _locked(assessment: Assessment, status: Assessment.Status, step: str) -> Assessment:
    locked = (
        Assessment.objects.select_for_update(of=("self",))
        .select_related("team", "maturity_model")
        .get(pk=assessment.pk)
    )
    if locked.status != status:
        raise WrongState(locked, step)
    return locked


def _save(assessment: Assessment) -> None:
    assessment.row_version += 1
    assessment.save()


def _record(
    assessment: Assessment, action: str, by: User, at: datetime, after: dict[str, Any] | None = None
) -> None:
    record_event(
        at=at,
        by=by,
        action=action,
        obj=assessment,
        team=assessment.team,
        after={"period": assessment.period, **(after or {})},
    )


def _frozen(assessment: Assessment) -> dict[str, Any]:
    """Everything that a published assessment says, for ever."""
    answers = assessment.answers.select_related("criterion", "answered_by").order_by("criterion_id")
    evidence = (
        Evidence.objects.filter(team=assessment.team, removed_at__isnull=True)
        .prefetch_related("criteria")
        .order_by("pk")
    )
    scores = (
        Score.objects.filter(team=assessment.team, capability__maturity_model=assessment.maturity_model)
        .select_related("capability")
        .order_by("capability__position")
    )
    return {
        "team": {"slug": assessment.team.slug, "name": assessment.team.name, "flags": assessment.team.flags},
        "maturity_model": {
            "key": assessment.maturity_model.key,
            "version": assessment.maturity_model.version,
            "sha256": assessment.maturity_model.sha256,
        },
        "period": assessment.period,
        "published_at": assessment.published_at,
        "published_by": str(assessment.published_by),
        "is_reviewed": assessment.is_reviewed,
        "answers": [
            {
                "criterion": answer.criterion.slug,
                "value": answer.value,
                "reason": answer.reason,
                "note": answer.note,
                "answered_at": answer.answered_at,
                "answered_by": str(answer.answered_by or ""),
            }
            for answer in answers
        ],
        "evidence": [
            {
                "title": piece.title,
                "form": piece.form,
                "kind": piece.kind,
                "url": piece.url,
                "text": piece.text,
                "collected_on": piece.collected_on,
                "valid_until": piece.valid_until,
                "status": piece.status,
                "criteria": sorted(criterion.slug for criterion in piece.criteria.all()),
            }
            for piece in evidence
        ],
        "scores": [
            {
                "capability": score.capability.slug,
                "state": score.state,
                "verified": score.verified,
                "level": score.level,
                "potential": score.potential,
                "score": None if score.score is None else str(score.score),
            }
            for score in scores
        ],
    }
