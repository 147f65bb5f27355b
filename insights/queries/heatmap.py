"""Where teams stand, team by team: the one query behind the heatmap page, its API and its export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import FilteredRelation, Q

from assessments.models import MaturityModel
from assessments.queries import catalog
from mlops_portal.lib.compiled import Compiled
from teams.models import Team, Unit
from teams.queries.places import Places, places_of
from teams.queries.rights import Rights

VIEW = "heatmap.view"


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One team. The numbers are None and the texts empty while the team has no result at all."""

    slug: str
    name: str
    unit_slug: str
    unit_name: str
    cells: str
    rollups: str
    coverage: float | None
    assessed_on: date | None
    is_provisional: bool


# Where the fields of a HeatRow come from, in their order.
SHOWN = (
    "slug",
    "name",
    "unit__slug",
    "unit__name",
    "current__cells",
    "current__rollups",
    "current__coverage",
    "current__assessed_on",
    "current__is_provisional",
)


@dataclass(frozen=True, slots=True)
class Standings:
    """Rows of teams, by unit, then by name, with the maturity model that they stand in (None: none is active)."""

    maturity_model: MaturityModel | None
    rows: list[Any]


def heatmap_columns(rights: Rights, unit: Unit | None = None) -> Standings:
    """(slug, name, unit slug, cells) of every team, in one query. `cells` is JSON text, None without a result."""
    return _standings(rights, unit, ("slug", "name", "unit__slug", "current__cells"))


def heatmap_rows(rights: Rights, unit: Unit | None = None) -> Standings:
    """Every team as a HeatRow, with all that the page shows, in one query."""
    found = _standings(rights, unit, SHOWN)
    return replace(found, rows=[_heat_row(row[1:]) for row in found.rows])


def _heat_row(values: Sequence[Any]) -> HeatRow:
    slug, name, unit_slug, unit_name, cells, rollups, coverage, assessed_on, is_provisional = values
    return HeatRow(
        slug,
        name,
        unit_slug,
        unit_name,
        cells or "",
        rollups or "",
        None if coverage is None else float(coverage),
        assessed_on,
        is_provisional=bool(is_provisional),
    )


def _standings(rights: Rights, unit: Unit | None, fields: tuple[str, ...]) -> Standings:
    places = places_of(rights, VIEW)
    if places.is_nowhere:
        return Standings(catalog.active_model(), [])
    below = () if unit is None else (unit.path,)
    rows = _query(fields, places.shape, bool(below)).rows(*below, *places.values)
    if not rows:
        return Standings(catalog.active_model(), [])
    return Standings(None if rows[0][0] is None else catalog.version_of(rows[0][0]), rows)


@lru_cache(maxsize=64)
def _query(fields: tuple[str, ...], shape: tuple[bool, int, int], has_unit: bool) -> Compiled:  # noqa: FBT001 -- the key of a cache
    def build(*values: Any) -> Any:
        teams = Team.objects.active().filter(Places.shaped(shape, values[has_unit:]).where())
        if has_unit:
            teams = teams.filter(unit__path__startswith=values[0])
        active = catalog.active_key()
        # A left join: a team without a result is missing, never zero, and must be seen to be missing.
        current = FilteredRelation("team_scores", condition=Q(team_scores__maturity_model=active))
        return (
            teams.annotate(active=active, current=current)
            .order_by("unit__path", "name", "pk")
            .values_list("active", *fields)
        )

    _, paths, own = shape
    return Compiled(build, *[str] * has_unit, *[str] * paths, *[int] * own)
