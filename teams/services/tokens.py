"""API tokens: `mlp_<8 hex>_<64 hex>`, shown once, kept as a digest (RULINGS 14)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from teams.models import ApiToken, Team, User
from teams.permissions import MATRIX, SCOPES, Reach, Role
from teams.queries.rights import rights_of
from teams.services.events import record_event
from teams.services.refusal import NotAllowed, Refused, check_right

DEFAULT_DAYS, LONGEST_DAYS = 90, 365
# Often enough to see that a token is alive, seldom enough to cost nothing.
SEEN_EVERY = timedelta(minutes=5)


class WrongToken(Refused):
    """The token that was asked for cannot be made as described."""


def token_digest(plain: str) -> str:
    """What is stored of a token: its secret has 256 random bits, so a quick hash is enough."""
    return hashlib.sha256(plain.encode()).hexdigest()


@transaction.atomic
def create_token(
    *,
    name: str,
    scopes: Iterable[str],
    owner: User | None = None,
    source: str = "",
    teams: Iterable[Team] = (),
    days: int = DEFAULT_DAYS,
    by: User | None,
    at: datetime,
) -> tuple[ApiToken, str]:
    """The token and its plain text, which is stored nowhere. Raises NotAllowed, WrongToken.

    A personal token has an `owner` and never does more than its owner may at that moment; a service token has a
    `source` and `teams`, and nobody makes one that does more on a team than they may themselves.
    """
    scopes, teams = sorted(set(scopes)), list(teams)
    _check_shape(scopes=scopes, owner=owner, source=source, teams=teams, days=days)
    if owner is not None:
        if by is not None and by.pk != owner.pk:
            raise NotAllowed("A personal token is made by its owner.")
    else:
        _check_service(by, scopes, teams)
    prefix = secrets.token_hex(4)
    plain = f"mlp_{prefix}_{secrets.token_hex(32)}"
    token = ApiToken.objects.create(
        name=name,
        prefix=prefix,
        digest=token_digest(plain),
        owner=owner,
        source=source,
        scopes=scopes,
        created_by=by,
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    token.teams.set(teams)
    after = {
        "name": name,
        "prefix": prefix,
        "scopes": scopes,
        "source": source,
        "teams": [t.slug for t in teams],
    }
    record_event(at=at, by=by, action="token.create", obj=token, after=after)
    return token, plain


def _check_shape(*, scopes: list[str], owner: User | None, source: str, teams: list[Team], days: int) -> None:
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise WrongToken(f"There is no scope {', '.join(unknown)}. There are: {', '.join(SCOPES)}.")
    if not scopes:
        raise WrongToken("A token without a scope can do nothing. Choose at least one.")
    if not 1 <= days <= LONGEST_DAYS:
        raise WrongToken(f"A token lives 1 to {LONGEST_DAYS} days.")
    if (owner is None) is not bool(source):
        raise WrongToken("A token has an owner (personal) or a source (service), not both.")
    if owner is None and not teams:
        raise WrongToken("A service token names the teams that it is for.")
    if owner is not None and teams:
        raise WrongToken("A personal token reaches what its owner reaches; it lists no teams.")


def _check_service(by: User | None, scopes: list[str], teams: list[Team]) -> None:
    if by is None:
        return
    check_right(by, "token.create_service")
    rights = rights_of(by)
    given = [
        row.action
        for row in MATRIX.values()
        if row.scope in scopes
        and row.rights[Role.LEAD].is_given
        and row.rights[Role.LEAD].reach is not Reach.SELF
        and "assigned" not in row.rights[Role.LEAD].conditions
    ]
    for team in teams:
        missing = [action for action in given if not rights.can(action, team)]
        if missing:
            raise NotAllowed(f"The token could do more on {team.name} than you may: {', '.join(missing)}.")


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None, at: datetime) -> ApiToken:
    """The token, which is refused from now on. Raises NotAllowed: owners, who made it, and administrators may."""
    is_own = by is not None and by.pk in {token.owner_id, token.created_by_id}
    if not is_own:
        check_right(by, "token.revoke_any")
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
        record_event(
            at=at,
            by=by,
            action="token.revoke",
            obj=token,
            before={"name": token.name, "prefix": token.prefix},
        )
    token.refresh_from_db()
    return token


def mark_token_used(*, token: ApiToken, at: datetime) -> None:
    """Writes when the token was seen last, at most every five minutes (the condition decides between two requests)."""
    due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - SEEN_EVERY)
    if token.last_used_at is None or token.last_used_at <= at - SEEN_EVERY:
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=at)
