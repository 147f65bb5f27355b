"""Access in one call for the pages of assessments: the thing, or 404 to strangers and 403 to those who see but may not."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from assessments.catalog import schema
from assessments.models import Assessment, Criterion, Evidence, MaturityModel
from assessments.queries import catalog
from assessments.queries.assessment_page import open_assessment
from assessments.queries.capability_page import find_capability, find_criterion
from assessments.vocabulary import SIGNALS, Signal
from teams.access import require, signed_in, team_for
from teams.models import Team, User
from teams.queries.rights import remembered_rights


@dataclass(frozen=True, slots=True)
class TeamRights:
    """What one person may do with one team's assessment, for the buttons of a page."""

    sees_results: bool
    sees_notes: bool
    sees_signals: bool
    sees_draft: bool
    edits: bool
    starts: bool
    submits: bool
    publishes: bool
    deletes: bool
    describes: bool


def rights_on(user: User, team: Team) -> TeamRights:
    """Reads `team.unit`. No query once the person's rights are remembered."""
    rights = remembered_rights(user)

    def may(action: str) -> bool:
        return rights.can(action, team)

    return TeamRights(
        sees_results=may("results.view"),
        sees_notes=may("results.view_notes"),
        sees_signals=may("measurement.view"),
        sees_draft=may("draft.view"),
        edits=may("answer.edit"),
        starts=may("assessment.create"),
        submits=may("assessment.submit"),
        # Review is off until an organisation switches it on: the lead publishes and the result says so (RULINGS 9).
        publishes=may("assessment.publish"),
        deletes=may("assessment.delete_draft"),
        describes=may("team.edit_members"),
    )


def assessment_for(user: object, slug: str, action: str) -> Assessment:
    """The open assessment of a team. Raises Http404 (no such team, not visible, nothing open) or PermissionDenied."""
    person = signed_in(user)
    assessment = open_assessment(slug)
    if assessment is None:
        # A stranger and a team without an open assessment look the same from outside.
        team_for(person, slug, action)
        raise Http404
    require(person, action, assessment.team)
    return assessment


def current_model() -> MaturityModel:
    """The active maturity model. Raises Http404 before the first one is activated."""
    maturity_model = catalog.active_model()
    if maturity_model is None:
        raise Http404("No maturity model is active.")
    return maturity_model


def capability_for(maturity_model: MaturityModel, slug: str) -> schema.Capability:
    """A capability as it stands in the file. Raises Http404."""
    capability = find_capability(catalog.model_file(maturity_model), slug)
    if capability is None:
        raise Http404
    return capability


def criterion_for(maturity_model: MaturityModel, slug: str) -> schema.Criterion:
    """A criterion as it stands in the file. Raises Http404."""
    criterion = find_criterion(catalog.model_file(maturity_model), slug)
    if criterion is None:
        raise Http404
    return criterion


def criterion_row(maturity_model: MaturityModel, slug: str) -> Criterion:
    """A criterion's row with its capability, for services. Raises Http404."""
    row = (
        Criterion.objects.select_related("capability")
        .filter(capability__maturity_model=maturity_model, slug=slug)
        .first()
    )
    if row is None:
        raise Http404
    return row


def evidence_for(user: object, slug: str, pk: int) -> Evidence:
    """A piece of evidence that the person may take back. Raises Http404 or PermissionDenied."""
    person = signed_in(user)
    evidence = (
        Evidence.objects.select_related("team__unit")
        .filter(pk=pk, team__slug=slug, team__archived_at__isnull=True, removed_at__isnull=True)
        .first()
    )
    if evidence is None:
        raise Http404
    require(person, "evidence.delete", evidence.team, own=evidence.added_by_id == person.pk)
    return evidence


def signal_for(slug: str) -> Signal:
    """A signal of the vocabulary. Raises Http404."""
    if slug not in SIGNALS:
        raise Http404
    return SIGNALS[slug]
