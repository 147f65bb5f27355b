"""Assessments and scores: published results, and drafts for the team itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.api.serializers import AssessmentOut, ScoreOut
from assessments.models import Assessment, Score
from mlops_portal.lib.api.pagination import Cursor
from mlops_portal.lib.api.views import KnownParameters
from teams.api.principal import principal_of
from teams.queries.rights import teams_visible_to

RESULTS = "results.view"
DRAFTS = "draft.view"


class _Assessments(KnownParameters, generics.GenericAPIView[Any]):
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

    @extend_schema(operation_id="assessments_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AssessmentDetail(_Assessments, generics.RetrieveAPIView[Any]):
    pagination_class = None

    @extend_schema(operation_id="assessments_read")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class ScoreList(KnownParameters, generics.ListAPIView[Any]):
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
        for parameter, field in (("team", "team__slug"), ("capability", "capability__slug")):
            value = self.request.query_params.get(parameter)
            if value is not None:
                scores = scores.filter(**{field: value})
        return scores

    @extend_schema(operation_id="scores_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
