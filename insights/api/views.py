"""Heatmap and progress as JSON, through the queries that the pages use."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.models import MaturityModel
from assessments.queries import catalog
from assessments.scoring import ORG_MIN_TEAMS
from assessments.services.score_rows import week_end
from insights.api.serializers import (
    HEATMAP_EXAMPLE,
    PROGRESS_OUT,
    TEAM_EXAMPLE,
    UNIT_EXAMPLE,
    HeatmapOut,
)
from insights.exports.heatmap_json import heatmap_json
from insights.queries import progress
from insights.queries.heatmap import VIEW, heatmap_columns
from mlops_portal.lib.api.views import Resource, etag_of
from teams.api.principal import principal_of
from teams.models import Unit
from teams.queries.rights import teams_visible_to, units_visible_to

PROGRESS = "progress.view"
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
        maturity_model = _active()
        slug = request.query_params.get("unit")
        unit = _unit(request, slug, VIEW) if slug is not None else None
        body = heatmap_json(
            heatmap_columns(principal_of(request), maturity_model, unit),
            maturity_model=maturity_model,
            model=catalog.model_file(maturity_model),
            plan=catalog.plan(maturity_model),
            filters={} if slug is None else {"unit": slug},
            as_of=timezone.now().replace(microsecond=0),
        )
        response = HttpResponse(body, content_type="application/json")
        # as_of is the moment of asking; all that follows says whether anything changed.
        response["ETag"] = etag_of(body.partition(b",")[2])
        return response


class Progress(Resource):
    """The weeks of one team, or of one unit with all below it."""

    policy = PROGRESS
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
        maturity_model, weeks, until = _active(), _weeks(request), week_end(timezone.localdate())
        team, unit = request.query_params.get("team"), request.query_params.get("unit")
        if (team is None) == (unit is None):
            raise ValidationError({"team": ["Name either a team or a unit."]})
        if team is not None:
            found = teams_visible_to(principal_of(request), PROGRESS).filter(slug=team).first()
            if found is None:
                raise Http404
            points: list[Any] = progress.team_progress(found, maturity_model, weeks=weeks, until=until)
            return Response({"team": team, "points": [asdict(point) for point in points]})
        place = _unit(request, unit, PROGRESS)
        weekly = progress.unit_progress(place, maturity_model, weeks=weeks, until=until)
        return Response({"unit": unit, "points": [_unit_point(point) for point in weekly]})


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


def _unit_point(point: progress.UnitPoint) -> dict[str, Any]:
    """The point; under three teams a distribution would name teams (RULINGS 4), so there it is empty."""
    return asdict(point) | ({"distribution": []} if point.teams < ORG_MIN_TEAMS else {})
