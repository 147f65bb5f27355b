"""Maturity models, signals, assessments, scores and measurements on the wire."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assessments.models import Assessment, Measurement
from mlops_portal.lib.api.parsers import MAX_ITEMS


class LevelOut(serializers.Serializer[object]):
    level = serializers.IntegerField()
    name = serializers.CharField()
    summary = serializers.CharField()


class DimensionOut(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()


class DescriptorOut(serializers.Serializer[object]):
    level = serializers.IntegerField()
    text = serializers.CharField()


class CriterionOut(serializers.Serializer[object]):
    id = serializers.CharField()
    level = serializers.IntegerField()
    phase = serializers.CharField()
    is_required = serializers.BooleanField(source="required")
    basis = serializers.CharField()
    text = serializers.CharField()
    help = serializers.CharField()
    na_when = serializers.ListField(child=serializers.CharField())
    signals = serializers.SerializerMethodField()

    def get_signals(self, criterion: object) -> list[str]:
        auto = criterion["auto"] if isinstance(criterion, dict) else getattr(criterion, "auto", None)
        return list(auto.signals) if auto is not None else []


class CapabilityOut(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    dimension = serializers.CharField(allow_blank=True)
    question = serializers.CharField()
    in_rollup = serializers.BooleanField()
    descriptors = DescriptorOut(many=True)
    criteria = CriterionOut(many=True)


class MaturityModelOut(serializers.Serializer[object]):
    id = serializers.CharField()
    key = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    sha256 = serializers.CharField()


class MaturityModelsOut(serializers.Serializer[object]):
    items = MaturityModelOut(many=True)


class CapabilitiesOut(serializers.Serializer[object]):
    items = CapabilityOut(many=True)


class PlacedCriterionOut(CriterionOut):
    """A criterion with the capability that it belongs to."""

    capability = serializers.CharField()


class CriteriaOut(serializers.Serializer[object]):
    items = PlacedCriterionOut(many=True)


class MaturityModelDetailOut(MaturityModelOut):
    levels = LevelOut(many=True)
    dimensions = DimensionOut(many=True)
    capabilities = CapabilityOut(many=True)


class SignalOut(serializers.Serializer[object]):
    id = serializers.CharField()
    type = serializers.CharField()
    unit = serializers.CharField()
    window_days = serializers.IntegerField()
    aggregate = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    definition = serializers.CharField()


class SignalsOut(serializers.Serializer[object]):
    items = SignalOut(many=True)


class AssessmentOut(serializers.Serializer[Assessment]):
    id = serializers.CharField(source="pk")
    team = serializers.CharField(source="team.slug")
    period = serializers.CharField()
    status = serializers.SerializerMethodField()
    is_reviewed = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)

    def get_status(self, assessment: Assessment) -> str:
        return Assessment.Status(assessment.status).name.lower()


class ScoreOut(serializers.Serializer[object]):
    """The three numbers; null where the capability does not apply."""

    team = serializers.CharField(source="team.slug")
    capability = serializers.CharField(source="capability.slug")
    state = serializers.CharField()
    verified = serializers.IntegerField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    potential = serializers.IntegerField(allow_null=True)
    ceiling = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    is_complete = serializers.BooleanField()
    known = serializers.IntegerField()
    applicable = serializers.IntegerField()
    ahead = serializers.IntegerField()
    has_dispute = serializers.BooleanField()
    has_stale = serializers.BooleanField()
    as_of = serializers.DateTimeField()
    valid_until = serializers.DateField(allow_null=True)


class DimensionScoreOut(serializers.Serializer[object]):
    dimension = serializers.CharField()
    state = serializers.CharField()
    verified = serializers.IntegerField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    potential = serializers.IntegerField(allow_null=True)


class TeamScoreOut(serializers.Serializer[object]):
    """`is_provisional`: something is unassessed, or under 80 % is known. `coverage`: how much of what applies is known."""

    team = serializers.CharField()
    maturity_model = serializers.CharField(allow_null=True)
    state = serializers.CharField()
    verified = serializers.IntegerField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    potential = serializers.IntegerField(allow_null=True)
    strict_level = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    is_provisional = serializers.BooleanField()
    is_reviewed = serializers.BooleanField()
    assessed_on = serializers.DateField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    dimensions = DimensionScoreOut(many=True)


class MeasurementOut(serializers.Serializer[Measurement]):
    id = serializers.CharField(source="pk")
    team = serializers.CharField(source="team.slug")
    signal = serializers.CharField()
    state = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    bound = serializers.CharField()
    sample = serializers.IntegerField(allow_null=True)
    window_days = serializers.IntegerField()
    observed_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of this name
    external_id = serializers.CharField()
    url = serializers.CharField(allow_blank=True)


@extend_schema_field({"type": ["number", "boolean", "null"]})
class ValueField(serializers.JSONField):
    """A number, true, false, or null where there is a reason instead."""

    default_error_messages = {"invalid": "A number, true, false or null."}

    def to_internal_value(self, data: Any) -> Any:
        if data is not None and not isinstance(data, bool | int | float):
            self.fail("invalid")
        try:
            float(data or 0)
        except OverflowError:
            raise serializers.ValidationError("A number of this size cannot be stored.") from None
        return data


class MeasurementIn(serializers.Serializer[object]):
    """One observed value, or state unknown with its reason."""

    team = serializers.CharField(max_length=80)
    signal = serializers.CharField(max_length=60)
    value = ValueField(required=False, allow_null=True, default=None)
    state = serializers.ChoiceField(choices=["ok", "unknown"], required=False)
    reason = serializers.CharField(max_length=30, required=False, allow_blank=True, default="")
    bound = serializers.ChoiceField(choices=["exact", "lower"], required=False, default="exact")
    sample = serializers.IntegerField(
        min_value=0, max_value=2_000_000_000, required=False, allow_null=True, default=None
    )
    window_days = serializers.IntegerField(
        min_value=0, max_value=400, required=False, allow_null=True, default=None
    )
    observed_at = serializers.DateTimeField()
    external_id = serializers.CharField(max_length=200)
    url = serializers.URLField(max_length=2000, required=False, allow_blank=True, default="")

    def validate_url(self, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"http", "https"} or "@" in parts.netloc):
            raise serializers.ValidationError("An http or https address without a user name in it.")
        return url


class MeasurementsIn(serializers.Serializer[object]):
    items = serializers.ListField(child=MeasurementIn(), min_length=1, max_length=MAX_ITEMS)


class ItemOut(serializers.Serializer[object]):
    index = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["stored", "duplicate", "conflict", "rejected"])
    code = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)


class ItemsOut(serializers.Serializer[object]):
    items = ItemOut(many=True)
