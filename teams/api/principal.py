"""Who acts in a request that got past authentication."""

from __future__ import annotations

from rest_framework.request import Request

from teams.queries.principals import Principal


def principal_of(request: Request) -> Principal:
    """The actor; every authentication class of the API sets one, and HasScope refuses requests without."""
    principal: object = request.auth
    assert isinstance(principal, Principal), "HasScope lets nobody in without a principal"
    return principal
