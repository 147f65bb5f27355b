"""The list of teams and the page of one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.access import TeamRights, current_model, rights_on
from assessments.models import Assessment
from assessments.queries import catalog
from assessments.queries.certainty import certainty
from assessments.queries.team_list import listed_teams, team_lines
from assessments.queries.team_page import TeamPage, team_page
from assessments.queries.words import count_words
from assessments.views.links import address
from mlops_portal.lib.parts import Link, Meta
from mlops_portal.lib.words import day_words
from teams.access import signed_in, team_for
from teams.models import Team, User
from teams.queries.machines import who_for
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
        for line in team_lines(page.object_list)
    ]
    make = Link("Make a team", reverse("teams:organisation")) if rights.can("team.edit") else None
    context = {
        "page": page,
        "lines": lines,
        "shows_open": any(edits for _, _, edits in lines),
        "text": text,
        "lead": _list_lead(page.paginator.count, text),
        "action": make if lines else None,
        "make": make,
        "empty_title": f"No team matches “{text}”",
        "clear": Link("Show all teams", reverse("assessments:team-list")),
    }
    return render(request, "assessments/team_list.html", context)


def _list_lead(count: int, text: str) -> str:
    if count == 0:
        return ""
    return (
        f"{count_words(count, 'team matches', 'teams match')} “{text}”."
        if text
        else f"You see {count_words(count, 'team')}."
    )


@require_safe
def team_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Where one team stands, why, and what to do next."""
    user = signed_in(request.user)
    team = team_for(user, slug)
    may = rights_on(user, team)
    maturity_model = current_model()
    model = catalog.model_file(maturity_model)
    page = team_page(team, maturity_model, timezone.now().date(), who=who_for(user))
    start = _action(team, page, may) if page.open_assessment is None else None
    context = {
        "team": team,
        "page": page,
        "may": may,
        "crumbs": (
            Link("Teams", reverse("assessments:team-list")),
            Link(team.unit.name, reverse("teams:unit-detail", args=[team.unit.slug])),
        ),
        "lead": page.result.lead if page.result is not None and may.sees_results else "",
        "action": _action(team, page, may) if page.result is not None or start is None else None,
        "start": start,
        "meta": _meta(page, may),
        "sure": certainty(page.result) if page.result is not None else (),
        "links": _links(team, may),
        "sees_facts": may.sees_results or may.sees_signals,
        "connections_url": _connections(user),
        "names": {capability.id: capability.name for capability in model.capabilities},
        "texts": {criterion.id: criterion.text for criterion in model.criteria()},
    }
    return render(request, "assessments/team_detail.html", context)


def _action(team: Team, page: TeamPage, may: TeamRights) -> Link | None:
    """The one thing to do with the team's assessment; None for those who answer for nothing here."""
    url = reverse("assessments:assessment-detail", args=[team.slug])
    if page.open_assessment is None:
        return Link("Start assessment", url) if may.starts else None
    if not may.sees_draft:
        return None
    is_draft = page.open_assessment.status == Assessment.Status.DRAFT
    return Link("Continue assessment" if is_draft and may.edits else "See the assessment", url)


def _meta(page: TeamPage, may: TeamRights) -> tuple[Meta, ...]:
    result = page.result
    if result is None or not may.sees_results:
        return ()
    reviewed = "reviewed" if result.is_reviewed else "not reviewed"
    assessed = f"{day_words(result.assessed_on)}, {reviewed}" if result.assessed_on else "signals only"
    return (
        Meta("Last result", assessed),
        Meta("Known", f"{result.known} of {result.applicable}"),
        Meta("Counted", result.as_of),
    )


def _links(team: Team, may: TeamRights) -> tuple[Link, ...]:
    """Ways from here that are not the main one."""
    links = [Link("People of the team", reverse("teams:team-members", args=[team.slug]))]
    if may.describes:
        links.append(Link("Profile", reverse("assessments:profile-edit", args=[team.slug])))
    trace = address("integrations:trace-detail", team.slug)
    if trace and may.sees_signals:
        links.append(Link("Trace of what is live", trace))
    progress = address("insights:progress")
    if progress and may.sees_results:
        links.append(Link("Progress", f"{progress}?{urlencode({'team': team.slug, 'weeks': 52})}"))
    return tuple(links)


def _connections(user: User) -> str:
    """Where what is measured is chosen; empty for those who may not see it."""
    return address("integrations:connection-list") if remembered_rights(user).can("connection.view") else ""
