"""Pages of units: the tree, one unit, making, naming and moving them, roles on them."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from mlops_portal.lib.parts import Column, Link, Row
from teams.access import require, require_recent_sign_in, signed_in, unit_for
from teams.forms.organisation import MoveForm, TeamForm, UnitForm
from teams.forms.people import PlaceRoleForm
from teams.models import Role, Team, Unit, User
from teams.permissions import ROOT_ROLES
from teams.queries.organisation import (
    UnitLine,
    archived_teams_in,
    destinations_for,
    teams_right_in,
    unit_tree,
    units_above,
    units_right_below,
)
from teams.queries.people import people_matching, people_on
from teams.queries.rights import remembered_rights
from teams.services.grants import grant_role, grantable_roles
from teams.services.organisation import create_unit, move_unit, rename_unit
from teams.services.teams import create_team
from teams.views.saving import form_page, saved, status_of

# More names than this help nobody in a list of suggestions.
_SUGGESTED_PEOPLE = 200
_INDENT = "\u2003"  # a wide space: the tree is read by eye here and by "Part of" elsewhere


def unit_link(unit: Unit) -> Link:
    """A crumb to the unit's page."""
    return Link(unit.name, reverse("teams:unit-detail", args=[unit.slug]))


def place_crumbs(unit: Unit, user: User, *, with_unit: bool = True) -> tuple[Link, ...]:
    """Organisation and the units above, for the breadcrumb."""
    above = [unit_link(one) for one in units_above(unit, user)]
    return (*above, unit_link(unit)) if with_unit else tuple(above)


@require_safe
def organisation(request: HttpRequest) -> HttpResponse:
    """The tree of units, as far as the person sees it."""
    user = signed_in(request.user)
    require(user, "org.list")
    lines = unit_tree(user)
    rows = [
        Row(
            line.unit.name,
            (line.parent or "-", line.teams),
            reverse("teams:unit-detail", args=[line.unit.slug]),
            _INDENT * line.depth,
        )
        for line in lines
    ]
    context = {
        "columns": (Column("Unit"), Column("Part of"), Column("Teams", is_number=True)),
        "rows": rows,
        "lead": _lead_of_tree(lines),
        "title": lines[0].unit.name if lines else "Organisation",
        "top": lines[0].unit if lines and remembered_rights(user).can("unit.edit", lines[0].unit) else None,
    }
    return render(request, "teams/organisation.html", context)


def _lead_of_tree(lines: list[UnitLine]) -> str:
    # The organisation itself is a line of the tree and no unit in the words of the page.
    units, teams = sum(line.unit.depth > 1 for line in lines), sum(line.teams for line in lines)
    if not units and not teams:
        return "No units and no teams yet."
    return f"{units} unit{'' if units == 1 else 's'} with {teams} team{'' if teams == 1 else 's'}."


def _lead_of_unit(teams: int) -> str:
    return f"{teams} {'team belongs' if teams == 1 else 'teams belong'} to it."


@require_http_methods(["GET", "HEAD", "POST"])
def unit_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One unit: what is below it, its teams, and the roles that hold here. POST gives a role."""
    user = signed_in(request.user)
    unit = unit_for(user, slug)
    rights = remembered_rights(user)
    form = PlaceRoleForm(request.POST or None, roles=_roles_here(user, unit))
    if request.method == "POST":
        require(user, "unit.appoint", unit)
        if form.is_valid() and form.cleaned_data["role"].value in ROOT_ROLES:
            require_recent_sign_in(request, "org.appoint")
        if saved(form, lambda data: _grant(user, unit, data["username"], data["role"])):
            messages.info(
                request, f"{form.cleaned_data['username']} is {form.cleaned_data['role'].label.lower()} now."
            )
            return redirect("teams:unit-detail", slug)
    can_appoint = rights.can("unit.appoint", unit)
    page = Paginator(teams_right_in(unit, user), 100).get_page(request.GET.get("page"))
    context = {
        "unit": unit,
        "lead": _lead_of_unit(page.paginator.count),
        "crumbs": place_crumbs(unit, user, with_unit=False),
        "units": units_right_below(unit, user),
        "page": page,
        "archived": archived_teams_in(unit, user),
        "can_edit": rights.can("unit.edit", unit),
        "grants": people_on(unit) if can_appoint else None,
        "people": people_matching()[:_SUGGESTED_PEOPLE] if can_appoint else (),
        "form": form,
    }
    return render(request, "teams/unit_detail.html", context, status=status_of(form))


def _roles_here(user: User, unit: Unit) -> list[Role]:
    on_units = {Role.VIEWER, Role.MANAGER} | ({Role.PLATFORM, Role.ADMIN} if unit.depth == 1 else set())
    return [role for role in grantable_roles(user) if role in on_units]


def _grant(by: User, unit: Unit, person: User, role: Role) -> None:
    grant_role(user=person, role=role, unit=unit, by=by, at=timezone.now())


@require_http_methods(["GET", "HEAD", "POST"])
def unit_create(request: HttpRequest, slug: str) -> HttpResponse:
    """A new unit below the one in the address."""
    user = signed_in(request.user)
    parent = unit_for(user, slug, "unit.edit")
    form = UnitForm(request.POST or None)
    if saved(form, lambda data: create_unit(name=data["name"], parent=parent, by=user, at=timezone.now())):
        messages.info(request, f"{form.cleaned_data['name']} is a unit of {parent} now.")
        return redirect("teams:unit-detail", slug)
    return form_page(
        request,
        form,
        title="New unit",
        lead=f"It lies below {parent}. Roles on {parent} hold there too.",
        submit="Create the unit",
        crumbs=place_crumbs(parent, user),
        back=Link("Cancel", unit_link(parent).url),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def unit_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Another name for a unit; its page also leads to the move."""
    user = signed_in(request.user)
    unit = unit_for(user, slug, "unit.edit")
    form = UnitForm(request.POST or None, initial={"name": unit.name})
    if saved(form, lambda data: rename_unit(unit=unit, name=data["name"], by=user, at=timezone.now())):
        messages.info(request, "The name is saved. The address of the unit stays.")
        return redirect("teams:unit-detail", slug)
    return form_page(
        request,
        form,
        title=f"Rename {unit}",
        submit="Save the name",
        crumbs=place_crumbs(unit, user),
        back=Link("Cancel", unit_link(unit).url),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def unit_move(request: HttpRequest, slug: str) -> HttpResponse:
    """Another place in the tree for a unit with all below it."""
    user = signed_in(request.user)
    unit = unit_for(user, slug, "unit.edit")
    form = MoveForm(request.POST or None, units=destinations_for(user, moving=unit))
    if saved(form, lambda data: move_unit(unit=unit, parent=data["parent"], by=user, at=timezone.now())):
        messages.info(request, f"{unit} lies below {form.cleaned_data['parent']} now.")
        return redirect("teams:unit-detail", slug)
    count = Team.objects.active().under(unit).count()
    return form_page(
        request,
        form,
        title=f"Move {unit}",
        lead=f"Its {count} teams go along. Who holds a role on the new place gets it here; who held one on the old loses it.",
        submit="Move the unit",
        crumbs=place_crumbs(unit, user),
        back=Link("Cancel", unit_link(unit).url),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def team_create(request: HttpRequest, slug: str) -> HttpResponse:
    """A new team in the unit of the address."""
    user = signed_in(request.user)
    unit = unit_for(user, slug, "team.edit")
    form = TeamForm(request.POST or None)
    made: list[Team] = []
    if saved(form, lambda data: made.append(create_team(unit=unit, by=user, at=timezone.now(), **data))):
        messages.info(request, f"{made[0]} is a team of {unit} now. Next: its people.")
        return redirect("teams:team-members", made[0].slug)
    return form_page(
        request,
        form,
        title="New team",
        lead=f"A team is what is assessed. It belongs to {unit}.",
        submit="Create the team",
        crumbs=place_crumbs(unit, user),
        back=Link("Cancel", unit_link(unit).url),
    )
