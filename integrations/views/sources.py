"""Pages of sources: which part of a connection belongs to which team."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assessments.services.measurements import Confirmed
from integrations.access import connection_for, source_for
from integrations.forms.source import SourceForm
from integrations.models import Source
from integrations.queries.coverage import teams_to_map
from integrations.queries.mapping import mapped_line
from integrations.services.confirming import confirm_drop
from integrations.services.sources import EDIT, StaleSource, edit_source, map_team, remove_source
from integrations.views.connections import crumbs_of
from integrations.views.running import read_soon
from integrations.views.saving import again, done, kind_or_404, saved, status_of
from mlops_portal.lib.parts import Link
from teams.services.refusal import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def source_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Maps a team: what of the system is its own. A first collection follows at once."""
    user, connection = connection_for(request, pk, EDIT)
    kind_or_404(connection.kind)
    teams = teams_to_map(user, connection)
    form = SourceForm(
        request.POST or None,
        connection=connection,
        teams=teams,
        initial={"team": request.GET.get("team", "")},
    )
    source = saved(
        form,
        lambda: map_team(
            connection=connection,
            team=form.cleaned_data["team"],
            options=form.answers,
            by=user,
            at=timezone.now(),
        ),
    )
    if source is not None:
        messages.info(request, f"{source.team} is mapped.")
        _read_soon(request, source)
        return redirect("integrations:connection-detail", pk)
    crumbs = crumbs_of(connection)
    context = {
        "form": form,
        "connection": connection,
        "crumbs": crumbs,
        "back": Link("Cancel", crumbs[1].url),
        "has_teams": form.is_bound or teams.exists(),
    }
    return render(request, "integrations/source_create.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
def source_edit(request: HttpRequest, pk: int, source_pk: int) -> HttpResponse:
    """What of the system is a team's own. A save on top of another one is 409 and overwrites nothing."""
    user, source = source_for(request, pk, source_pk, EDIT)
    kind_or_404(source.connection.kind)
    make = partial(SourceForm, connection=source.connection)
    form = make(request.POST or None, source=source)
    try:
        edited = saved(
            form,
            lambda: edit_source(
                source=source,
                options=form.answers,
                row_version=form.cleaned_data["row_version"] or 0,
                by=user,
                at=timezone.now(),
            ),
        )
        if edited is not None:
            messages.info(request, "Saved.")
            _read_soon(request, edited)
            return redirect("integrations:connection-detail", pk)
        status = status_of(form)
    except StaleSource as stale:
        source.refresh_from_db(fields=["options", "row_version"])
        form = again(request, partial(make, source=source), source.row_version, stale)
        status = HTTPStatus.CONFLICT
    crumbs = crumbs_of(source.connection)
    context = {
        "form": form,
        "source": source,
        "mapped": mapped_line(source),
        "crumbs": crumbs,
        "back": Link("Cancel", crumbs[1].url),
    }
    return render(request, "integrations/source_edit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def source_remove(request: HttpRequest, pk: int, source_pk: int) -> HttpResponse:
    """Takes a team off a connection; asks first."""
    user, source = source_for(request, pk, source_pk, EDIT)
    if request.method == "POST":
        done(
            request,
            lambda: remove_source(source=source, by=user, at=timezone.now()),
            f"{source.team} is no longer read from {source.connection.name}. What was measured stands and ages.",
        )
        return redirect("integrations:connection-detail", pk)
    context = {"source": source, "crumbs": crumbs_of(source.connection)}
    return render(request, "integrations/source_remove.html", context)


@require_POST
def source_confirm(request: HttpRequest, pk: int, source_pk: int) -> HttpResponse:
    """A person says that a drop is right: what the page showed, and nothing that was read since."""
    user, source = source_for(request, pk, source_pk, EDIT)
    seen = {int(one) for one in request.POST.getlist("seen") if one.isascii() and one.isdigit()}
    try:
        confirmed = confirm_drop(source=source, seen=seen, by=user, at=timezone.now())
    except Refused as error:
        messages.error(request, str(error))
    else:
        say = messages.warning if confirmed.unseen else messages.info
        say(request, _confirmed_words(source, confirmed))
    return redirect("integrations:connection-detail", pk)


def _confirmed_words(source: Source, confirmed: Confirmed) -> str:
    read = f"{source.connection.name} read about {source.team}"
    if confirmed.signals and confirmed.unseen:
        return (
            f"What you saw of what {read} counts from now on. Some has changed meanwhile and is shown below."
        )
    if confirmed.signals:
        return f"What {read} counts from now on."
    if confirmed.unseen:
        return f"Nothing was confirmed: what {read} has changed meanwhile. What it says now is shown below."
    return f"Nothing of what {read} is held any more, so there was nothing to confirm."


def _read_soon(request: HttpRequest, source: Source) -> None:
    if source.connection.is_paused:
        messages.warning(request, f"{source.connection.name} is paused: it is read once it is resumed.")
    else:
        read_soon(request, source.connection)
