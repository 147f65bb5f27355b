"""Where teams stand, team by team: the one query behind the heatmap page, its API and its export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet

from assessments.models import MaturityModel
from teams.models import Team, Unit
from teams.queries.rights import Actor, teams_visible_to

VIEW = "heatmap.view"


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One team. The numbers are None and the texts empty while the team has no result at all."""

    slug: str
    name: str
    unit_slug: str
    unit_name: str
    unit_path: str
    cells: str
    rollups: str
    level: int | None
    coverage: float | None
    assessed_on: date | None
    is_provisional: bool
    is_reviewed: bool
    valid_until: date | None


def visible_teams(actor: Actor, unit: Unit | None = None) -> QuerySet[Team]:
    """Active teams that the actor may see on a heatmap, below `unit` if one is given; by unit, then by name."""
    teams = teams_visible_to(actor, VIEW)
    if unit is not None:
        teams = teams.under(unit)
    return teams.order_by("unit__path", "name", "pk")


def heatmap_columns(
    actor: Actor, maturity_model: MaturityModel, unit: Unit | None = None
) -> list[tuple[Any, ...]]:
    """(slug, name, unit slug, cells) of every team, in one query. `cells` is JSON text, None without a result."""
    return list(
        _scored(actor, maturity_model, unit).values_list("slug", "name", "unit__slug", "current__cells")
    )


def heatmap_rows(actor: Actor, maturity_model: MaturityModel, unit: Unit | None = None) -> list[HeatRow]:
    """Every team with all that the page shows, in one query."""
    return [
        HeatRow(
            slug=slug,
            name=name,
            unit_slug=unit_slug,
            unit_name=unit_name,
            unit_path=unit_path,
            cells=cells or "",
            rollups=rollups or "",
            level=level,
            coverage=None if coverage is None else float(coverage),
            assessed_on=assessed_on,
            is_provisional=bool(is_provisional),
            is_reviewed=bool(is_reviewed),
            valid_until=valid_until,
        )
        for (
            slug,
            name,
            unit_slug,
            unit_name,
            unit_path,
            cells,
            rollups,
            level,
            coverage,
            assessed_on,
            is_provisional,
            is_reviewed,
            valid_until,
        ) in _scored(actor, maturity_model, unit).values_list(
            "slug",
            "name",
            "unit__slug",
            "unit__name",
            "unit__path",
            "current__cells",
            "current__rollups",
            "current__level",
            "current__coverage",
            "current__assessed_on",
            "current__is_provisional",
            "current__is_reviewed",
            "current__valid_until",
        )
    ]


def _scored(actor: Actor, maturity_model: MaturityModel, unit: Unit | None) -> Any:
    # Any: the types do not follow a FilteredRelation.
    # A left join: a team without a result is missing, never zero, and must be seen to be missing.
    return visible_teams(actor, unit).annotate(
        current=FilteredRelation("team_scores", condition=Q(team_scores__maturity_model=maturity_model))
    )
