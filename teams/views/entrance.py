"""Ways in for who is not signed in yet: the first page, set-up, the demo's one click, an invitation."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mlops_portal.lib.loopback import is_on_this_machine
from teams.access import demo_is_open, setup_is_open
from teams.forms.organisation import InvitedPassword, SetUpForm
from teams.models import User
from teams.queries.people import demo_administrator, has_administrator, has_own_people
from teams.services.invitations import InvitationGone, accept_invitation, invited_person
from teams.services.organisation import set_up_portal
from teams.services.sessions import record_sign_in
from teams.views.saving import form_page, saved

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _sign_in(request: HttpRequest, person: User, method: str) -> None:
    login(request, person, backend=_BACKEND)
    # Whoever just proved who they are is not asked again for ten minutes.
    record_authentication(request, person, method=method, reauthenticated=True)
    record_sign_in(user=person, method=method, at=timezone.now())


def _next(request: HttpRequest) -> str:
    """Where to go on: an address of ours that the form carries, else home. Never another host."""
    wanted = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else "/"


@login_not_required
@require_safe
def welcome(request: HttpRequest) -> HttpResponse:
    """The first page for visitors: look round the demo, or start the own organisation. In a portal in use: sign in."""
    if request.user.is_authenticated:
        return redirect("/")
    administrator = demo_administrator() if demo_is_open(request) else ""
    can_start = not has_administrator() or (administrator != "" and not has_own_people())
    if not administrator and not can_start:
        return redirect("account_login")
    return render(
        request, "teams/welcome.html", {"demo_administrator": administrator, "can_start": can_start}
    )


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again", "token")
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """The first organisation and its administrator. 404 as soon as there is one; 403 from afar without a token."""
    if has_administrator():
        raise Http404
    needs_token = not is_on_this_machine(request)
    if needs_token and not settings.PORTAL_SETUP_TOKEN:
        raise PermissionDenied
    form = SetUpForm(
        request.POST or None, initial={"token": request.GET.get("token", "")}, needs_token=needs_token
    )
    if form.is_valid() and not setup_is_open(request, form.cleaned_data.get("token", "")):
        form.add_error("token", "This is not the token that the launcher printed.")
    if saved(form, lambda data: _set_up(request, data)):
        return redirect("/")
    return form_page(
        request,
        form,
        title="Start your organisation",
        lead="You become its administrator: next come units, teams and people.",
        submit="Start the organisation",
        base="base_signed_out.html",
    )


def _set_up(request: HttpRequest, data: dict[str, str]) -> None:
    person = set_up_portal(
        organisation=data["organisation"],
        username=data["username"],
        full_name=data["full_name"],
        password=data["password"],
        at=timezone.now(),
    )
    _sign_in(request, person, "set-up")


@login_not_required
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Signs in a demo person with one click. 404 outside the demo, from another machine, and for real people."""
    if not demo_is_open(request):
        raise Http404
    person = User.objects.filter(
        username=request.POST.get("person", ""), is_demo=True, is_active=True
    ).first()
    if person is None:
        raise Http404
    _sign_in(request, person, "demo")
    return redirect(_next(request))


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invited person sets a password. A spent or lapsed link says so with 404, and nothing else."""
    try:
        person = invited_person(token, at=timezone.now())
    except InvitationGone as gone:
        return render(request, "teams/invitation_gone.html", {"why": str(gone)}, status=404)
    form = InvitedPassword(request.POST or None, person=person)
    if saved(form, lambda data: accept_invitation(token=token, password=data["password"], at=timezone.now())):
        person.refresh_from_db()
        _sign_in(request, person, "invitation")
        return redirect("/")
    return form_page(
        request,
        form,
        title=f"Welcome, {person}",
        lead=f"Choose a password. You sign in with it and your user name, {person.username}.",
        submit="Set the password and sign in",
        base="base_signed_out.html",
    )


@login_not_required
@require_safe
def forgotten(request: HttpRequest) -> HttpResponse:
    """What to do without the password. The portal sends no mail: an administrator makes a new link."""
    return render(request, "teams/forgotten.html")
