"""Access to connections and sources in one call: the object, or 404 to strangers."""

from __future__ import annotations

from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from integrations.models import Connection, Source
from integrations.queries.connections import VIEW, connections_visible_to, sources_visible_to
from teams.access import require, require_recent_sign_in, signed_in
from teams.models import User


def connection_for(request: HttpRequest, pk: int, action: str = VIEW) -> tuple[User, Connection]:
    """The person and the connection. Raises Http404 (not there, not visible) or PermissionDenied (visible, not allowed)."""
    user = signed_in(request.user)
    connection = connections_visible_to(user).select_related("budget").filter(pk=pk).first()
    if connection is None:
        raise Http404
    require(user, action)
    return user, connection


def source_for(request: HttpRequest, connection_pk: int, pk: int, action: str) -> tuple[User, Source]:
    """The person and the source of that very connection. Raises Http404 or PermissionDenied."""
    user = signed_in(request.user)
    source = (
        sources_visible_to(user)
        .filter(pk=pk, connection_id=connection_pk)
        .select_related("connection", "team__unit", "file__source__connection")
        .first()
    )
    if source is None:
        raise Http404
    require(user, action, source.team)
    return user, source


def require_proof(request: HttpRequest, action: str) -> None:
    """Nothing, when the person proved lately who they are; else the way there, and for a GET back again.

    A POST is not put aside until then, as allauth would do: it may hold a credential, and what is put aside lies readable in
    the session's row.
    """
    try:
        require_recent_sign_in(request, action)
    except ReauthenticationRequired:
        if request.method != "POST":
            raise
        there = f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"
        raise ImmediateHttpResponse(HttpResponseRedirect(there)) from None
