"""Tokens as their owners and administrators see them: never the secret."""

from __future__ import annotations

from django.db.models import QuerySet

from teams.models import ApiToken, User
from teams.queries.rights import remembered_rights


def own_tokens(person: User) -> QuerySet[ApiToken]:
    """The personal tokens of a person, newest first."""
    return ApiToken.objects.filter(owner=person).order_by("-created_at", "-pk")


def service_tokens_shown_to(person: User) -> QuerySet[ApiToken]:
    """All service tokens for who may revoke any, else those that the person made; newest first."""
    tokens = (
        ApiToken.objects.filter(owner__isnull=True).prefetch_related("teams").order_by("-created_at", "-pk")
    )
    if remembered_rights(person).can("token.revoke_any"):
        return tokens
    return tokens.filter(created_by=person)
