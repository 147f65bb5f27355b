"""Evidence: what proves a team's answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from assessments.models import Criterion, CriterionStatus, Evidence
from assessments.queries import catalog
from assessments.services.scores import rescore_teams
from teams.models import Team, User
from teams.services.events import record_event


class UnknownEvidenceKind(Exception):
    """The maturity model has no such kind of evidence."""


class CollectedInFuture(Exception):
    """Evidence dated after today."""

    def __init__(self) -> None:
        super().__init__("Evidence cannot be collected in the future. Nothing was saved.")


def add_evidence(
    *,
    team: Team,
    criteria: Sequence[Criterion],
    form: str,
    kind: str,
    title: str,
    url: str = "",
    text: str = "",
    collected_on: date,
    by: User,
    at: datetime,
) -> Evidence:
    """The saved evidence. It counts in published numbers from the next publication on.

    Raises UnknownEvidenceKind, CollectedInFuture, or Django's ValidationError for a field that does not fit its form.
    """
    if collected_on > at.date():
        raise CollectedInFuture
    model = catalog.model_file(criteria[0].capability.maturity_model)
    valid_days = {known.id: known.valid_days for known in model.evidence_kinds}
    if kind not in valid_days:
        raise UnknownEvidenceKind(kind)
    evidence = Evidence(
        team=team,
        form=form,
        kind=kind,
        title=title,
        url=url if form == Evidence.Form.LINK else "",
        text=text if form == Evidence.Form.NOTE else "",
        collected_on=collected_on,
        valid_until=collected_on + timedelta(days=valid_days[kind]),
        added_by=by,
        added_at=at,
    )
    evidence.full_clean()
    with transaction.atomic():
        evidence.save()
        evidence.criteria.set(criteria)
        record_event(
            at=at,
            by=by,
            action="evidence.add",
            obj=evidence,
            team=team,
            after={
                "title": title,
                "kind": kind,
                "form": form,
                "url": evidence.url,
                "collected_on": collected_on.isoformat(),
                "criteria": [criterion.slug for criterion in criteria],
            },
        )
    return evidence


def remove_evidence(*, evidence: Evidence, by: User, at: datetime) -> None:
    """Take a piece back. It stays readable in published snapshots, and what it carried is scored anew at once."""
    with transaction.atomic():
        locked = Evidence.objects.select_for_update(of=("self",)).select_related("team").get(pk=evidence.pk)
        if locked.removed_at is not None:
            return
        locked.removed_at = at
        locked.save(update_fields=["removed_at"])
        record_event(
            at=at,
            by=by,
            action="evidence.remove",
            obj=locked,
            team=locked.team,
            before={"title": locked.title},
        )
        rescore_teams(teams=[locked.team], at=at, cause=CriterionStatus.Cause.EVIDENCE, by_name=str(by))


def record_check(*, evidence: Evidence, outcome: str, detail: str, at: datetime, by_name: str) -> None:
    """Keep what a look at the link of a piece found (Evidence.Check); it carries nothing while its page is gone.

    GONE takes its support away and ANSWERED gives it back, both with an event and scored anew at once; UNKNOWN changes nothing.
    """
    with transaction.atomic():
        locked = Evidence.objects.select_for_update(of=("self",)).select_related("team").get(pk=evidence.pk)
        if locked.removed_at is not None:
            return
        was_gone = locked.gone_at is not None
        locked.checked_at, locked.check_outcome, locked.check_detail = at, outcome, detail[:300]
        if outcome == Evidence.Check.ANSWERED:
            locked.answered_at, locked.gone_at = at, None
        elif outcome == Evidence.Check.GONE and not was_gone:
            locked.gone_at = at
        locked.save(update_fields=["checked_at", "check_outcome", "check_detail", "answered_at", "gone_at"])
        is_gone = locked.gone_at is not None
        if is_gone == was_gone:
            return
        record_event(
            at=at,
            by=None,
            actor_name=by_name,
            action="evidence.gone" if is_gone else "evidence.back",
            obj=locked,
            team=locked.team,
            after={"title": locked.title, "url": locked.url, "detail": locked.check_detail},
        )
        rescore_teams(teams=[locked.team], at=at, cause=CriterionStatus.Cause.EVIDENCE, by_name=by_name)
