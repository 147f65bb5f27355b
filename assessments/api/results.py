"""Assessments and scores: published results, and drafts for the team itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.api import examples
from assessments.api.serializers import AssessmentOut, ScoreOut, TeamScoreOut
from assessments.models import Assessment, Score
from assessments.queries import catalog
from assessments.queries.team_score import team_standing
from mlops_portal.lib.api.pagination import Cursor
from mlops_portal.lib.api.views import Resource
from teams.api.principal import principal_of
from teams.models import Team
from teams.queries.rights import teams_visible_to

RESULTS = "results.view"
DRAFTS = "draft.view"


class _Assessments(Resource, generics.GenericAPIView[Any]):
    policy = RESULTS
    serializer_class = AssessmentOut
    pagination_class: type[BasePagination] | None = Cursor

    def get_queryset(self) -> QuerySet[Assessment]:
        """Published ones of teams whose results are visible, and everything of teams whose drafts are."""
        actor = principal_of(self.request)
        team = OuterRef("team")
        published = Assessment.objects.filter(
            Exists(teams_visible_to(actor, RESULTS).filter(pk=team)), status__gte=Assessment.Status.PUBLISHED
        )
        own = Assessment.objects.filter(Exists(teams_visible_to(actor, DRAFTS).filter(pk=team)))
        return (published | own).select_related("team")


class AssessmentList(_Assessments, generics.ListAPIView[Any]):
    parameters: ClassVar[frozenset[str]] = frozenset({"team"})

    def get_queryset(self) -> QuerySet[Assessment]:
        slug = self.request.query_params.get("team")
        found = super().get_queryset()
        return found if slug is None else found.filter(team__slug=slug)

    @extend_schema(
        operation_id="assessments_list",
        description="Published assessments of the teams whose results you may see, and drafts of your own team.",
        parameters=[OpenApiParameter("team", str, description="Only of this team.")],
        examples=[examples.ASSESSMENT],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AssessmentDetail(_Assessments, generics.RetrieveAPIView[Any]):
    pagination_class = None

    @extend_schema(
        operation_id="assessments_read", description="One assessment.", examples=[examples.ASSESSMENT]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ScoreList(Resource, generics.ListAPIView[Any]):
    """Current numbers per team and capability."""

    policy = RESULTS
    serializer_class = ScoreOut
    pagination_class = Cursor
    parameters: ClassVar[frozenset[str]] = frozenset({"team", "capability"})

    def get_queryset(self) -> QuerySet[Score]:
        scores = Score.objects.filter(
            Exists(teams_visible_to(principal_of(self.request), RESULTS).filter(pk=OuterRef("team"))),
            capability__maturity_model__is_active=True,
        ).select_related("team", "capability")
        team, capability = (self.request.query_params.get(name) for name in ("team", "capability"))
        if capability is not None:
            _check_capability(capability)
            scores = scores.filter(capability__slug=capability)
        return scores if team is None else scores.filter(team__slug=team)

    @extend_schema(
        operation_id="scores_list",
        description="Current numbers per team and capability: verified <= level <= potential, null where it does not apply.",
        parameters=[
            OpenApiParameter("team", str, description="Only of this team."),
            OpenApiParameter("capability", str, description="Only of this capability."),
        ],
        examples=[examples.SCORE],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class TeamScoreDetail(Resource, generics.RetrieveAPIView[Any]):
    """The numbers of a team as a whole and of its dimensions: what a pipeline asks before it goes on."""

    policy = RESULTS
    serializer_class = TeamScoreOut
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Team]:
        return teams_visible_to(principal_of(self.request), RESULTS)

    @extend_schema(
        operation_id="teams_score",
        description=(
            "Where a team stands: verified <= level <= potential, as a whole and by dimension. `state` is unassessed "
            "while nothing is known, and then the numbers say nothing; not_applicable where nothing applies."
        ),
        examples=[examples.TEAM_SCORE],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(TeamScoreOut(team_standing(self.get_object(), catalog.active_model())).data)


def _check_capability(slug: str) -> None:
    active = catalog.active_model()
    known = [] if active is None else [one.id for one in catalog.model_file(active).capabilities]
    if slug not in known:
        raise ValidationError(
            {"capability": [f"There is no capability {slug!r}; there are: {', '.join(known) or 'none'}."]}
        )
