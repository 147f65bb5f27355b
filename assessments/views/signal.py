"""The history of a signal of a team: raw readings, for those who may see them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.access import current_model, rights_on, signal_for
from assessments.queries import catalog
from assessments.queries.signal_page import signal_page
from teams.access import signed_in, team_for


@require_safe
def signal_detail(request: HttpRequest, slug: str, signal: str) -> HttpResponse:
    """What every source said of one signal, newest first."""
    user = signed_in(request.user)
    team = team_for(user, slug, "measurement.view")
    chosen = signal_for(signal)
    page = signal_page(team, catalog.model_file(current_model()), chosen, timezone.now().date())
    context = {"team": team, "page": page, "may": rights_on(user, team)}
    return render(request, "assessments/signal_detail.html", context)
