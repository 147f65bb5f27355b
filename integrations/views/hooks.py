"""The page of a connection's webhook: how to set it up, what was delivered, a new secret, its end."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from integrations.access import connection_for, require_proof
from integrations.connectors.hooks import HOOKS
from integrations.connectors.hooks.base import Hook
from integrations.forms.hook import SigningTokenForm
from integrations.models import Connection
from integrations.queries.connections import EDIT
from integrations.queries.inbound import HookLine, delivery_rows, hook_line
from integrations.services.connections import SET_SECRET
from integrations.services.inbound import close_hook, new_hook_secret
from integrations.views.connections import crumbs_of
from integrations.views.saving import done, saved, status_of
from mlops_portal.lib.loopback import is_on_this_machine
from mlops_portal.lib.parts import Link
from teams.services.refusal import Refused


@require_safe
def connection_hook(request: HttpRequest, pk: int) -> HttpResponse:
    """How the webhook stands, how it is set up over there, and the newest deliveries."""
    _, connection = connection_for(request, pk, EDIT)
    sender = _sender(connection)
    line = hook_line(connection)
    context = {
        "connection": connection,
        "sender": _words(sender),
        "line": line,
        "address": _address(request, sender, line),
        "previous_ends_at": _previous_end(line),
        "is_local": is_on_this_machine(request),
        "deliveries": delivery_rows(connection),
        "crumbs": crumbs_of(connection),
    }
    return render(request, "integrations/hook_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def connection_hook_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """A new secret; the answer to the POST shows it, once. GET asks, so that the way back from the sign-in leads to a page."""
    user, connection = connection_for(request, pk, SET_SECRET)
    sender = _sender(connection)
    require_proof(request, SET_SECRET)
    if request.method != "POST":
        line = hook_line(connection)
        context = {
            "connection": connection,
            "sender": _words(sender),
            "line": line,
            "crumbs": _crumbs(connection),
        }
        return render(request, "integrations/hook_secret_ask.html", context)
    try:
        _, plain = new_hook_secret(connection=connection, by=user, at=timezone.now())
    except Refused as error:
        messages.error(request, str(error))
        return redirect("integrations:connection-hook", pk)
    line = hook_line(connection)
    context = {
        "connection": connection,
        "sender": _words(sender),
        "plain": plain,
        "address": _address(request, sender, line),
        "previous_ends_at": _previous_end(line),
        "crumbs": _crumbs(connection),
    }
    answer = render(request, "integrations/hook_secret.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def connection_hook_token(request: HttpRequest, pk: int) -> HttpResponse:
    """A signing token that the other side made takes the place of the secret. It is never shown here."""
    user, connection = connection_for(request, pk, SET_SECRET)
    sender = _sender(connection)
    if not sender.makes_tokens:
        raise Http404
    require_proof(request, SET_SECRET)
    form = SigningTokenForm(request.POST or None)
    stored = saved(
        form,
        lambda: new_hook_secret(
            connection=connection, given=form.cleaned_data["signing_token"], by=user, at=timezone.now()
        ),
    )
    if stored is not None:
        messages.info(
            request, "The signing token is stored, encrypted. Deliveries are judged by it from now on."
        )
        return redirect("integrations:connection-hook", pk)
    crumbs = _crumbs(connection)
    context = {
        "form": form,
        "connection": connection,
        "sender": _words(sender),
        "crumbs": crumbs,
        "back": Link("Cancel", crumbs[-1].url),
    }
    return render(request, "integrations/hook_token.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
def connection_hook_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Closes the door: the address leads nowhere. Asks first."""
    user, connection = connection_for(request, pk, SET_SECRET)
    _sender(connection)
    require_proof(request, SET_SECRET)
    if request.method == "POST":
        done(
            request,
            lambda: close_hook(connection=connection, by=user, at=timezone.now()),
            f"The webhook of {connection.name} is removed. The connection is read by its schedule as before.",
        )
        return redirect("integrations:connection-detail", pk)
    context = {"connection": connection, "crumbs": _crumbs(connection)}
    return render(request, "integrations/hook_remove.html", context)


def _sender(connection: Connection) -> Hook:
    try:
        return HOOKS[connection.kind]
    except KeyError:
        raise Http404 from None


def _words(sender: Hook) -> dict[str, object]:
    return {
        "kind": sender.kind,
        "label": sender.label,
        "where": sender.where,
        "secret_field": sender.secret_field,
        "makes_tokens": sender.makes_tokens,
        "events": sender.events,
    }


def _address(request: HttpRequest, sender: Hook, line: HookLine | None) -> str:
    if line is None:
        return ""
    return request.build_absolute_uri(reverse(f"hook-{sender.kind}", args=[line.key]))


def _previous_end(line: HookLine | None) -> object:
    """When the secret before stops opening the door; None where it does not any more."""
    if line is None or line.previous_ends_at is None or line.previous_ends_at <= timezone.now():
        return None
    return line.previous_ends_at


def _crumbs(connection: Connection) -> tuple[Link, ...]:
    return (
        *crumbs_of(connection),
        Link("Webhook", reverse("integrations:connection-hook", args=[connection.pk])),
    )
