"""The page of the event log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mlops_portal.lib.parts import Column, Row
from teams.access import require, signed_in
from teams.queries.log import log_page
from teams.queries.machines import who_for
from teams.queries.rights import remembered_rights


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first, fifty at a time."""
    person = signed_in(request.user)
    require(person, "event.view")
    before = request.GET.get("before", "")
    page = log_page(
        before=int(before) if before.isdecimal() and len(before) < 19 else 0,
        connections_only=remembered_rights(person).is_limited("event.view", "connections_only"),
        who=who_for(person),
    )
    context = {
        "columns": (Column("What"), Column("When"), Column("Who"), Column("Where"), Column("Change")),
        "rows": [
            Row(line.what, (line.at, line.by, line.where or "-", line.change or "-")) for line in page.lines
        ],
        "older": page.older,
        "is_first": not before,
    }
    return render(request, "teams/event_list.html", context)
