"""The tree of units and what lies in it, as far as somebody may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from teams.models import Team, Unit
from teams.queries.rights import Actor, teams_visible_to, units_visible_to


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit in the order of the tree. `depth` counts from the highest visible unit; `teams` are those right in it."""

    unit: Unit
    depth: int
    parent: str
    teams: int


def unit_tree(actor: Actor) -> list[UnitLine]:
    """Visible units, parents before children, in one query."""
    units = units_visible_to(actor).annotate(
        active_teams=Count("teams", filter=Q(teams__archived_at__isnull=True))
    )
    lines: list[UnitLine] = []
    names: dict[str, tuple[int, str]] = {}  # path -> (depth, name) of what was seen so far
    for unit in units.order_by("path"):
        depth, parent = names.get(unit.path[: -Unit.steplen], (-1, ""))
        names[unit.path] = (depth + 1, unit.name)
        lines.append(UnitLine(unit, depth + 1, parent, unit.active_teams))
    return lines


def units_above(unit: Unit, actor: Actor) -> list[Unit]:
    """The visible units above, the organisation first."""
    paths = [unit.path[:end] for end in range(Unit.steplen, len(unit.path), Unit.steplen)]
    return list(units_visible_to(actor).filter(path__in=paths).order_by("path"))


def units_right_below(unit: Unit, actor: Actor) -> QuerySet[Unit]:
    """The children of a unit, by name."""
    below = units_visible_to(actor).filter(path__startswith=unit.path, depth=unit.depth + 1)
    return below.order_by("name", "pk")


def teams_right_in(unit: Unit, actor: Actor) -> QuerySet[Team]:
    """The active teams of this very unit, by name."""
    return teams_visible_to(actor, "org.list").filter(unit=unit).order_by("name", "pk")


def archived_teams_in(unit: Unit, actor: Actor) -> QuerySet[Team]:
    """The archived teams of this very unit that `actor` may bring back."""
    teams = teams_visible_to(actor, "team.edit", with_archived=True)
    return teams.filter(unit=unit, archived_at__isnull=False).order_by("name", "pk")


def destinations_for(actor: Actor, *, moving: Unit) -> QuerySet[Unit]:
    """Units under which `actor` may put `moving`: where they edit, and not below itself."""
    return units_visible_to(actor, "unit.edit").exclude(path__startswith=moving.path).order_by("path")
