"""Pages of one team: its settings and its people. What it scores is shown by the assessments' pages."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mlops_portal.lib.parts import Link
from teams.access import require, signed_in, team_for
from teams.forms.organisation import MoveForm, TeamSettingsForm
from teams.forms.people import PlaceRoleForm
from teams.models import Grant, Role, Team, User
from teams.queries.people import people_matching, people_on
from teams.queries.rights import remembered_rights, units_visible_to
from teams.services.grants import grant_role, may_grant
from teams.services.teams import StaleTeam, archive_team, move_team, rename_team, restore_team
from teams.views.organisation import place_crumbs
from teams.views.saving import form_page, saved, status_of

_SUGGESTED_PEOPLE = 200


@require_http_methods(["GET", "HEAD", "POST"])
def team_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Name and description; the ways to move and archive. A save on top of another one is 409 with what is there now."""
    user = signed_in(request.user)
    team = team_for(user, slug, "team.edit", with_archived=True)
    form = TeamSettingsForm(request.POST or None, initial=_settings(team))
    status = HTTPStatus.OK
    try:
        if saved(form, lambda data: rename_team(team=team, by=user, at=timezone.now(), **data)):
            messages.info(request, "Saved.")
            return redirect("teams:team-settings", slug)
        status = status_of(form)
    except StaleTeam as stale:
        team, status = stale.current, HTTPStatus.CONFLICT
        form = TeamSettingsForm(initial=_settings(team))
        messages.warning(request, str(stale))
    context = {"team": team, "form": form, "crumbs": place_crumbs(team.unit, user)}
    return render(request, "teams/team_settings.html", context, status=status)


def _settings(team: Team) -> dict[str, str | int]:
    return {"name": team.name, "description": team.description, "row_version": team.row_version}


@require_http_methods(["GET", "HEAD", "POST"])
def team_move(request: HttpRequest, slug: str) -> HttpResponse:
    """Another unit for a team."""
    user = signed_in(request.user)
    team = team_for(user, slug, "team.edit")
    units = units_visible_to(user, "team.edit").exclude(pk=team.unit_id).order_by("path")
    form = MoveForm(request.POST or None, units=units)
    if saved(form, lambda data: move_team(team=team, unit=data["parent"], by=user, at=timezone.now())):
        messages.info(request, f"{team} belongs to {form.cleaned_data['parent']} now.")
        return redirect("teams:team-settings", slug)
    return form_page(
        request,
        form,
        title=f"Move {team}",
        lead=f"It belongs to {team.unit}. Who holds a role on the new unit gets it here; who held one on the old loses it.",
        submit="Move the team",
        crumbs=place_crumbs(team.unit, user),
        back=Link("Cancel", reverse("teams:team-settings", args=[slug])),
    )


@require_POST
def team_archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes the team out of lists, heatmap and roll-ups."""
    user = signed_in(request.user)
    team = team_for(user, slug, "team.edit")
    archive_team(team=team, by=user, at=timezone.now())
    messages.info(request, f"{team} is archived. All it has is kept.")
    return redirect("teams:unit-detail", team.unit.slug)


@require_POST
def team_restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Brings an archived team back."""
    user = signed_in(request.user)
    team = team_for(user, slug, "team.edit", with_archived=True)
    restore_team(team=team, by=user, at=timezone.now())
    messages.info(request, f"{team} is back.")
    return redirect("teams:team-settings", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def team_members(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is in the team; POST takes somebody in."""
    user = signed_in(request.user)
    team = team_for(user, slug)
    roles = [role for role in (Role.MEMBER, Role.LEAD) if may_grant(user, role, team)]
    form = PlaceRoleForm(request.POST or None, roles=roles)
    if request.method == "POST":
        require(user, "team.edit_members", team)
        if saved(form, lambda data: _take_in(user, team, data["username"], data["role"])):
            messages.info(request, f"{form.cleaned_data['username']} is in the team now.")
            return redirect("teams:team-members", slug)
    grants = list(people_on(team))
    context = {
        "team": team,
        "crumbs": (*place_crumbs(team.unit, user), _link(team)),
        "grants": grants,
        "lead": _in_words(grants),
        "can_edit": remembered_rights(user).can("team.edit_members", team),
        "people": people_matching()[:_SUGGESTED_PEOPLE] if roles else (),
        "form": form,
    }
    return render(request, "teams/team_members.html", context, status=status_of(form))


def _link(team: Team) -> Link:
    """A crumb to what the team scores: a page of another app, left without an address where it is not built in."""
    try:
        return Link(team.name, reverse("assessments:team-detail", args=[team.slug]))
    except NoReverseMatch:
        return Link(team.name)


def _take_in(by: User, team: Team, person: User, role: Role) -> None:
    grant_role(user=person, role=role, team=team, by=by, at=timezone.now())


def _in_words(grants: list[Grant]) -> str:
    leads = sum(grant.role == Role.LEAD for grant in grants)
    if not grants:
        return "Nobody is in the team yet."
    if not leads:
        return f"{len(grants)} in the team, and nobody leads it yet."
    return f"{len(grants)} in the team, {leads} of them as lead."
