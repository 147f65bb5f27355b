"""One example for every operation on people, units and teams; tests/api/test_openapi.py holds each against its schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


ME = _answer(
    "A service token",
    {
        "name": "jenkins (token nightly push)",
        "username": None,
        "kind": "service",
        "scopes": ["measurements:write"],
        "expires_at": "2027-02-22T08:00:00Z",
    },
)
UNIT = _answer("A unit", {"id": "commerce", "name": "Commerce", "parent": "acme"})
TEAM = _answer(
    "A team",
    {
        "id": "demand-planning",
        "name": "Demand planning",
        "unit": "commerce",
        "description": "Forecasts what shops will order.",
        "flags": ["batch_only"],
        "archived_at": None,
    },
)
