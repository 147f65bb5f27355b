"""Traces on the wire."""

from __future__ import annotations

from rest_framework import serializers


class HopOut(serializers.Serializer[object]):
    """One step: `state` is known or broken; `why` says why it is broken."""

    kind = serializers.CharField()
    state = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)
    why = serializers.CharField(source="broken", allow_blank=True)


class VersionTraceOut(serializers.Serializer[object]):
    name = serializers.CharField()
    number = serializers.CharField(allow_blank=True)
    live_since = serializers.DateTimeField(allow_null=True)
    is_whole = serializers.BooleanField()
    hops = HopOut(many=True)


class TraceOut(serializers.Serializer[object]):
    """Live versions with their traces. `why_none` where there are none; `note` where they are told as they were read before.

    `read_at` is when the source that was read longest ago was: the trace is as old as that. null before the first reading.
    """

    team = serializers.CharField()
    versions = VersionTraceOut(many=True)
    why_none = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    read_at = serializers.DateTimeField(allow_null=True)
