"""Who a bearer token speaks for: the token, its owner and the owner's roles in one query, for every request asks it."""

from __future__ import annotations

from typing import Any

from django.db import connection

from mlops_portal.lib.compiled import Compiled
from teams.models import ApiToken, User
from teams.queries.principals import Principal

# Django's documented way to a model's columns.
_TOKEN = [field.attname for field in ApiToken._meta.concrete_fields]  # noqa: SLF001
_OWNER = [field.attname for field in User._meta.concrete_fields]  # noqa: SLF001
_GRANT = ("owner__grants__role", "owner__grants__unit__path", "owner__grants__team_id")


def bearer(digest: str) -> Principal | None:
    """The principal of the token with this digest, whatever became of it; None when there is none."""
    rows = _QUERY.rows(digest)
    if not rows:
        return None
    first, split = rows[0], len(_TOKEN)
    token = ApiToken.from_db(connection.alias, _TOKEN, first[:split])
    if token.owner_id is None:
        token.owner = None
    else:
        token.owner = User.from_db(connection.alias, _OWNER, first[split : split + len(_OWNER)])
    # Without a role there is one row all the same, and its role is empty.
    roles = tuple((role, path, team) for *_, role, path, team in rows if role is not None)
    return Principal(user=token.owner, token=token, scopes=frozenset(token.scopes), roles=roles)


def _build(digest: str) -> Any:
    fields = (*_TOKEN, *(f"owner__{name}" for name in _OWNER), *_GRANT)
    return ApiToken.objects.filter(digest=digest).order_by("owner__grants__pk").values_list(*fields)


_QUERY = Compiled(_build, str)
