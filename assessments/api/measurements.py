"""Measurements in and out. Pushed items are judged one by one; sent twice, stored once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.api import examples
from assessments.api.serializers import ItemsOut, MeasurementIn, MeasurementOut, MeasurementsIn
from assessments.models import Measurement
from assessments.services.measurements import ItemResult, Observed, record_measurements
from assessments.vocabulary import SIGNALS
from mlops_portal.lib.api.pagination import Newest
from mlops_portal.lib.api.views import Resource
from teams.api.principal import principal_of
from teams.models import Team
from teams.queries.principals import Principal
from teams.queries.rights import teams_visible_to

VIEW = "measurement.view"
PUSH = "measurement.push"
TRUTH = {"true": True, "1": True, "false": False, "0": False}


class Measurements(Resource, generics.ListAPIView[Any]):
    policy: ClassVar[Mapping[str, str]] = {"get": VIEW, "post": PUSH}
    serializer_class = MeasurementOut
    pagination_class = Newest
    parameters: ClassVar[frozenset[str]] = frozenset({"team", "signal"})
    post_parameters: ClassVar[frozenset[str]] = frozenset({"dry_run"})

    def get_queryset(self) -> QuerySet[Measurement]:
        visible = teams_visible_to(principal_of(self.request), VIEW).filter(pk=OuterRef("team"))
        found = Measurement.objects.filter(Exists(visible)).select_related("team")
        team, signal = (self.request.query_params.get(name) for name in ("team", "signal"))
        if signal is not None and signal not in SIGNALS:
            raise ValidationError(
                {"signal": [f"There is no signal {signal!r}. GET /api/v1/signals/ lists them."]}
            )
        if team is not None:
            found = found.filter(team__slug=team)
        return found if signal is None else found.filter(signal=signal)

    @extend_schema(
        operation_id="measurements_list",
        description='What was measured, the newest first: values, and "unknown" with its reason.',
        parameters=[
            OpenApiParameter("team", str, description="Only of this team."),
            OpenApiParameter("signal", str, description="Only of this signal."),
        ],
        examples=[examples.MEASUREMENT],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="measurements_push",
        request=MeasurementsIn,
        responses=ItemsOut,
        parameters=[OpenApiParameter("dry_run", bool, description="Judge, but store nothing.")],
        examples=[examples.PUSH, examples.JUDGED],
    )
    def post(self, request: Request) -> Response:
        """Push up to 500 items; the answer judges each. An existing (team, source, signal, external_id) changes nothing."""
        items = _items(request.data)
        is_dry = _is_dry(request)
        principal = principal_of(request)
        with transaction.atomic():
            results = _record(principal, items)
            if is_dry:
                transaction.set_rollback(True)
        return Response(
            {
                "items": [
                    {"index": r.index, "status": r.status, "code": r.code, "detail": r.detail}
                    for r in results
                ]
            }
        )


def source_of(principal: Principal) -> str:
    """The source that a push is filed under: a service's own slug, or the person."""
    if principal.is_service and principal.token is not None:
        return f"service:{principal.token.source}"
    assert principal.user is not None, "only services push without a person"
    return f"user:{principal.user.pk}"


def _is_dry(request: Request) -> bool:
    given = request.query_params.get("dry_run", "false")
    if given.lower() not in TRUTH:
        # Anything else must not pass for "no": it would store what was meant as a rehearsal.
        raise ValidationError({"dry_run": ["true or false."]})
    return TRUTH[given.lower()]


def _items(data: Any) -> list[Any]:
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list) or not items or set(data) != {"items"}:
        raise ValidationError(
            {"items": ["Send an object with one key, items: a list of 1 to 500 measurements."]}
        )
    return items


def _record(principal: Principal, items: list[Any]) -> list[ItemResult]:
    teams = {team.slug: team for team in _teams(principal, items)}
    results: dict[int, ItemResult] = {}
    grouped: dict[str, list[tuple[int, Observed]]] = defaultdict(list)
    for index, raw in enumerate(items):
        read = _read(raw, teams)
        if isinstance(read, Observed):
            grouped[raw["team"]].append((index, read))
        else:
            results[index] = ItemResult(index, "rejected", *read)
    # One order for all pushes, so that two of them never wait for each other in a circle.
    for slug in sorted(grouped):
        judged = record_measurements(
            team=teams[slug],
            source=source_of(principal),
            items=[item for _, item in grouped[slug]],
            at=timezone.now(),
            by_name=principal.name,
            immediate=True,
        )
        for (index, _), result in zip(grouped[slug], judged, strict=True):
            results[index] = ItemResult(index, result.status, result.code, result.detail)
    return [results[index] for index in sorted(results)]


def _teams(principal: Principal, items: list[Any]) -> QuerySet[Team]:
    named = {raw.get("team") for raw in items if isinstance(raw, dict) and isinstance(raw.get("team"), str)}
    return teams_visible_to(principal, PUSH).filter(slug__in=named)


def _read(raw: Any, teams: Mapping[str, Team]) -> Observed | tuple[str, str]:
    """The item, or (code, detail) of why it cannot be read."""
    form = MeasurementIn(data=raw)
    unknown = sorted(set(raw) - set(form.fields)) if isinstance(raw, dict) else []
    if unknown or not form.is_valid():
        return "invalid", f"Unknown field {unknown[0]!r}." if unknown else _first_error(form)
    data = form.validated_data
    if data["team"] not in teams:
        # A foreign team and one that does not exist look the same.
        return "unknown_team", f"There is no team {data['team']!r} that you may push for."
    state = "unknown" if data["value"] is None else "ok"
    if data.get("state", state) != state:
        return "value_or_reason", "Send either a value, or state unknown with a reason."
    signal = SIGNALS.get(data["signal"])
    if signal is not None and data["window_days"] not in (None, signal.window_days):
        return "wrong_window", f"{signal.id} looks at {signal.window_days} days, not {data['window_days']}."
    return Observed(
        **{
            name: data[name]
            for name in ("signal", "value", "observed_at", "reason", "bound", "sample", "url")
        },
        external_id=data["external_id"],
    )


def _first_error(form: MeasurementIn) -> str:
    name, errors = next(iter(form.errors.items()))
    return str(errors[0]) if name == "non_field_errors" else f"{name}: {errors[0]}"
