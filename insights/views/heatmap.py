"""The heatmap: where does help pay most?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.views.decorators.http import require_safe

from assessments.catalog.schema import MaturityModelFile
from assessments.models import MaturityModel
from assessments.queries import catalog
from insights.charts.heatmap_table import table_bodies
from insights.charts.words import how_to_read, lead_of
from insights.exports.csv_file import csv_response
from insights.forms.filters import HeatmapFilter
from insights.queries.grid import Cell, Column, Grid, GridRow, build_grid, cells_of
from insights.queries.heatmap import VIEW, heatmap_rows
from mlops_portal.lib.parts import Link
from teams.models import Unit
from teams.queries.rights import remembered_rights, units_visible_to


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for."""

    unit: Unit | None
    by_capability: bool
    show: str


@require_safe
def heatmap(request: HttpRequest) -> HttpResponse:
    """The whole picture, in one table."""
    form, chosen = _chosen(request)
    nothing = {"form": form, "home": Link("Go to Home", reverse("home"))}
    if chosen is None:
        return render(request, "insights/heatmap_empty.html", nothing, status=404)
    found = _grid(request, chosen)
    if found is None:
        return render(request, "insights/heatmap_empty.html", nothing)
    maturity_model, grid = found
    model = catalog.model_file(maturity_model)
    names = {level.level: level.name for level in model.levels}
    context = {
        "form": form,
        "lead": lead_of(grid.summary, by_capability=chosen.by_capability),
        "grid": grid,
        "count": _count(grid),
        "groups": _groups(grid, model),
        "by_capability": chosen.by_capability,
        "bodies": table_bodies(
            grid,
            show=chosen.show,
            team_url=_pattern("assessments:team-detail"),
            unit_url=_unit_pattern(request),
        ),
        "how_to_read": how_to_read(grid, names),
        "as_of": timezone.localdate(),
        "maturity_model": maturity_model,
        "panel_url": f"{reverse('insights:heatmap-cell')}?{request.GET.urlencode()}",
        "chips": [_without_unit(request, chosen.unit)] if chosen.unit is not None else [],
        "csv": _csv(request),
    }
    return render(request, "insights/heatmap.html", context)


@require_safe
def heatmap_cell(request: HttpRequest) -> HttpResponse:
    """The panel of one cell: the numbers in words and the way to their reasons."""
    maturity_model, grid = _whole(request)
    found = _find(grid, request.GET.get("row", ""), request.GET.get("column", ""))
    if found is None:
        raise Http404
    row, column, cell = found
    plan = catalog.plan(maturity_model)
    order = [name for name, _ in plan.capabilities]
    inside = {name for name, dimension in plan.capabilities if column.key in (name, dimension)}
    names = {c.id: c.name for c in catalog.model_file(maturity_model).capabilities}
    context = {
        "row": row,
        "column": column,
        "cell": cell,
        "links": [
            (Link(names[name], reverse("assessments:capability-detail", args=[row.team.slug, name])), one)
            for name, one in zip(order, cells_of(row.team, plan, by_capability=True), strict=True)
            if name in inside
        ],
        "team_url": reverse("assessments:team-detail", args=[row.team.slug]),
    }
    return render(request, "insights/_cell.html", context)


@require_safe
def heatmap_csv(request: HttpRequest) -> HttpResponse:
    """The same picture as a file: teams that the person may export."""
    if not remembered_rights(request.user).can("results.export"):
        raise Http404
    _, grid = _whole(request)
    head = ["unit", "team", "assessed on", "share known"]
    head += [
        f"{column.name}: {number}" for column in grid.columns for number in ("verified", "level", "up to")
    ]
    rows = [
        [
            row.team.unit_name,
            row.team.name,
            row.team.assessed_on,
            row.team.coverage,
            *(number for cell in row.cells for number in (cell.verified, cell.level, cell.potential)),
        ]
        for block in grid.blocks
        for row in block.rows
    ]
    return csv_response(f"heatmap-{timezone.localdate():%Y-%m-%d}", head, rows)


def _chosen(request: HttpRequest) -> tuple[HeatmapFilter, Chosen | None]:
    form = HeatmapFilter(
        {"columns": "dimensions", "show": "both", **request.GET.dict()},
        units=units_visible_to(request.user, VIEW).order_by("path"),
    )
    if not form.is_valid():
        return form, None
    data = form.cleaned_data
    return form, Chosen(data["unit"], data["columns"] == "capabilities", data["show"])


def _grid(request: HttpRequest, chosen: Chosen) -> tuple[MaturityModel, Grid] | None:
    """The picture and the maturity model that it is of; None when there is no team or no maturity model."""
    found = heatmap_rows(remembered_rights(request.user), chosen.unit)
    if found.maturity_model is None or not found.rows:
        return None
    model = catalog.model_file(found.maturity_model)
    return found.maturity_model, build_grid(
        found.rows,
        catalog.plan(found.maturity_model),
        columns_of(model, by_capability=chosen.by_capability),
        by_capability=chosen.by_capability,
        as_of=timezone.localdate(),
    )


def _whole(request: HttpRequest) -> tuple[MaturityModel, Grid]:
    """The picture that the address asks for. Raises Http404 when there is none."""
    _, chosen = _chosen(request)
    found = _grid(request, chosen) if chosen is not None else None
    if found is None:
        raise Http404
    return found


def columns_of(model: MaturityModelFile, *, by_capability: bool) -> tuple[Column, ...]:
    """The columns in the order of the maturity model."""
    if not by_capability:
        return tuple(Column(d.id, d.name) for d in model.dimensions)
    return tuple(Column(c.id, c.name, group=c.dimension) for c in model.capabilities if c.in_rollup)


def _groups(grid: Grid, model: MaturityModelFile) -> list[tuple[str, int]]:
    """(dimension, how many capabilities) above the 21 columns, in order."""
    names = {dimension.id: dimension.name for dimension in model.dimensions}
    groups: dict[str, int] = {}
    for column in grid.columns:
        name = names.get(column.group, column.group)
        groups[name] = groups.get(name, 0) + 1
    return list(groups.items())


def _count(grid: Grid) -> str:
    units, teams = len(grid.blocks), grid.summary.teams
    return f"{teams} team{'' if teams == 1 else 's'} in {units} unit{'' if units == 1 else 's'}"


def _csv(request: HttpRequest) -> Link | None:
    if not remembered_rights(request.user).can("results.export"):
        return None
    return Link("Download CSV", f"{reverse('insights:heatmap-csv')}?{request.GET.urlencode()}")


def _other_filters(request: HttpRequest) -> str:
    """The query string without the unit."""
    kept = request.GET.copy()
    kept.pop("unit", None)
    return kept.urlencode()


def _without_unit(request: HttpRequest, unit: Unit) -> Link:
    return Link(f"Unit: {unit}", f"?{_other_filters(request)}")


def _unit_pattern(request: HttpRequest) -> Callable[[str], str]:
    """The same view of one unit."""
    kept = _other_filters(request)
    others = f"{escape(kept)}&amp;" if kept else ""
    return lambda slug: f"?{others}unit={slug}"


def _find(grid: Grid, slug: str, key: str) -> tuple[GridRow, Column, Cell] | None:
    for block in grid.blocks:
        for row in block.rows:
            if row.team.slug != slug:
                continue
            for column, cell in zip(grid.columns, row.cells, strict=True):
                if column.key == key:
                    return row, column, cell
    return None


def _pattern(name: str) -> Callable[[str], str]:
    """Addresses of a named page by slug, resolved once: a thousand `reverse` cost 10 ms."""
    before, after = reverse(name, args=["slug-here"]).split("slug-here")
    return lambda slug: f"{before}{slug}{after}"
