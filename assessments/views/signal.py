"""The history of a signal of a team: raw readings, for those who may see them."""

from __future__ import annotations

import re
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import format_html_join
from django.views.decorators.http import require_safe

from assessments.access import current_model, rights_on, signal_for
from assessments.queries import catalog
from assessments.queries.signal_page import signal_page
from assessments.views.links import address, team_crumbs
from mlops_portal.lib.parts import Column, Link, Row
from mlops_portal.lib.words import day_words
from teams.access import signed_in, team_for

_COLUMNS = (
    Column("Observed"),
    Column("Value", is_number=True),
    Column("Sample", is_number=True),
    Column("Source"),
)
_PARTS = re.compile(r"[^._]+[._]?")


@require_safe
def signal_detail(request: HttpRequest, slug: str, signal: str) -> HttpResponse:
    """What every source said of one signal, newest first."""
    user = signed_in(request.user)
    team = team_for(user, slug, "measurement.view")
    chosen = signal_for(signal)
    page = signal_page(team, catalog.model_file(current_model()), chosen, timezone.now().date())
    connections = address("integrations:connection-list")
    context = {
        "team": team,
        # An id breaks where its words end, not within one.
        "title": format_html_join("", "{}<wbr>", ((part,) for part in _PARTS.findall(chosen.id))),
        "page": page,
        "may": rights_on(user, team),
        "crumbs": team_crumbs(team),
        "connect": Link("Connections", connections) if connections else None,
        "columns": _COLUMNS,
        "rows": [
            Row(
                _moment(line.observed_at),
                (
                    line.value or f"unknown: {line.unknown}",
                    line.sample or "not told",
                    f"{line.source}: {line.detail}" if line.detail else line.source,
                ),
                line.url,
            )
            for line in page.measurements
        ],
    }
    return render(request, "assessments/signal_detail.html", context)


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{day_words(local.date())}, {local:%H:%M}"
