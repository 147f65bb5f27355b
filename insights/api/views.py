"""Heatmap and progress as JSON, through the queries that the pages use."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.models import MaturityModel
from assessments.queries import catalog
from assessments.services.score_rows import week_end
from insights.api.serializers import (
    HEATMAP_EXAMPLE,
    PROGRESS_OUT,
    TEAM_EXAMPLE,
    UNIT_EXAMPLE,
    HeatmapOut,
)
from insights.exports.heatmap_json import HeatmapJson, heatmap_json
from insights.queries import progress
from insights.queries.heatmap import VIEW, heatmap_columns
from mlops_portal.lib.api.views import Resource
from mlops_portal.lib.compression import prepared, wanted
from teams.api.principal import principal_of, rights_in
from teams.models import Unit
from teams.queries.rights import teams_visible_to, units_visible_to

MAX_WEEKS = 260


class Heatmap(Resource):
    """All teams that you may see, all capabilities, the three numbers: one answer up to 1,000 teams and beyond."""

    policy = VIEW
    may_be_missing = True
    parameters: ClassVar[frozenset[str]] = frozenset({"unit"})

    @extend_schema(
        operation_id="heatmap",
        responses=HeatmapOut,
        examples=[HEATMAP_EXAMPLE],
        parameters=[OpenApiParameter("unit", str, description="Only teams of this unit and all below it.")],
    )
    def get(self, request: Request) -> HttpResponse:
        slug = request.query_params.get("unit")
        unit = _unit(request, slug, VIEW) if slug is not None else None
        found = heatmap_columns(rights_in(request), unit)
        if found.maturity_model is None:
            raise Http404
        made = heatmap_json(
            found.rows,
            maturity_model=found.maturity_model,
            model=catalog.model_file(found.maturity_model),
            plan=catalog.plan(found.maturity_model),
            filters={} if slug is None else {"unit": slug},
            # To the minute: who asks again within it gets the bytes that were compressed before.
            as_of=timezone.now().replace(second=0, microsecond=0),
        )
        return _sent(request, made)


def _sent(request: Request, made: HeatmapJson) -> HttpResponse:
    """The answer in the encoding that was asked for."""
    # Weak: the same content in any encoding, and `as_of` alone makes no other answer.
    headers = {"ETag": f'W/"{made.tag}"', "Vary": "Accept-Encoding"}
    encoding = wanted(request.headers.get("Accept-Encoding", ""))
    if not encoding:
        return HttpResponse(made.body, content_type="application/json", headers=headers)
    return HttpResponse(
        prepared(made.body, encoding),
        content_type="application/json",
        headers={**headers, "Content-Encoding": encoding},
    )


class Progress(Resource):
    """The weeks of one team, or of one unit with all below it."""

    policy = progress.VIEW
    may_be_missing = True
    parameters: ClassVar[frozenset[str]] = frozenset({"team", "unit", "weeks"})

    @extend_schema(
        operation_id="progress",
        responses=PROGRESS_OUT,
        examples=[TEAM_EXAMPLE, UNIT_EXAMPLE],
        parameters=[
            OpenApiParameter("team", str, description="The team; either this or unit."),
            OpenApiParameter("unit", str, description="The unit, with all below it; either this or team."),
            OpenApiParameter(
                "weeks",
                {"type": "integer", "minimum": 1, "maximum": MAX_WEEKS, "default": 52},
                description="How many weeks back.",
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        weeks, until = _weeks(request), week_end(timezone.localdate())
        team, unit = request.query_params.get("team"), request.query_params.get("unit")
        if (team is None) == (unit is None):
            raise ValidationError({"team": ["Name either a team or a unit."]})
        if team is not None:
            return Response({"team": team, "points": _points(request, team, weeks, until)})
        place = _unit(request, unit, progress.VIEW)
        points = progress.unit_progress(place, _active(), weeks=weeks, until=until)
        return Response({"unit": unit, "points": [asdict(point) for point in points]})


def _points(request: Request, slug: str, weeks: int, until: date) -> list[dict[str, Any]]:
    """The team's weeks. Raises Http404 where the team is not visible; asked only where there are none, for it costs."""
    points = progress.points_of(rights_in(request), slug, weeks=weeks, until=until)
    if not points:
        visible = teams_visible_to(principal_of(request), progress.VIEW)
        _active()
        if not visible.filter(slug=slug).exists():
            raise Http404
    return points


def _active() -> MaturityModel:
    maturity_model = catalog.active_model()
    if maturity_model is None:
        raise Http404
    return maturity_model


def _unit(request: Request, slug: str | None, action: str) -> Unit:
    unit: Unit | None = units_visible_to(principal_of(request), action).filter(slug=slug).first()
    if unit is None:
        raise Http404
    return unit


def _weeks(request: Request) -> int:
    given = request.query_params.get("weeks", "52")
    if not given.isdecimal() or not 1 <= int(given) <= MAX_WEEKS:
        raise ValidationError({"weeks": [f"A whole number from 1 to {MAX_WEEKS}."]})
    return int(given)
