"""The cells of the heatmap as HTML. Joined here, for a template loop over 21,000 cells costs 250 ms (PERFORMANCE).

End tags that HTML lets us leave out are left out: a thousand teams stay under 60 kB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from assessments.scoring import OrgReason, OrgResult
from insights.queries.grid import Cell, Grid, GridRow, UnitBlock
from mlops_portal.lib.words import day_words

CHUNK = 50
REASONS = {OrgReason.TOO_FEW_TEAMS: "too few results", OrgReason.COVERAGE_TOO_LOW: "under half assessed"}
SHOWS = ("both", "level", "verified", "potential")


def table_bodies(
    grid: Grid, *, show: str, team_url: Callable[[str], str], unit_url: Callable[[str], str]
) -> SafeString:
    """Every `<tbody>`: one per unit, cut every 50 rows so that the browser can skip what is out of sight."""
    return mark_safe(  # noqa: S308 -- names are escaped below, everything else is ours
        "".join(part for block in grid.blocks for part in _block(block, show, team_url, unit_url))
    )


def _block(
    block: UnitBlock, show: str, team_url: Callable[[str], str], unit_url: Callable[[str], str]
) -> Iterator[str]:
    head = _unit_row(block, unit_url)
    for start in range(0, len(block.rows), CHUNK):
        rows = "".join(_row(row, show, team_url) for row in block.rows[start : start + CHUNK])
        yield f"<tbody>{head}{rows}</tbody>"
        head = ""


def _row(row: GridRow, show: str, team_url: Callable[[str], str]) -> str:
    team = row.team
    cells = _tds(row.cells, show, row.is_old, team.is_provisional)
    return (
        f'<tr data-row={team.slug}><th scope=row><a href="{team_url(team.slug)}">{escape(team.name)}</a>'
        f"{cells}<td class=when>{_when(row)}"
    )


@lru_cache(maxsize=4096)
def _tds(cells: tuple[Cell, ...], show: str, is_old: bool, is_partial: bool) -> str:  # noqa: FBT001 -- lru_cache is quicker by position
    return "".join([_td(cell, show, is_old, is_partial) for cell in cells])


@lru_cache(maxsize=4096)
def _td(cell: Cell, show: str, is_old: bool, is_partial: bool) -> str:  # noqa: FBT001 -- as above
    """A plain number per cell (RULINGS 15): rows and columns name it, marks are explained in the legend."""
    if cell.kind == "none":
        return "<td class=lx>No data"
    if cell.kind == "na":
        return "<td class=la>n/a"
    value = {"verified": cell.verified, "potential": cell.potential}.get(show, cell.level)
    marks = " d" if cell.is_disputed else " s" if cell.is_stale or is_old else ""
    if is_partial and cell.kind == "level":
        marks += " part"
    if cell.kind == "unknown" and show != "potential":
        return f'<td class="lu{marks}">?' if marks else "<td class=lu>?"
    shown = f"{value}"
    if show == "both" and cell.verified is not None and cell.level is not None and cell.verified < cell.level:
        shown = f"{value}<small>{cell.verified}</small>"
    return f'<td class="l{value}{marks}">{shown}' if marks else f"<td class=l{value}>{shown}"


def _when(row: GridRow) -> str:
    team = row.team
    if not team.cells:
        return "Not assessed"
    day = day_words(team.assessed_on) if team.assessed_on is not None else "Signals only"
    if team.is_provisional and team.coverage is not None:
        return f"{day}, {round(team.coverage * 100)} % known"
    return day


def _unit_row(block: UnitBlock, unit_url: Callable[[str], str]) -> str:
    missing = sum(not row.team.cells for row in block.rows)
    old = sum(row.is_old for row in block.rows)
    words = [f"{len(block.rows)} team{'' if len(block.rows) == 1 else 's'}"]
    if missing:
        words.append(f"{missing} not assessed")
    if old:
        words.append(f"{old} out of date")
    name = f'<a href="{unit_url(block.slug)}">{escape(block.name)}</a><small>{", ".join(words)}</small>'
    if not block.columns:
        return f"<tr class=unit><th scope=rowgroup>{name}"
    cells = "".join(_unit_cell(result) for result in block.columns)
    return f"<tr class=unit><th scope=rowgroup>{name}{cells}<td class=when>"


def _unit_cell(result: OrgResult) -> str:
    counts = [result.distribution.get(level, 0) for level in range(5)]
    if result.level is not None:
        says = f"<span>Level </span><strong>{result.level}</strong>"
    else:
        says = f"<span>{REASONS[result.reason]}</span>" if result.reason is not None else ""
    return f"<td>{says}{_bar(counts, result.teams)}"


def _bar(counts: Sequence[int], teams: int) -> str:
    """How many teams stand at each level; grey, no current level. Read out by the number before it.

    Each level reaches from the start to its end and lies over the ones above it: one number each instead of two.
    """
    ends = list(accumulate(counts))
    rects = ["<rect class=lx width=100% height=1 />"] if ends[-1] < teams else []
    rects += [
        f"<rect class=l{level} width={ends[level]} height=1 />"
        for level in reversed(range(len(counts)))
        if counts[level]
    ]
    return (
        f'<svg class=dist viewBox="0 0 {max(teams, 1)} 1" preserveAspectRatio=none aria-hidden=true>'
        f"{''.join(rects)}</svg>"
    )
