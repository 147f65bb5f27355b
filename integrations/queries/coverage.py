"""How many teams connections feed, and which are still to map."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from integrations.models import Connection, Source
from integrations.queries.connections import VIEW
from teams.models.team import TeamQuerySet
from teams.queries.rights import Actor, teams_visible_to


@dataclass(frozen=True, slots=True)
class Coverage:
    fed_count: int
    team_count: int


def coverage(actor: Actor) -> Coverage:
    """Of the teams that the actor sees: how many a connection feeds. One query."""
    feeding = Source.objects.open().filter(team=OuterRef("pk"))
    counted = (
        teams_visible_to(actor, VIEW)
        .annotate(_is_fed=Exists(feeding))
        .aggregate(teams=Count("pk"), fed=Count("pk", filter=Q(_is_fed=True)))
    )
    return Coverage(fed_count=counted["fed"], team_count=counted["teams"])


def teams_to_map(actor: Actor, connection: Connection) -> TeamQuerySet:
    """Teams that the actor may map and that have no source of this connection yet, by name."""
    mapped = Source.objects.filter(connection=connection, removed_at__isnull=True).values("team")
    return teams_visible_to(actor, "source.edit").exclude(pk__in=mapped).order_by("name", "pk")
