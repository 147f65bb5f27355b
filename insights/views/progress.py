"""Progress: is it getting better, and because of what?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assessments.models import MaturityModel
from assessments.queries import catalog
from assessments.services.score_rows import week_end
from insights.charts import progress as charts
from insights.exports.csv_file import csv_response
from insights.forms.filters import ProgressFilter
from insights.queries.grid import short_word
from insights.queries.progress import (
    VIEW,
    StatusChange,
    TeamPoint,
    UnitPoint,
    capability_changes,
    status_changes,
    team_progress,
    unit_progress,
)
from mlops_portal.lib.csp import allow_charts
from mlops_portal.lib.parts import Column, Link, Row, Verdict
from mlops_portal.lib.words import day_words
from teams.models import Team, Unit
from teams.queries.machines import who_for
from teams.queries.rights import remembered_rights, teams_visible_to, units_visible_to

NO_RESULT = "no result"
# Under three teams a distribution would name them (RULINGS 4).
HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Moment:
    """Criteria that came out differently at one time, by one cause."""

    at: datetime
    cause: str
    by: str
    verdicts: Sequence[Verdict]


@require_safe
@allow_charts
def progress(request: HttpRequest) -> HttpResponse:
    """The progress of one team, or of a unit with all its teams."""
    form, maturity_model = _form(request), catalog.active_model()
    if maturity_model is None or not form.is_valid():
        return render(
            request, "insights/progress_empty.html", {"form": form}, status=404 if form.errors else 200
        )
    data = form.cleaned_data
    if data["team"] is not None:
        return render(
            request, "insights/progress_team.html", _team_page(request, form, data["team"], maturity_model)
        )
    unit = data["unit"] or _units(request).first()
    if unit is None:
        return _first_team(request, form, maturity_model)
    return render(request, "insights/progress_unit.html", _unit_page(request, form, unit, maturity_model))


@require_safe
def progress_csv(request: HttpRequest) -> HttpResponse:
    """The numbers of the page as a file."""
    form, maturity_model = _form(request), catalog.active_model()
    if maturity_model is None or not form.is_valid():
        raise Http404
    data = form.cleaned_data
    place = data["team"] or data["unit"] or _units(request).first()
    if place is None or not remembered_rights(request.user).can("results.export", place):
        raise Http404
    names = _dimension_names(maturity_model)
    until = week_end(timezone.localdate())
    if isinstance(place, Team):
        head, rows = _team_table(
            team_progress(place, maturity_model, weeks=data["weeks"], until=until), names, _iso
        )
    else:
        head, rows = _unit_table(
            unit_progress(place, maturity_model, weeks=data["weeks"], until=until), names
        )
    return csv_response(
        f"progress-{place.slug}",
        [column.label for column in head],
        [[row.header, *row.cells] for row in rows],
    )


def _first_team(request: HttpRequest, form: ProgressFilter, maturity_model: MaturityModel) -> HttpResponse:
    """A member without a unit of their own sees their first team."""
    team = _teams(request).first()
    if team is None:
        return render(request, "insights/progress_empty.html", {"form": form})
    return render(request, "insights/progress_team.html", _team_page(request, form, team, maturity_model))


def _form(request: HttpRequest) -> ProgressFilter:
    return ProgressFilter({"weeks": "52", **request.GET.dict()}, units=_units(request), teams=_teams(request))


def _units(request: HttpRequest) -> QuerySet[Unit]:
    units: QuerySet[Unit] = units_visible_to(request.user, VIEW).order_by("path")
    return units


def _teams(request: HttpRequest) -> QuerySet[Team]:
    return teams_visible_to(request.user, VIEW).select_related("unit").order_by("name", "pk")


def _dimension_names(maturity_model: MaturityModel) -> dict[str, str]:
    return {d.id: d.name for d in catalog.model_file(maturity_model).dimensions}


def _short(names: dict[str, str]) -> dict[str, str]:
    """Five columns beside a chart have no room for the names, which stand in the chart."""
    return {key: short_word(key) for key in names}


def _csv_url(request: HttpRequest, place: Team | Unit) -> str:
    if not remembered_rights(request.user).can("results.export", place):
        return ""
    return f"{reverse('insights:progress-csv')}?{request.GET.urlencode()}"


def _team_page(
    request: HttpRequest, form: ProgressFilter, team: Team, maturity_model: MaturityModel
) -> dict[str, Any]:
    weeks = form.cleaned_data["weeks"]
    until = week_end(timezone.localdate())
    names = _dimension_names(maturity_model)
    points = team_progress(team, maturity_model, weeks=weeks, until=until)
    capabilities = {c.id: c.name for c in catalog.model_file(maturity_model).capabilities}
    texts = {c.id: c.text for c in catalog.model_file(maturity_model).criteria()}
    columns, rows = _team_table(points, _short(names), day_words)
    team_link = Link(team.name, reverse("assessments:team-detail", args=[team.slug]))
    return {
        "form": form,
        "team": team,
        "points": points,
        "title": f"Progress of {team.name}",
        "crumbs": (team_link,),
        "team_link": Link("Go to the team", team_link.url),
        "lead": _team_lead(points),
        "figure": charts.dimension_steps(points, names),
        "columns": columns,
        "rows": rows,
        "csv_url": _csv_url(request, team),
        "changes": [
            (capabilities[change.capability], change)
            for change in capability_changes(
                team, maturity_model, catalog.plan(maturity_model), weeks=weeks, until=until
            )
        ],
        "moments": _moments(
            team,
            status_changes(team, since=timezone.now() - timedelta(weeks=weeks), who=who_for(request.user)),
            texts,
        ),
    }


def _unit_page(
    request: HttpRequest, form: ProgressFilter, unit: Unit, maturity_model: MaturityModel
) -> dict[str, Any]:
    names = _dimension_names(maturity_model)
    points = unit_progress(
        unit, maturity_model, weeks=form.cleaned_data["weeks"], until=week_end(timezone.localdate())
    )
    mix_columns, mix_rows = _mix_table(points)
    columns, rows = _dimension_table(points, _short(names))
    return {
        "form": form,
        "unit": unit,
        "title": f"Progress of {unit.name}",
        "crumbs": (),
        "mix_columns": mix_columns,
        "mix_rows": mix_rows,
        "points": points,
        "lead": _unit_lead(points),
        "teams_link": Link("See the teams", reverse("assessments:team-list")),
        "mix": charts.level_mix(points),
        "steps": charts.unit_dimension_steps(points, names),
        "columns": columns,
        "rows": rows,
        "csv_url": _csv_url(request, unit),
    }


def _team_lead(points: list[TeamPoint]) -> str:
    if not points:
        return ""
    first, last = points[0], points[-1]
    now = f"Level {last.level} (verified {last.verified}, up to {last.potential})"
    if first.level == last.level:
        return (
            f"{now}." if first is last else f"{now}, the same as in the first recorded week of this period."
        )
    return f"{now}; it was {first.level} in the first recorded week of this period."


def _unit_lead(points: list[UnitPoint]) -> str:
    if not points:
        return ""
    last = points[-1]
    counted = f"{last.counted} of {last.teams} teams have a current result"
    if last.level is None:
        return f"{counted}; too few for one level."
    return f"{counted}; four in five of them reach level {last.level}."


def _moments(team: Team, changes: list[StatusChange], texts: dict[str, str]) -> list[Moment]:
    """The changes in their order, those of one time and cause together; each leads to its reason."""
    return [
        Moment(at, cause, by, [_verdict(team, change, texts) for change in group])
        for (at, cause, by), group in groupby(
            changes, key=lambda change: (change.at, change.cause, change.by)
        )
    ]


def _verdict(team: Team, change: StatusChange, texts: dict[str, str]) -> Verdict:
    return Verdict(
        change.status,
        texts.get(change.criterion, change.criterion),
        (change.support,) if change.support != "none" else (),
        url=reverse("assessments:criterion-detail", args=[team.slug, change.criterion]),
        is_claim=change.support == "claimed",
    )


def _iso(day: date) -> str:
    return day.isoformat()


def _team_table(
    points: list[TeamPoint], names: dict[str, str], day: Callable[[date], str]
) -> tuple[list[Column], list[Row]]:
    columns = [
        Column("Week to"),
        *(Column(label, is_number=True) for label in ("Level", "Verified", "Up to")),
    ]
    columns += [Column(name, is_number=True) for name in names.values()]
    return columns, [
        Row(
            day(point.week_on),
            [
                point.level,
                point.verified,
                point.potential,
                *(point.dimensions.get(key, (None,) * 3)[1] for key in names),
            ],
        )
        for point in reversed(points)
    ]


def _distribution(point: UnitPoint) -> tuple[int | str, ...]:
    return point.distribution or (HIDDEN,) * 5


def _mix_table(points: list[UnitPoint]) -> tuple[list[Column], list[Row]]:
    labels = ("Counted", *(f"At {level}" for level in range(5)), "Missing")
    return [Column("Week to"), *(Column(label, is_number=True) for label in labels)], [
        Row(
            day_words(point.week_on),
            [point.counted, *_distribution(point), point.teams - point.counted],
        )
        for point in reversed(points)
    ]


def _dimension_table(points: list[UnitPoint], names: dict[str, str]) -> tuple[list[Column], list[Row]]:
    return [Column("Week to"), *(Column(name, is_number=True) for name in names.values())], [
        Row(
            day_words(point.week_on),
            [NO_RESULT if (level := point.dimensions.get(key)) is None else level for key in names],
        )
        for point in reversed(points)
    ]


def _unit_table(points: list[UnitPoint], names: dict[str, str]) -> tuple[list[Column], list[Row]]:
    columns = [Column("Week to"), Column("Level", is_number=True), Column("Teams", is_number=True)]
    columns += [Column("Counted", is_number=True)]
    columns += [Column(f"At {level}", is_number=True) for level in range(5)]
    columns += [Column(name, is_number=True) for name in names.values()]
    return columns, [
        Row(
            _iso(point.week_on),
            [
                NO_RESULT if point.level is None else point.level,
                point.teams,
                point.counted,
                *_distribution(point),
                *(point.dimensions.get(key) for key in names),
            ],
        )
        for point in reversed(points)
    ]
