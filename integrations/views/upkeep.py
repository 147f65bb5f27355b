"""Pages that change a standing connection: its credential, pause and resume, removal."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from integrations.access import connection_for, require_proof
from integrations.forms.connection import CredentialForm, PauseForm
from integrations.queries.connection_page import credential_line
from integrations.queries.connections import EDIT
from integrations.queries.credentials import credential_problem
from integrations.services.connections import (
    SET_SECRET,
    pause_connection,
    remove_connection,
    resume_connection,
    set_secret,
)
from integrations.views.connections import crumbs_of
from integrations.views.saving import done, kind_or_404, saved, status_of
from mlops_portal.lib.parts import Link


@require_http_methods(["GET", "HEAD", "POST"])
def connection_set_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """A new credential. The one that is stored is never shown, only since when and by whom."""
    user, connection = connection_for(request, pk, SET_SECRET)
    require_proof(request, SET_SECRET)
    form = CredentialForm(request.POST or None, kind=kind_or_404(connection.kind))
    if not form.options:
        raise Http404
    stored = saved(
        form,
        lambda: set_secret(connection=connection, secrets=form.secrets, by=user, at=timezone.now()),
    )
    if stored is not None:
        messages.info(
            request, "The credential is stored, encrypted. Test the connection to see what it opens."
        )
        return redirect("integrations:connection-detail", pk)
    crumbs = crumbs_of(connection)
    context = {
        "form": form,
        "connection": connection,
        "line": credential_line(connection, timezone.now()),
        "problem": credential_problem(connection),
        "crumbs": crumbs,
        "back": Link("Cancel", crumbs[1].url),
    }
    return render(request, "integrations/connection_credential.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
def connection_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Stops collecting, with a reason that everybody reads who sees the connection."""
    user, connection = connection_for(request, pk, EDIT)
    require_proof(request, EDIT)
    form = PauseForm(request.POST or None)
    paused = saved(
        form,
        lambda: pause_connection(
            connection=connection, reason=form.cleaned_data["reason"], by=user, at=timezone.now()
        ),
    )
    if paused is not None:
        messages.info(request, f"{paused.name} is paused. What it measured stands and ages.")
        return redirect("integrations:connection-detail", pk)
    crumbs = crumbs_of(connection)
    context = {
        "form": form,
        "connection": connection,
        "crumbs": crumbs,
        "back": Link("Cancel", crumbs[1].url),
    }
    return render(request, "integrations/connection_pause.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
def connection_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Collects again. GET asks, so that the way back from the sign-in leads to a page."""
    user, connection = connection_for(request, pk, EDIT)
    require_proof(request, EDIT)
    if request.method == "POST":
        done(
            request,
            lambda: resume_connection(connection=connection, by=user, at=timezone.now()),
            f"{connection.name} is read again, from now on.",
        )
        return redirect("integrations:connection-detail", pk)
    context = {"connection": connection, "crumbs": crumbs_of(connection)}
    return render(request, "integrations/connection_resume.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def connection_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Removes the connection with its credential and mappings; asks first."""
    user, connection = connection_for(request, pk, EDIT)
    require_proof(request, EDIT)
    if request.method == "POST":
        done(
            request,
            lambda: remove_connection(connection=connection, by=user, at=timezone.now()),
            f"{connection.name} is removed with its credential. What it measured stays in the history and ages.",
        )
        return redirect("integrations:connection-list")
    context = {
        "connection": connection,
        "crumbs": crumbs_of(connection),
        "source_count": connection.sources.filter(removed_at__isnull=True).count(),
    }
    return render(request, "integrations/connection_remove.html", context)
