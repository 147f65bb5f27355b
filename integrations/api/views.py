"""The trace of a team's live versions as JSON, through the query that the page uses."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.api import examples
from integrations.api.serializers import TraceOut
from integrations.queries.trace import Trace, trace_of
from mlops_portal.lib.api.views import Resource
from teams.api.principal import principal_of
from teams.queries.rights import teams_visible_to

VIEW = "measurement.view"


class TeamTrace(Resource):
    """Of each live version: deployment, registry version, run, commit, dataset."""

    policy = VIEW
    may_be_missing = True

    @extend_schema(
        operation_id="teams_trace",
        responses=TraceOut,
        description="Of each live version the way back to its data, each step with its address, or why it is broken.",
        examples=[examples.TRACE],
    )
    def get(self, request: Request, slug: str, **_: Any) -> Response:
        team = teams_visible_to(principal_of(request), VIEW).filter(slug=slug).first()
        if team is None:
            raise Http404
        return Response(TraceOut({"team": team.slug, **_plain(trace_of(team))}).data)


def _plain(trace: Trace) -> dict[str, Any]:
    return {
        "versions": trace.versions,
        "why_none": trace.why_none,
        "note": trace.note,
        "read_at": trace.read_at,
    }
