"""Pages about oneself: the profile, the colours, the tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mlops_portal.lib.parts import Link
from teams.access import require, require_recent_sign_in, signed_in
from teams.forms.people import ProfileForm
from teams.forms.tokens import ServiceTokenForm, TokenForm
from teams.models import ApiToken, Theme, User
from teams.queries.people import grants_shown_to
from teams.queries.rights import remembered_rights, teams_visible_to
from teams.queries.tokens import own_tokens, service_tokens_shown_to
from teams.services.people import edit_profile
from teams.services.refusal import Refused
from teams.services.tokens import create_token, revoke_token
from teams.views.saving import form_page, saved, status_of


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name and colours of the person, and what roles they hold."""
    user = signed_in(request.user)
    require(user, "profile.edit")
    form = ProfileForm(request.POST or None, initial={"full_name": user.full_name, "theme": user.theme})
    if saved(form, lambda data: edit_profile(user=user, at=timezone.now(), **data)):
        messages.info(request, "Saved.")
        return redirect("account-home")
    context = {"form": form, "grants": grants_shown_to(user, user)}
    return render(request, "teams/profile.html", context, status=status_of(form))


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keeps the colours that the switch in the menu shows already; goes back to the page it was on."""
    user = signed_in(request.user)
    theme = request.POST.get("theme", "")
    if theme in Theme.values:
        edit_profile(user=user, full_name=user.full_name, theme=Theme(theme), at=timezone.now())
    back = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else "/")


@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens, and for who looks after the portal the service tokens."""
    user = signed_in(request.user)
    require(user, "token.create_own")
    sees_service = remembered_rights(user).can("token.create_service")
    context = {
        "tokens": own_tokens(user),
        "service_tokens": service_tokens_shown_to(user) if sees_service else None,
        "crumbs": (Link("Your account", reverse("account-home")),),
        "now": timezone.now(),
    }
    return render(request, "teams/token_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def token_create(request: HttpRequest) -> HttpResponse:
    """A personal token; the answer to the POST shows it, once."""
    user = signed_in(request.user)
    require(user, "token.create_own")
    require_recent_sign_in(request, "token.create_own")
    form = TokenForm(request.POST or None)
    made: list[tuple[ApiToken, str]] = []
    if saved(form, lambda data: made.append(create_token(owner=user, by=user, at=timezone.now(), **data))):
        return _secret_page(request, *made[0])
    return _token_form(request, form, "New token", "It never does more than you may yourself.")


@require_http_methods(["GET", "HEAD", "POST"])
def service_token_create(request: HttpRequest) -> HttpResponse:
    """A service token for listed teams; the answer to the POST shows it, once."""
    user = signed_in(request.user)
    require(user, "token.create_service")
    require_recent_sign_in(request, "token.create_service")
    form = ServiceTokenForm(
        request.POST or None, teams=teams_visible_to(user, "team.view").order_by("name", "pk")
    )
    made: list[tuple[ApiToken, str]] = []
    if saved(form, lambda data: made.append(create_token(by=user, at=timezone.now(), **data))):
        return _secret_page(request, *made[0])
    return _token_form(
        request, form, "New service token", "For a system that pushes or reads by itself, not for a person."
    )


def _token_form(request: HttpRequest, form: Any, title: str, lead: str) -> HttpResponse:
    tokens = Link("Tokens", reverse("teams:token-list"))
    return form_page(
        request,
        form,
        title=title,
        lead=lead,
        submit="Create and show the token",
        crumbs=(Link("Your account", reverse("account-home")), tokens),
        back=Link("Cancel", tokens.url),
    )


def _secret_page(request: HttpRequest, token: ApiToken, plain: str) -> HttpResponse:
    crumbs = (Link("Your account", reverse("account-home")), Link("Tokens", reverse("teams:token-list")))
    response = render(request, "teams/token_secret.html", {"token": token, "plain": plain, "crumbs": crumbs})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a token. Those of others are 404, but for who may revoke any."""
    user = signed_in(request.user)
    visible = own_tokens(user) | _others(user)
    token = get_object_or_404(visible, pk=pk)
    try:
        revoke_token(token=token, by=user, at=timezone.now())
        messages.info(request, f"{token.name} is revoked: it is refused from now on.")
    except Refused as error:
        messages.error(request, str(error))
    return redirect("teams:token-list")


def _others(user: User) -> Any:
    everything = ApiToken.objects.order_by("-created_at", "-pk")
    if remembered_rights(user).can("token.revoke_any"):
        return everything
    return everything.filter(created_by=user)
