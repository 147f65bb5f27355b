"""Deny by default: a view of the API says which action it serves, or nobody gets in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from teams.api.principal import rights_in
from teams.models import Team, Unit
from teams.queries.principals import Principal

if TYPE_CHECKING:  # rest_framework.views loads this module through its settings
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """The principal may do the view's `policy` at least somewhere; the view's querysets say where.

    A view has `policy` (an action of the matrix, or a mapping from viewset action or lower-case HTTP method to one; the
    scope is the row's) or only `scope` (for views that are about no row: any holder of the scope). A view with neither
    is refused, and so is a method that its mapping does not name.
    """

    message = "Your roles or the scopes of this token do not allow this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = request.auth
        if not isinstance(principal, Principal):
            return False
        policy = policy_of(view, request)
        if policy is not None:
            return rights_in(request).can(policy)
        scope = getattr(view, "scope", None)
        return isinstance(scope, str) and scope != "" and principal.has_scope(scope)

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """For objects that have a place (a unit, a team, a thing with `.team`); others the queryset has to hold back."""
        principal = request.auth
        policy = policy_of(view, request)
        place = obj if isinstance(obj, Unit | Team) else getattr(obj, "team", None)
        if policy is None or not isinstance(place, Unit | Team):
            return True
        return isinstance(principal, Principal) and rights_in(request).can(policy, place)


def policy_of(view: APIView, request: Request) -> str | None:
    """The action that the view serves with this request; None when it names none."""
    policy = getattr(view, "policy", None)
    if isinstance(policy, Mapping):
        method = (request.method or "").lower()
        # HEAD is GET without its body, and so is the right to it.
        method = "get" if method == "head" else method
        policy = policy.get(getattr(view, "action", None) or method) or policy.get(method)
    return policy if isinstance(policy, str) else None
