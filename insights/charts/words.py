"""What a picture says, in sentences made from its own numbers."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.html import format_html
from django.utils.safestring import SafeString

from insights.queries.grid import Cell, Column, Grid, GridRow, Summary

ALL_DIFFER = 3


def lead_of(summary: Summary, *, by_capability: bool = False) -> SafeString:
    """The answer first: how many results are current, and where the organisation is weakest."""
    says = format_html(
        "{} of {} {} a current result.",
        summary.current,
        summary.teams,
        "team has" if summary.teams == 1 else "teams have",
    )
    if summary.weakest is None:
        return says
    return format_html(
        "{} The weakest {} is <strong>{}</strong>: {} of {} {} at {}{}.",
        says,
        "capability" if by_capability else "dimension",
        summary.weakest.name,
        summary.weakest_low,
        summary.weakest_of,
        "stands" if summary.weakest_low == 1 else "stand",
        summary.weakest_at,
        " or lower" if summary.weakest_at else "",
    )


def how_to_read(grid: Grid, level_names: Mapping[int, str]) -> list[str]:
    """Three lines made from a real cell; empty while there is none with a level."""
    found = _example(grid)
    if found is None:
        return []
    row, column, cell = found
    assert cell.level is not None
    place = f"{row.team.name}, {column.name}"
    lines = [
        f"{place}: the large number {cell.level} is the level, {level_names[cell.level]}. The team says so or facts show it."
    ]
    if cell.verified == cell.level:
        lines.append(
            f"No small number beside it: all of level {cell.level} is verified by facts, evidence or a reviewer."
        )
    else:
        lines.append(
            f"The small number {cell.verified} is what facts, evidence or a reviewer confirm; the rest is the team's word."
        )
    if cell.potential == cell.level:
        lines.append("Everything needed for this number is known: no open answer could raise it.")
    else:
        lines.append(f"Unknown is not no: with what is still unknown it could be up to {cell.potential}.")
    return lines


def _example(grid: Grid) -> tuple[GridRow, Column, Cell] | None:
    """The cell that teaches most: verified, level and potential all differ; else any with a level."""
    best: tuple[int, GridRow, Column, Cell] | None = None
    for block in grid.blocks:
        for row in block.rows:
            for column, cell in zip(grid.columns, row.cells, strict=True):
                if cell.kind != "level":
                    continue
                worth = len({cell.verified, cell.level, cell.potential})
                if worth == ALL_DIFFER:
                    return row, column, cell
                if best is None or worth > best[0]:
                    best = (worth, row, column, cell)
    return best[1:] if best is not None else None
