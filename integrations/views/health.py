"""Health of connections and of rules: what needs a platform engineer, at a glance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations.queries.connections import EDIT, VIEW
from integrations.queries.health_page import health_page
from integrations.queries.kinds import kind_lines
from integrations.queries.rule_health import rule_page
from integrations.views.sections import HEALTH, RULES, sections
from teams.access import require, signed_in
from teams.queries.rights import remembered_rights


@require_safe
def health_list(request: HttpRequest) -> HttpResponse:
    """All connections that the person sees, by what needs attention, each with the one thing to do."""
    user = signed_in(request.user)
    require(user, VIEW)
    context = {
        "page": health_page(user, timezone.now(), request.GET.get("page", "")),
        "can_edit": remembered_rights(user).can(EDIT),
        "kinds": kind_lines(),
        "sections": sections(HEALTH),
    }
    return render(request, "integrations/health_list.html", context)


@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """Every deciding rule over the teams that the person sees, by whether it tells them apart."""
    user = signed_in(request.user)
    require(user, VIEW)
    context = {"page": rule_page(user, timezone.now()), "sections": sections(RULES)}
    return render(request, "integrations/rule_list.html", context)
