"""Why a number stands where it stands: a capability of a team, and one criterion of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.access import capability_for, criterion_for, current_model, rights_on
from assessments.queries import catalog
from assessments.queries.capability_page import capability_page, criterion_why
from assessments.queries.words import BASIS_WORDS
from teams.access import signed_in, team_for


@require_safe
def capability_detail(request: HttpRequest, slug: str, capability: str) -> HttpResponse:
    """Each criterion of a capability with what carries it."""
    user = signed_in(request.user)
    team = team_for(user, slug, "results.view")
    maturity_model = current_model()
    chosen = capability_for(maturity_model, capability)
    page = capability_page(team, maturity_model, chosen, timezone.now().date())
    context = {"team": team, "page": page, "may": rights_on(user, team)}
    return render(request, "assessments/capability_detail.html", context)


@require_safe
def criterion_detail(request: HttpRequest, slug: str, criterion: str) -> HttpResponse:
    """One criterion with everything behind it and how it stood before."""
    user = signed_in(request.user)
    team = team_for(user, slug, "results.view")
    maturity_model = current_model()
    chosen = criterion_for(maturity_model, criterion)
    model = catalog.model_file(maturity_model)
    context = {
        "team": team,
        "line": criterion_why(team, maturity_model, chosen, timezone.now().date()),
        "capability": next(c for c in model.capabilities if chosen in c.criteria),
        "level_name": model.levels[chosen.level].name,
        "basis": BASIS_WORDS.get(chosen.basis, chosen.basis),
        "may": rights_on(user, team),
    }
    return render(request, "assessments/criterion_detail.html", context)
