"""The trace of what is live, back to the data it was made of."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from integrations.queries.trace import Trace, trace_of
from mlops_portal.lib.parts import Link
from mlops_portal.lib.words import day_words
from teams.access import signed_in, team_for

VIEW = "measurement.view"


@require_safe
def trace_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One table for each live version; each step a link, or why the trace breaks there."""
    user = signed_in(request.user)
    team = team_for(user, slug, VIEW)
    trace = trace_of(team)
    context = {
        "team": team,
        "trace": trace,
        "lead": " ".join(filter(None, (_lead(trace), _age(trace)))),
        "crumbs": (
            Link("Teams", reverse("assessments:team-list")),
            Link(team.name, reverse("assessments:team-detail", args=[team.slug])),
        ),
    }
    return render(request, "integrations/trace.html", context)


def _age(trace: Trace) -> str:
    """How old it is: a source may be paused or out of reach for weeks."""
    return f"As read on {day_words(trace.read_at.date())}." if trace.read_at is not None else ""


def _lead(trace: Trace) -> str:
    """How many live versions can be traced to the end."""
    if not trace.versions:
        return trace.why_none
    whole, count = sum(version.is_whole for version in trace.versions), len(trace.versions)
    if count == 1:
        return (
            "The one live version can be traced to its data."
            if whole
            else "The trace of the one live version breaks."
        )
    return f"{whole} of {count} live versions can be traced from deployment to data."
