"""Why a number stands where it stands: a capability of a team, and one criterion of it."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.access import capability_for, criterion_for, current_model, rights_on
from assessments.models import Assessment
from assessments.queries import catalog
from assessments.queries.assessment_page import open_assessment
from assessments.queries.capability_page import CapabilityPage, capability_page, criterion_why, signals_why
from assessments.queries.team_state import StatusLine
from assessments.queries.why_changed import moved_since
from assessments.queries.words import BASIS_WORDS, flag_words, three_words
from assessments.views.links import team_crumbs
from mlops_portal.lib.parts import Link
from mlops_portal.lib.words import day_words
from teams.access import signed_in, team_for
from teams.models import Team
from teams.queries.machines import who_for


@require_safe
def capability_detail(request: HttpRequest, slug: str, capability: str) -> HttpResponse:
    """Each criterion of a capability with what carries it."""
    user = signed_in(request.user)
    team = team_for(user, slug, "results.view")
    maturity_model = current_model()
    chosen = capability_for(maturity_model, capability)
    page = capability_page(team, maturity_model, chosen, timezone.now().date(), who=who_for(user))
    may = rights_on(user, team)
    context = {
        "team": team,
        "page": page,
        "may": may,
        "crumbs": team_crumbs(team, Link(page.dimension)),
        "lead": _capability_lead(page),
        "action": _answer_link(team, chosen.id) if may.edits else None,
        "texts": {criterion.id: criterion.text for criterion in chosen.criteria},
    }
    return render(request, "assessments/capability_detail.html", context)


def _capability_lead(page: CapabilityPage) -> str:
    """The numbers in a sentence, or that there are none."""
    score = page.score
    if score is None or score.state == "unassessed":
        return "Nothing is known yet. Unknown is not a no: it lowers no number."
    if score.level is None:
        return "Does not apply to this team."
    sentence = f"{three_words(score.verified, score.level, score.potential).capitalize()}."
    return (
        f"{sentence} Answers and signals disagree on at least one criterion."
        if score.has_dispute
        else sentence
    )


def _answer_link(team: Team, capability: str) -> Link | None:
    """The ladder of the open draft; None while no draft is open."""
    assessment = open_assessment(team.slug)
    if assessment is None or assessment.status != Assessment.Status.DRAFT:
        return None
    return Link("Answer it", reverse("assessments:capability-edit", args=[team.slug, capability]))


@require_safe
def criterion_detail(request: HttpRequest, slug: str, criterion: str) -> HttpResponse:
    """One criterion with everything behind it and how it stood before."""
    user = signed_in(request.user)
    team = team_for(user, slug, "results.view")
    maturity_model = current_model()
    chosen = criterion_for(maturity_model, criterion)
    model = catalog.model_file(maturity_model)
    capability = next(c for c in model.capabilities if chosen in c.criteria)
    today = timezone.now().date()
    who = who_for(user)
    line = criterion_why(team, maturity_model, chosen, today, who=who)
    since, error = _since(request.GET.get("since", ""), today)
    place = reverse("assessments:capability-detail", args=[team.slug, capability.id])
    context = {
        "team": team,
        "line": line,
        "why": signals_why(team, maturity_model, line, today, who=who),
        "since": since,
        "moved": moved_since(team, catalog.rows(maturity_model).criteria[chosen.id], since, who=who)
        if since
        else None,
        "error": error,
        "capability": capability,
        "crumbs": team_crumbs(team, Link(capability.name, place)),
        "lead": _criterion_lead(line.status),
        # The dispute has a notice of its own.
        "flags": flag_words(flag for flag in line.status.flags if flag != "disputed" or not line.dispute),
        "level_name": model.levels[chosen.level].name,
        "basis": BASIS_WORDS.get(chosen.basis, chosen.basis),
        "may": rights_on(user, team),
    }
    return render(request, "assessments/criterion_detail.html", context)


def _since(given: str, today: date) -> tuple[date | None, str]:
    """The day to compare with, or why it is none. Nothing given is no error."""
    if not given:
        return None, ""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None, "Give the day as 2026-11-20."
    return (day, "") if day <= today else (None, "That day is still to come. Give an earlier one.")


def _criterion_lead(status: StatusLine) -> str:
    """Status and support, since when and by what."""
    outcome = f"{status.in_words.capitalize()}{', disputed' if status.is_disputed else ''}"
    if status.since_at is None:
        return f"{outcome}: nobody has answered it and nothing was measured."
    by = f", by {status.by}" if status.by else ""
    return f"{outcome}, since {day_words(timezone.localtime(status.since_at).date())}: {status.cause_in_words}{by}."
