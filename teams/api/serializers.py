"""Units and teams on the wire."""

from __future__ import annotations

from rest_framework import serializers


class UnitOut(serializers.Serializer[object]):
    id = serializers.CharField(source="slug")
    name = serializers.CharField()
    parent = serializers.CharField(allow_null=True, source="parent_slug")  # type: ignore[assignment]  # a field of this name


class TeamOut(serializers.Serializer[object]):
    id = serializers.CharField(source="slug")
    name = serializers.CharField()
    unit = serializers.CharField(source="unit.slug")
    description = serializers.CharField()
    flags = serializers.ListField(child=serializers.CharField())
    archived_at = serializers.DateTimeField(allow_null=True)


class MeOut(serializers.Serializer[object]):
    """`scopes` is null for a signed-in person, who carries all that they may; so is `expires_at`."""

    name = serializers.CharField()
    username = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(choices=["person", "service"])
    scopes = serializers.ListField(child=serializers.CharField(), allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
