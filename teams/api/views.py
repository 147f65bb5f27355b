"""Units, teams and who asks. Strangers get 404; only what is visible is listed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length, Substr
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from mlops_portal.lib.api.pagination import BySlug
from mlops_portal.lib.api.views import KnownParameters
from teams.api.principal import principal_of
from teams.api.serializers import MeOut, TeamOut, UnitOut
from teams.models import Team, Unit
from teams.queries.rights import teams_visible_to, units_visible_to


class Me(KnownParameters):
    """Who this token or session is, and what it carries."""

    scope = "any"

    @extend_schema(operation_id="me", responses=MeOut)
    def get(self, request: Request) -> Response:
        principal = principal_of(request)
        scopes = None if principal.scopes is None else sorted(principal.scopes)
        kind = "service" if principal.is_service else "person"
        return Response({"name": principal.name, "kind": kind, "scopes": scopes})


class _Units(KnownParameters, generics.GenericAPIView[Any]):
    policy = "org.list"
    serializer_class = UnitOut
    pagination_class: type[BasePagination] | None = BySlug
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Any]:
        above = Unit.objects.filter(path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Unit.steplen))
        units: QuerySet[Any] = units_visible_to(principal_of(self.request)).annotate(
            parent_slug=Subquery(above.values("slug")[:1], output_field=CharField(null=True))
        )
        return units


class UnitList(_Units, generics.ListAPIView[Any]):
    @extend_schema(operation_id="units_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class UnitDetail(_Units, generics.RetrieveAPIView[Any]):
    pagination_class = None

    @extend_schema(operation_id="units_read")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class _Teams(KnownParameters, generics.GenericAPIView[Any]):
    policy = "team.view"
    serializer_class = TeamOut
    pagination_class: type[BasePagination] | None = BySlug
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Team]:
        return teams_visible_to(principal_of(self.request), self.policy).select_related("unit")


class TeamList(_Teams, generics.ListAPIView[Any]):
    parameters: ClassVar[frozenset[str]] = frozenset({"unit"})

    def get_queryset(self) -> QuerySet[Team]:
        teams = super().get_queryset()
        unit = self.request.query_params.get("unit")
        return teams if unit is None else teams.filter(unit__slug=unit)

    @extend_schema(operation_id="teams_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class TeamDetail(_Teams, generics.RetrieveAPIView[Any]):
    pagination_class = None

    @extend_schema(operation_id="teams_read")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
