"""The first page after sign-in: what awaits you."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assessments.queries import catalog
from assessments.queries.home_page import home_page
from teams.access import signed_in
from teams.queries.rights import remembered_rights


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Open assessments, own teams, and the one obvious next action; in a new organisation the first steps."""
    user = signed_in(request.user)
    rights = remembered_rights(user)
    context = {
        "page": home_page(user, catalog.active_model()),
        "may_make_units": rights.can("unit.edit"),
        "may_make_teams": rights.can("team.edit"),
        "sees_heatmap": rights.can("heatmap.view"),
    }
    return render(request, "home.html", context)
