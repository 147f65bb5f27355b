"""Shapes of the large readings, for the schema: the bytes are joined elsewhere."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer
from rest_framework import serializers


class LevelsField(serializers.ListField):
    """Levels 0 to 4, null where nothing applies."""

    child = serializers.IntegerField(min_value=0, max_value=4, allow_null=True)


class ColumnOut(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    dimension = serializers.CharField()


class ModelRef(serializers.Serializer[object]):
    key = serializers.CharField()
    version = serializers.IntegerField()


class HeatTeamOut(serializers.Serializer[object]):
    id = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()
    level = LevelsField()
    verified = LevelsField()
    potential = LevelsField()
    state = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=15))


class HeatmapOut(serializers.Serializer[object]):
    """Columnar: the arrays of each team are in the order of `columns`."""

    as_of = serializers.DateTimeField()
    maturity_model = ModelRef()
    filters = serializers.DictField(child=serializers.CharField())
    legend = serializers.DictField()
    columns = ColumnOut(many=True)
    teams = HeatTeamOut(many=True)


class TeamPointOut(serializers.Serializer[object]):
    week_on = serializers.DateField()
    verified = serializers.IntegerField(allow_null=True)
    level = serializers.IntegerField(allow_null=True)
    potential = serializers.IntegerField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    dimensions = serializers.DictField(child=LevelsField())


class UnitPointOut(serializers.Serializer[object]):
    week_on = serializers.DateField()
    level = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    teams = serializers.IntegerField()
    counted = serializers.IntegerField()
    distribution = serializers.ListField(child=serializers.IntegerField())
    dimensions = serializers.DictField(child=serializers.IntegerField(allow_null=True))


class TeamProgressOut(serializers.Serializer[object]):
    """One point a week, the oldest first; each dimension is verified, level, potential."""

    team = serializers.CharField()
    points = TeamPointOut(many=True)


class UnitProgressOut(serializers.Serializer[object]):
    """One point a week, the oldest first; `distribution` is teams at level 0 to 4, empty under three teams."""

    unit = serializers.CharField()
    points = UnitPointOut(many=True)


PROGRESS_OUT = PolymorphicProxySerializer(
    "Progress", [TeamProgressOut, UnitProgressOut], resource_type_field_name=None
)


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


HEATMAP_EXAMPLE = _answer(
    "Two capabilities of one team",
    {
        "as_of": "2026-11-24T08:00:00Z",
        "maturity_model": {"key": "mlops-maturity", "version": 2},
        "filters": {"unit": "commerce"},
        "legend": {
            "state": {"0": "assessed", "1": "nothing known"},
            "level": "verified <= level <= potential",
        },
        "columns": [
            {"id": "training", "name": "Training", "dimension": "creation"},
            {"id": "tracking", "name": "Tracking", "dimension": "creation"},
        ],
        "teams": [
            {
                "id": "demand-planning",
                "name": "Demand planning",
                "unit": "commerce",
                "level": [2, 0],
                "verified": [1, 0],
                "potential": [4, 4],
                "state": [0, 1],
            }
        ],
    },
)
TEAM_EXAMPLE = _answer(
    "A team",
    {
        "team": "demand-planning",
        "points": [
            {
                "week_on": "2026-11-22",
                "verified": 0,
                "level": 1,
                "potential": 3,
                "score": 1.4,
                "coverage": 0.62,
                "dimensions": {"creation": [1, 2, 4]},
            }
        ],
    },
)
UNIT_EXAMPLE = _answer(
    "A unit",
    {
        "unit": "commerce",
        "points": [
            {
                "week_on": "2026-11-22",
                "level": 1,
                "reason": "",
                "teams": 5,
                "counted": 4,
                "distribution": [1, 2, 1, 0, 0],
                "dimensions": {"creation": 1},
            }
        ],
    },
)
