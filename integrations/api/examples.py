"""One example for every operation on traces; tests/api/test_openapi.py holds each against its schema."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

TRACE = OpenApiExample(
    "A live version that leads to its commit, whose run names no data",
    value={
        "team": "demand-planning",
        "versions": [
            {
                "name": "demand",
                "number": "4",
                "live_since": "2026-11-20T06:00:00Z",
                "is_whole": False,
                "hops": [
                    {
                        "kind": "deployment",
                        "state": "known",
                        "text": "to production, 20 Nov 2026",
                        "url": "https://github.com/example/demand/actions/runs/911",
                        "at": "2026-11-20T05:40:00Z",
                        "why": "",
                    },
                    {
                        "kind": "dataset",
                        "state": "broken",
                        "text": "",
                        "url": "",
                        "at": None,
                        "why": "the run names no training data with a digest",
                    },
                ],
            }
        ],
        "why_none": "",
        "note": "",
        "read_at": "2026-11-20T06:00:00Z",
    },
    response_only=True,
)
