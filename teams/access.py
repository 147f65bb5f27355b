"""Access in one call, for the first lines of a view: the object, or 404 to strangers, 403 to those who see but may not."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404

from teams.models import Team, Unit, User
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
