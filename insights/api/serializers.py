"""Shapes of the large readings, for the schema: the bytes are joined elsewhere."""

from __future__ import annotations

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


class ProgressOut(serializers.Serializer[object]):
    """`team` or `unit`, and one point a week, the oldest first."""

    team = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    points = serializers.ListField(child=serializers.DictField())
