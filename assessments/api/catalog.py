"""Maturity models and the vocabulary of signals."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assessments.api import examples
from assessments.api.serializers import (
    CapabilitiesOut,
    CriteriaOut,
    MaturityModelDetailOut,
    MaturityModelsOut,
    SignalsOut,
)
from assessments.catalog.schema import Criterion, MaturityModelFile
from assessments.models import MaturityModel
from assessments.queries import catalog
from assessments.vocabulary import SIGNALS
from mlops_portal.lib.api.views import Resource

VIEW = "maturity_model.view"


class MaturityModelList(Resource):
    """Every version that is loaded; the active one of a key is what teams are scored against."""

    policy = VIEW

    @extend_schema(
        operation_id="maturity_models_list",
        responses=MaturityModelsOut,
        examples=[examples.MATURITY_MODELS],
    )
    def get(self, request: Request) -> Response:
        models = MaturityModel.objects.defer("content").order_by("key", "version")
        return Response(MaturityModelsOut({"items": [_row(model) for model in models]}).data)


class MaturityModelDetail(Resource):
    """One version whole: levels, dimensions, capabilities, criteria."""

    policy = VIEW

    @extend_schema(
        operation_id="maturity_models_read",
        responses=MaturityModelDetailOut,
        examples=[examples.MATURITY_MODEL],
    )
    def get(self, request: Request, key: str, version: int) -> Response:
        model, file = _version(key, version)
        texts = {"levels": file.levels, "dimensions": file.dimensions, "capabilities": file.capabilities}
        return Response(MaturityModelDetailOut(_row(model) | texts).data)


class CapabilityList(Resource):
    """The capabilities of one version, in its order, each with its level descriptions and criteria."""

    policy = VIEW

    @extend_schema(
        operation_id="capabilities_list", responses=CapabilitiesOut, examples=[examples.CAPABILITIES]
    )
    def get(self, request: Request, key: str, version: int) -> Response:
        _, file = _version(key, version)
        return Response(CapabilitiesOut({"items": file.capabilities}).data)


class CriterionList(Resource):
    """All criteria of one version in one flat list, each with its capability."""

    policy = VIEW

    @extend_schema(operation_id="criteria_list", responses=CriteriaOut, examples=[examples.CRITERIA])
    def get(self, request: Request, key: str, version: int) -> Response:
        _, file = _version(key, version)
        rows = [
            _placed(criterion, capability.id)
            for capability in file.capabilities
            for criterion in capability.criteria
        ]
        return Response(CriteriaOut({"items": rows}).data)


class SignalList(Resource):
    """Everything that can be measured, with unit, window and the reasons for which it can be unknown."""

    policy = VIEW

    @extend_schema(operation_id="signals_list", responses=SignalsOut, examples=[examples.SIGNALS])
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
        return Response(SignalsOut({"items": rows}).data)


def _version(key: str, version: int) -> tuple[MaturityModel, MaturityModelFile]:
    model = MaturityModel.objects.defer("content").filter(key=key, version=version).first()
    if model is None:
        raise Http404
    return model, catalog.model_file(model)


def _placed(criterion: Criterion, capability: str) -> dict[str, Any]:
    fields = ("id", "level", "phase", "required", "basis", "text", "help", "na_when", "auto")
    return {name: getattr(criterion, name) for name in fields} | {"capability": capability}


def _row(model: MaturityModel) -> dict[str, Any]:
    return {
        "id": f"{model.key}/{model.version}",
        "key": model.key,
        "version": model.version,
        "name": model.name,
        "is_active": model.is_active,
        "sha256": model.sha256,
    }
