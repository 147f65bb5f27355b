"""Maturity models and the vocabulary of signals."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.api.serializers import MaturityModelDetailOut, MaturityModelOut, SignalOut
from assessments.catalog.schema import MaturityModelFile
from assessments.models import MaturityModel
from assessments.queries import catalog
from assessments.vocabulary import SIGNALS
from mlops_portal.lib.api.views import KnownParameters


class MaturityModelList(KnownParameters):
    """Every version that is loaded; the active one of a key is what teams are scored against."""

    policy = "maturity_model.view"

    @extend_schema(operation_id="maturity_models_list", responses=MaturityModelOut(many=True))
    def get(self, request: Request) -> Response:
        models = MaturityModel.objects.defer("content").order_by("key", "version")
        return Response({"items": MaturityModelOut([_row(model) for model in models], many=True).data})


class MaturityModelDetail(KnownParameters):
    """One version whole: levels, dimensions, capabilities, criteria."""

    policy = "maturity_model.view"

    @extend_schema(operation_id="maturity_models_read", responses=MaturityModelDetailOut)
    def get(self, request: Request, key: str, version: int) -> Response:
        model = get_object_or_404(MaturityModel.objects.defer("content"), key=key, version=version)
        file = catalog.model_file(model)
        return Response(MaturityModelDetailOut(_row(model) | _texts(file)).data)


class SignalList(KnownParameters):
    """Everything that can be measured, with unit, window and the reasons for which it can be unknown."""

    policy = "maturity_model.view"

    @extend_schema(operation_id="signals_list", responses=SignalOut(many=True))
    def get(self, request: Request) -> Response:
        active = catalog.active_model()
        texts = {} if active is None else {s.id: s.definition for s in catalog.model_file(active).signals}
        rows = [
            {
                "id": signal.id,
                "type": signal.type.value,
                "unit": signal.unit.value,
                "window_days": signal.window_days,
                "aggregate": signal.aggregate.value,
                "reasons": sorted(reason.value for reason in signal.reasons),
                "definition": texts.get(signal.id, ""),
            }
            for signal in SIGNALS.values()
        ]
        return Response({"items": SignalOut(rows, many=True).data})


def _row(model: MaturityModel) -> dict[str, Any]:
    return {
        "id": f"{model.key}/{model.version}",
        "key": model.key,
        "version": model.version,
        "name": model.name,
        "is_active": model.is_active,
        "sha256": model.sha256,
    }


def _texts(file: MaturityModelFile) -> dict[str, Any]:
    return {"levels": file.levels, "dimensions": file.dimensions, "capabilities": file.capabilities}
