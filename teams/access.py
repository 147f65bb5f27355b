"""Access in one call, for the first lines of a view: the object, or 404 to strangers, 403 to those who see but may not."""

from __future__ import annotations

import secrets

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from mlops_portal.lib.loopback import connects_from_loopback, is_on_this_machine
from teams.models import Team, Unit, User
from teams.permissions import row
from teams.queries.people import has_administrator
from teams.queries.rights import Actor, remembered_rights

# Who may do this to a thing knows that it is there.
_SEES_TEAM = "team.view"
_SEES_UNIT = "org.list"


def require(actor: Actor, action: str, obj: Unit | Team | None = None, *, own: bool = False) -> None:
    """Nothing, when `actor` may do `action` (on `obj`, or anywhere). Raises Http404 or PermissionDenied.

    A thing that the actor cannot see is 404; a visible one, and a page that is about no object, is 403.
    """
    rights = remembered_rights(actor)
    if rights.can(action, obj, own=own):
        return
    if obj is not None and not rights.can(_SEES_TEAM if isinstance(obj, Team) else _SEES_UNIT, obj):
        raise Http404
    raise PermissionDenied


def team_for(actor: Actor, slug: str, action: str = _SEES_TEAM, *, with_archived: bool = False) -> Team:
    """The team with its unit. Raises Http404 (not there, not visible, archived unless asked for) or PermissionDenied."""
    teams = Team.objects.all() if with_archived else Team.objects.active()
    team = teams.select_related("unit").filter(slug=slug).first()
    if team is None:
        raise Http404
    require(actor, action, team)
    return team


def unit_for(actor: Actor, slug: str, action: str = _SEES_UNIT) -> Unit:
    """The unit. Raises Http404 (not there, not visible) or PermissionDenied."""
    unit: Unit | None = Unit.objects.filter(slug=slug).first()
    if unit is None:
        raise Http404
    require(actor, action, unit)
    return unit


def signed_in(user: object) -> User:
    """The person of a request. Raises PermissionDenied for visitors: their way is the sign-in page, before any view."""
    if not isinstance(user, User) or not user.is_active:
        raise PermissionDenied
    return user


def require_recent_sign_in(request: HttpRequest, action: str) -> None:
    """Nothing, when the row of `action` asks for no proof or the person gave one in the last ten minutes.

    Raises allauth's ReauthenticationRequired, whose middleware asks for the password (or second factor) and then carries
    on with the very same request. Demo people have no password: their one-click sign-in is the proof (RULINGS 11).
    """
    if row(action).needs_reauthentication and is_reauthentication_required(request, app="account"):
        raise ReauthenticationRequired


def demo_is_open(request: HttpRequest) -> bool:
    """Whether demo people may sign in with one click: in demo mode, for who sits at this machine.

    A proxy on this machine counts where the operator named one (PORTAL_BEHIND_TLS_PROXY, as in Codespaces).
    """
    if not settings.PORTAL_DEMO:
        return False
    has_named_proxy = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) is not None
    return is_on_this_machine(request) or (has_named_proxy and connects_from_loopback(request))


def setup_is_open(request: HttpRequest, token: str = "") -> bool:
    """Whether a portal without an administrator may be set up by this request: on this machine, or with the launcher's token."""
    if has_administrator():
        return False
    wanted = settings.PORTAL_SETUP_TOKEN
    return is_on_this_machine(request) or (wanted != "" and secrets.compare_digest(token, wanted))
