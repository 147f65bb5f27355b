"""The heatmap as a person reads it: cells of dimensions or capabilities, grouped by unit, with the answer in words.

Pure arithmetic over `HeatRow`s: no query here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import orjson

from assessments.scoring import ASSESSED_WITHIN_DAYS, TOP_LEVEL, OrgResult, TeamStanding, score_org
from assessments.standing import Plan
from insights.queries.heatmap import HeatRow

REMEMBERED = 4096
UNASSESSED = 1
NOT_APPLICABLE = 2
DISPUTED = 4
STALE = 8


class Cell(NamedTuple):
    """One number with what it is worth. `kind`: level, unknown, na or none (no result at all)."""

    kind: str
    verified: int | None = None
    level: int | None = None
    potential: int | None = None
    is_disputed: bool = False
    is_stale: bool = False


NO_RESULT = Cell("none")
SHORT = {"integration": "App", "operations": "Ops"}


def short_word(key: str) -> str:
    """A word for a dimension that fits a fifth of a phone: the key says the same, if need be cut."""
    return SHORT.get(key, key.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is a dimension's or a capability's id; `group` the dimension of a capability."""

    key: str
    name: str
    group: str = ""

    @property
    def short(self) -> str:
        return short_word(self.key)


@dataclass(frozen=True, slots=True)
class GridRow:
    team: HeatRow
    cells: tuple[Cell, ...]
    is_old: bool


@dataclass(frozen=True, slots=True)
class UnitBlock:
    """The teams directly in one unit with the organisation rule per column; empty `columns` under three teams."""

    slug: str
    name: str
    rows: tuple[GridRow, ...]
    columns: tuple[OrgResult, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the picture says in words. `weakest` is None where no dimension can be compared."""

    teams: int
    current: int
    weakest: Column | None
    weakest_low: int
    weakest_of: int
    weakest_at: int


@dataclass(frozen=True, slots=True)
class Grid:
    columns: tuple[Column, ...]
    blocks: tuple[UnitBlock, ...]
    summary: Summary


def build_grid(
    rows: Sequence[HeatRow], plan: Plan, columns: Sequence[Column], *, by_capability: bool, as_of: date
) -> Grid:
    """The grid of these rows, in their order."""
    made = [
        GridRow(row, cells_of(row, plan, by_capability=by_capability), is_old=_is_old(row, as_of))
        for row in rows
    ]
    blocks = tuple(
        _block(slug, list(group), as_of) for slug, group in groupby(made, key=lambda row: row.team.unit_slug)
    )
    return Grid(tuple(columns), blocks, _summary(made, columns, as_of))


def _is_old(row: HeatRow, as_of: date) -> bool:
    """Whether the result is too old to count for a unit."""
    return row.assessed_on is not None and as_of - row.assessed_on > timedelta(days=ASSESSED_WITHIN_DAYS)


def cells_of(row: HeatRow, plan: Plan, *, by_capability: bool) -> tuple[Cell, ...]:
    """One cell per capability or dimension, in the order of the plan."""
    if not row.cells:
        return (NO_RESULT,) * (len(plan.capabilities) if by_capability else len(plan.dimensions))
    if by_capability:
        return _capability_cells(row.cells)
    return _dimension_cells(row.cells, row.rollups, plan.dimensions, plan.capabilities)


# Most teams stand where they stood at the last look, so their texts are read once. Text in, cells out: whose they are
# and who may see them plays no part.
@lru_cache(maxsize=REMEMBERED)
def _capability_cells(text: str) -> tuple[Cell, ...]:
    numbers = orjson.loads(text)
    return tuple(
        map(_capability_cell, numbers["verified"], numbers["level"], numbers["potential"], numbers["state"])
    )


@lru_cache(maxsize=REMEMBERED)
def _dimension_cells(
    text: str, rollups: str, names: tuple[str, ...], capabilities: tuple[tuple[str, str], ...]
) -> tuple[Cell, ...]:
    dimensions = orjson.loads(rollups)["dimensions"]
    inside: dict[str, list[Cell]] = {name: [] for name in names}
    for (_, dimension), one in zip(capabilities, _capability_cells(text), strict=True):
        inside[dimension].append(one)
    return tuple(_dimension_cell(dimensions[name], inside[name]) for name in names)


@lru_cache(maxsize=REMEMBERED)
def _capability_cell(verified: int | None, level: int | None, potential: int | None, state: int) -> Cell:
    base = state & 3
    kind = {UNASSESSED: "unknown", NOT_APPLICABLE: "na"}.get(base, "level")
    return Cell(
        kind, verified, level, potential, is_disputed=bool(state & DISPUTED), is_stale=bool(state & STALE)
    )


def _dimension_cell(three: Sequence[int | None], inside: Iterable[Cell]) -> Cell:
    verified, level, potential = three
    applicable = [one for one in inside if one.kind != "na"]
    if level is None:
        return Cell("na")
    kind = "unknown" if all(one.kind == "unknown" for one in applicable) else "level"
    return Cell(
        kind,
        verified,
        level,
        potential,
        is_disputed=any(one.is_disputed for one in applicable),
        is_stale=any(one.is_stale for one in applicable),
    )


def _block(slug: str, rows: list[GridRow], as_of: date) -> UnitBlock:
    columns: tuple[OrgResult, ...] = ()
    # Under three teams a distribution would name teams (RULINGS 4).
    if len(rows) >= 3:
        assessed_on = tuple(row.team.assessed_on for row in rows)
        provisional = tuple(row.team.is_provisional for row in rows)
        columns = tuple(
            _unit_result(levels, assessed_on, provisional, as_of)
            for levels in zip(*map(_levels, rows), strict=True)
        )
    return UnitBlock(slug, rows[0].team.unit_name, tuple(rows), columns)


def _levels(row: GridRow) -> list[int | None]:
    return [cell.level if cell.kind == "level" else None for cell in row.cells]


@lru_cache(maxsize=REMEMBERED)
def _unit_result(
    levels: tuple[int | None, ...],
    assessed_on: tuple[date | None, ...],
    provisional: tuple[bool, ...],
    as_of: date,
) -> OrgResult:
    return score_org(map(TeamStanding, levels, assessed_on, provisional), as_of)


def _summary(rows: Sequence[GridRow], columns: Sequence[Column], as_of: date) -> Summary:
    current = [row for row in rows if row.team.assessed_on is not None and not row.is_old]
    weakest: tuple[float, int, list[int]] | None = None
    for n in range(len(columns)):
        levels = [row.cells[n].level for row in current if row.cells[n].kind == "level"]
        known = [level for level in levels if level is not None]
        if known:
            candidate = (sum(known) / len(known), n, known)
            weakest = min(weakest, candidate) if weakest is not None else candidate
    if weakest is None:
        return Summary(len(rows), len(current), None, 0, 0, 0)
    _, column, levels_there = weakest
    at = sorted(levels_there)[len(levels_there) // 2]
    return Summary(
        teams=len(rows),
        current=len(current),
        weakest=columns[column],
        weakest_low=sum(level <= at for level in levels_there),
        weakest_of=len(levels_there),
        weakest_at=min(at, TOP_LEVEL),
    )
