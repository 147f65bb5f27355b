"""Pages of connections: the list, one of them, making and editing."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from integrations.access import connection_for, require_proof
from integrations.forms.connection import ConnectionForm
from integrations.models import Connection
from integrations.queries.connection_page import connection_page
from integrations.queries.connections import EDIT, VIEW, activity_of, connection_rows
from integrations.queries.coverage import coverage
from integrations.queries.inbound import has_hook, hook_line
from integrations.queries.kinds import kind_lines
from integrations.services.connections import StaleConnection, create_connection, edit_connection
from integrations.services.probes import RUN
from integrations.services.sources import EDIT as MAP
from integrations.views.running import test_and_say
from integrations.views.saving import again, entry_to_offer, kind_or_404, note_on_address, saved, status_of
from integrations.views.sections import LIST, sections
from mlops_portal.lib.parts import Link
from teams.access import require, signed_in
from teams.models import User
from teams.queries.rights import remembered_rights


def list_crumb() -> Link:
    return Link("Connections", reverse("integrations:connection-list"))


def crumbs_of(connection: Connection) -> tuple[Link, Link]:
    """To the list and to the connection."""
    return list_crumb(), Link(
        connection.name, reverse("integrations:connection-detail", args=[connection.pk])
    )


@require_safe
def connection_list(request: HttpRequest) -> HttpResponse:
    """All connections that the person sees, broken ones first."""
    user = signed_in(request.user)
    require(user, VIEW)
    context = {
        "rows": connection_rows(user, timezone.now()),
        "coverage": coverage(user),
        "can_edit": remembered_rights(user).can(EDIT),
        "kinds": kind_lines(),
        "sections": sections(LIST),
    }
    return render(request, "integrations/connection_list.html", context)


@require_safe
@vary_on_headers("HX-Request")
def connection_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One connection with its sources and runs. htmx asks for its activity only, until there is none."""
    user, connection = connection_for(request, pk)
    if request.headers.get("HX-Request"):
        activity = activity_of(connection, timezone.now())
        answer = render(
            request, "integrations/_activity.html", {"connection": connection, "activity": activity}
        )
        if not activity:
            answer["HX-Refresh"] = "true"
        return answer
    rights = remembered_rights(user)
    context = {
        "connection": connection,
        "page": connection_page(user, connection, timezone.now(), request.GET.get("page", "")),
        "crumbs": (list_crumb(),),
        "can_edit": rights.can(EDIT),
        "can_run": rights.can(RUN),
        "can_map": rights.can(MAP),
        "has_hook": has_hook(connection.kind),
        "hook": hook_line(connection) if rights.can(EDIT) and has_hook(connection.kind) else None,
        "can_see_test": rights.can(RUN) and (connection.found != {} or connection.test_failed_at is not None),
    }
    return render(request, "integrations/connection_detail.html", context)


@require_safe
def connection_choose(request: HttpRequest) -> HttpResponse:
    """Which kind of system to connect."""
    require(signed_in(request.user), EDIT)
    context = {"kinds": kind_lines(), "crumbs": (list_crumb(),)}
    return render(request, "integrations/connection_choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def connection_create(request: HttpRequest, kind: str) -> HttpResponse:
    """A new connection; it is tested right after it was saved."""
    user = signed_in(request.user)
    require(user, EDIT)
    require_proof(request, EDIT)
    connector = kind_or_404(kind)
    form = ConnectionForm(request.POST or None, kind=connector, allow=entry_to_offer(request, user))
    connection = saved(
        form,
        lambda: create_connection(
            kind=kind,
            name=form.cleaned_data["name"],
            base_url=form.cleaned_data["base_url"],
            answers=form.answers,
            interval_minutes=form.cleaned_data["interval_minutes"],
            allow=form.allow,
            by=user,
            at=timezone.now(),
        ),
        address_note=note_on_address(request, user),
    )
    if connection is not None:
        test_and_say(request, user, connection)
        return redirect("integrations:connection-detail", connection.pk)
    crumb = list_crumb()
    context = {
        "form": form,
        "label": connector.label,
        "crumbs": (crumb,),
        "back": Link("Cancel", crumb.url),
    }
    return render(request, "integrations/connection_create.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
def connection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, address, interval and options of a connection. A save on top of another one is 409 and overwrites nothing."""
    user, connection = connection_for(request, pk, EDIT)
    require_proof(request, EDIT)
    had_secret = bool(connection.secret)
    make = partial(ConnectionForm, kind=kind_or_404(connection.kind), allow=entry_to_offer(request, user))
    form = make(request.POST or None, connection=connection)
    try:
        note = note_on_address(request, user)
        edited = saved(form, lambda: _edit(form, connection, user), address_note=note)
        if edited is not None:
            _say_edited(request, edited, had_secret=had_secret)
            return redirect("integrations:connection-detail", pk)
        status = status_of(form)
    except StaleConnection as stale:
        connection.refresh_from_db()
        form = again(request, partial(make, connection=connection), connection.row_version, stale)
        status = HTTPStatus.CONFLICT
    crumbs = crumbs_of(connection)
    context = {
        "form": form,
        "connection": connection,
        "crumbs": crumbs,
        "back": Link("Cancel", crumbs[1].url),
    }
    return render(request, "integrations/connection_edit.html", context, status=status)


def _edit(form: ConnectionForm, connection: Connection, user: User) -> Connection:
    return edit_connection(
        connection=connection,
        name=form.cleaned_data["name"],
        base_url=form.cleaned_data["base_url"],
        answers=form.answers,
        interval_minutes=form.cleaned_data["interval_minutes"],
        row_version=form.cleaned_data["row_version"] or 0,
        allow=form.allow,
        by=user,
        at=timezone.now(),
    )


def _say_edited(request: HttpRequest, edited: Connection, *, had_secret: bool) -> None:
    if had_secret and not edited.secret:
        messages.warning(
            request,
            "Saved. The credential was cleared, because it was entered for another address. Enter it again for this one.",
        )
    else:
        messages.info(request, "Saved.")
