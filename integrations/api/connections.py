"""How connections stand, as JSON for monitoring, through the query that the health page uses."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.queries.connections import SIGNS, VIEW
from integrations.queries.health_page import AGES, connections_to_watch, rows_of
from mlops_portal.lib.api.pagination import Cursor
from mlops_portal.lib.api.views import Resource
from teams.api.principal import principal_of

EXAMPLE = OpenApiExample(
    "One that could not be read last time",
    value={
        "id": 3,
        "name": "GitHub",
        "kind": "GitHub",
        "host": "api.github.com",
        "state": "failing",
        "words": "api.github.com could not be reached.",
        "age": "stale",
        "last_success_at": "2026-11-19T05:30:00Z",
        "interval_minutes": 360,
        "next_due_at": "2026-11-20T12:00:00Z",
        "failure": "api.github.com could not be reached.",
        "failed_at": "2026-11-20T06:00:00Z",
        "teams": 10,
        "blinded_criteria": 21,
        "requests_remaining": 3200,
        "requests_limit": 5000,
        "requests_reset_at": "2026-11-20T07:00:00Z",
        "credential_set_at": "2026-09-01T08:00:00Z",
        "credential_ends_at": "2027-02-01T09:30:00Z",
        "need": "It cannot be read.",
    },
    response_only=True,
)


class ConnectionOut(serializers.Serializer[object]):
    """`age` is that of the newest good reading against the interval: fresh, behind (over one), stale (over two), never.

    `need` is what helps most. What the source does not tell is null; dates of credentials are for who watches over the whole
    organisation.
    """

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    kind = serializers.CharField()
    host = serializers.CharField()
    state = serializers.CharField(source="health.state", help_text=f"One of {', '.join(sorted(SIGNS))}.")
    words = serializers.CharField(source="health.words", allow_blank=True)
    age = serializers.CharField(source="age.key", help_text=f"One of {', '.join(AGES)}.")
    last_success_at = serializers.DateTimeField(allow_null=True)
    interval_minutes = serializers.IntegerField()
    next_due_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(allow_blank=True)
    failed_at = serializers.DateTimeField(allow_null=True)
    teams = serializers.IntegerField(source="team_count")
    blinded_criteria = serializers.IntegerField(source="blinded_count")
    requests_remaining = serializers.IntegerField(source="budget.remaining", allow_null=True, default=None)
    requests_limit = serializers.IntegerField(source="budget.limit", allow_null=True, default=None)
    requests_reset_at = serializers.DateTimeField(source="budget.resets_at", allow_null=True, default=None)
    credential_set_at = serializers.DateTimeField(source="credential.set_at", allow_null=True, default=None)
    credential_ends_at = serializers.DateTimeField(source="credential.ends_at", allow_null=True, default=None)
    need = serializers.CharField(source="need.words")


class ConnectionList(Resource, generics.GenericAPIView[Any]):
    """Connections that feed a team that you may see."""

    policy = VIEW
    serializer_class = ConnectionOut
    pagination_class = Cursor

    @extend_schema(
        operation_id="connections_list",
        responses=ConnectionOut(many=True),
        description="How each connection that feeds a team of yours stands: read when, promised how often, failed why, blind "
        "for how many criteria, and what helps most.",
        examples=[EXAMPLE],
    )
    def get(self, request: Request, **_: Any) -> Response:
        principal = principal_of(request)
        page = self.paginate_queryset(connections_to_watch(principal)) or []
        rows = rows_of(principal, list(page), timezone.now())
        return self.get_paginated_response(ConnectionOut(rows, many=True).data)
