"""Who acts in a request that got past authentication, and what they hold."""

from __future__ import annotations

from rest_framework.request import Request

from teams.queries.principals import Principal
from teams.queries.rights import Rights, rights_of


def principal_of(request: Request) -> Principal:
    """The actor; every authentication class of the API sets one, and HasScope refuses requests without."""
    principal: object = request.auth
    assert isinstance(principal, Principal), "HasScope lets nobody in without a principal"
    return principal


def rights_in(request: Request) -> Rights:
    """The actor's rights, read once a request."""
    kept: Rights | None = request.__dict__.get("_rights")
    if kept is None:
        kept = request.__dict__["_rights"] = rights_of(principal_of(request))
    return kept
