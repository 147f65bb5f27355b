"""The list of teams and the page of one."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.access import current_model, rights_on
from assessments.queries import catalog
from assessments.queries.team_list import listed_teams, team_lines
from assessments.queries.team_page import team_page
from teams.access import signed_in, team_for
from teams.queries.rights import remembered_rights, teams_visible_to

_PER_PAGE = 50


@require_safe
def team_list(request: HttpRequest) -> HttpResponse:
    """Every team that the person sees, with its numbers where results may be seen."""
    user = signed_in(request.user)
    rights = remembered_rights(user)
    maturity_model = catalog.active_model()
    text = request.GET.get("q", "").strip()[:120]
    teams = listed_teams(teams_visible_to(user, "team.view"), maturity_model, text=text)
    page = Paginator(teams, _PER_PAGE).get_page(request.GET.get("page"))
    lines = [
        (line, rights.can("results.view", line.team), rights.can("answer.edit", line.team))
        for line in team_lines(list(page.object_list), maturity_model)
    ]
    context = {"page": page, "lines": lines, "text": text, "may_create": rights.can("team.edit")}
    return render(request, "assessments/team_list.html", context)


@require_safe
def team_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Where one team stands, why, and what to do next."""
    user = signed_in(request.user)
    team = team_for(user, slug)
    maturity_model = current_model()
    page = team_page(team, maturity_model, timezone.now().date())
    context = {
        "team": team,
        "page": page,
        "may": rights_on(user, team),
        "model": catalog.model_file(maturity_model),
    }
    return render(request, "assessments/team_detail.html", context)
