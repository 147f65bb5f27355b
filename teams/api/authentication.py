"""How a request to the API says who acts: a bearer token, or the session of a signed-in person.

Both set `request.auth` to a `Principal`, which `can()` takes as it takes a person.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, ParseError, PermissionDenied
from rest_framework.request import Request

from teams.models import ApiToken, User
from teams.queries.bearer import bearer
from teams.queries.principals import Principal
from teams.services.tokens import mark_token_used, token_digest

_TOKEN = re.compile(r"mlp_[0-9a-f]{8}_[0-9a-f]{64}")
_TOKEN_PARAMETERS = frozenset({"token", "access_token", "api_key", "apikey", "authorization"})
# One sentence for every wrong token: which part is wrong helps only who guesses.
_REFUSED = "This token is unknown, revoked or expired."


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer mlp_...`. Raises 401 for a wrong token, 400 for one in the address, 403 on plain http."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, Principal] | None:
        _refuse_token_in_address(request)
        scheme, _, plain = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            raise PermissionDenied(
                "Tokens travel over https only. This one was sent in the open: replace it."
            )
        principal, token = _find(plain.strip())
        mark_token_used(token=token, at=timezone.now())
        return token.owner or AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class Session(SessionAuthentication):
    """The browser's session, with its CSRF token on writes. Carries all that the person may."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        return (user, Principal(user=user)) if isinstance(user, User) else None


def _find(plain: str) -> tuple[Principal, ApiToken]:
    if not _TOKEN.fullmatch(plain):
        raise AuthenticationFailed(_REFUSED)
    principal = bearer(token_digest(plain))
    token = principal.token if principal is not None else None
    if principal is None or token is None or token.revoked_at is not None:
        raise AuthenticationFailed(_REFUSED)
    if token.expires_at <= timezone.now() or (token.owner is not None and not token.owner.is_active):
        raise AuthenticationFailed(_REFUSED)
    return principal, token


def _refuse_token_in_address(request: Request) -> None:
    for name, values in request.query_params.lists():
        if name.lower() in _TOKEN_PARAMETERS or any(_TOKEN.search(value) for value in values):
            raise ParseError(
                "Send the token in the Authorization header. Addresses end up in logs: replace this token."
            )
