"""Units, teams and who asks. Strangers get 404; only what is visible is listed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length, Substr
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from mlops_portal.lib.api.pagination import BySlug
from mlops_portal.lib.api.views import Resource
from teams.api import examples
from teams.api.principal import principal_of
from teams.api.serializers import MeOut, TeamOut, UnitOut
from teams.models import Team, Unit
from teams.queries.rights import teams_visible_to, units_visible_to


class Me(Resource):
    """Who this token or session is, and what it carries."""

    scope = "any"

    @extend_schema(operation_id="me", responses=MeOut, examples=[examples.ME])
    def get(self, request: Request) -> Response:
        principal = principal_of(request)
        scopes = None if principal.scopes is None else sorted(principal.scopes)
        kind = "service" if principal.is_service else "person"
        return Response(
            MeOut(
                {
                    "name": principal.name,
                    "username": None if principal.user is None else principal.user.username,
                    "kind": kind,
                    "scopes": scopes,
                    "expires_at": None if principal.token is None else principal.token.expires_at,
                }
            ).data
        )


class _Units(Resource, generics.GenericAPIView[Any]):
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
    @extend_schema(
        operation_id="units_list",
        description="The units that you may see, by name. `parent` is the unit above; the organisation has none.",
        examples=[examples.UNIT],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class UnitDetail(_Units, generics.RetrieveAPIView[Any]):
    pagination_class = None

    @extend_schema(operation_id="units_read", description="One unit.", examples=[examples.UNIT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class _Teams(Resource, generics.GenericAPIView[Any]):
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

    @extend_schema(
        operation_id="teams_list",
        description="The teams that you may see; archived ones are left out.",
        parameters=[
            OpenApiParameter("unit", str, description="Only teams of this very unit, not of those below it.")
        ],
        examples=[examples.TEAM],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class TeamDetail(_Teams, generics.RetrieveAPIView[Any]):
    pagination_class = None

    @extend_schema(operation_id="teams_read", description="One team.", examples=[examples.TEAM])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
