"""Who acts: a signed-in person, a person through a token, or a service token."""

from __future__ import annotations

from dataclasses import dataclass

from teams.models import ApiToken, User
from teams.permissions import row


@dataclass(frozen=True, slots=True)
class Principal:
    """`scopes` None is a session: it carries all that the person may. A token carries its scopes AND the rights behind it.

    A service token has no user: it may do what a lead may, on the teams it lists and nowhere else.
    """

    user: User | None
    token: ApiToken | None = None
    scopes: frozenset[str] | None = None
    # (role, tree path of its unit, id of its team) of the person, where they were read along with the token.
    roles: tuple[tuple[int, str | None, int | None], ...] | None = None

    @property
    def is_service(self) -> bool:
        return self.user is None and self.token is not None

    @property
    def name(self) -> str:
        """What the event log calls this actor."""
        if self.token is not None and self.user is None:
            return f"{self.token.source} (token {self.token.name})"
        return str(self.user) if self.user is not None else "anonymous"

    def has_scope(self, scope: str) -> bool:
        """Whether the scope is carried. `any` takes any token; an empty scope is for sessions only."""
        if self.scopes is None:
            return self.user is not None
        return scope == "any" or (scope != "" and scope in self.scopes)

    def may_use(self, action: str) -> bool:
        """Whether the scope of `action` is carried; says nothing about rights. Raises UnknownAction."""
        return self.has_scope(row(action).scope)
