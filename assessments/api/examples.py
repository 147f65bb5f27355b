"""One example for every operation on maturity models, signals, assessments, scores and measurements.

tests/api/test_openapi.py holds each against the schema that it stands under.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_MODEL = {
    "id": "mlops-maturity/2",
    "key": "mlops-maturity",
    "version": 2,
    "name": "MLOps maturity model",
    "is_active": True,
    "sha256": "0d4b6a5e9c1f27384655a1b2c3d4e5f60718293a4b5c6d7e8f90112233445566",
}
_CRITERION: dict[str, Any] = {
    "id": "training.one_command",
    "level": 1,
    "phase": "train",
    "is_required": True,
    "basis": "seed",
    "text": "One command trains the model from a clean checkout.",
    "help": "",
    "na_when": [],
    "signals": [],
}
_CAPABILITY = {
    "id": "training",
    "name": "Training",
    "dimension": "creation",
    "question": "How does a model come to be trained again?",
    "in_rollup": True,
    "descriptors": [{"level": 0, "text": "A person trains by hand."}],
    "criteria": [_CRITERION],
}


def _answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True)


MATURITY_MODELS = _answer("Versions", {"items": [_MODEL]})
MATURITY_MODEL = _answer(
    "One version",
    {
        **_MODEL,
        "levels": [{"level": 0, "name": "No MLOps", "summary": "Everything is done by hand."}],
        "dimensions": [{"id": "creation", "name": "Model creation", "summary": "From data to a model."}],
        "capabilities": [_CAPABILITY],
    },
)
CAPABILITIES = _answer("Capabilities", {"items": [_CAPABILITY]})
CRITERIA = _answer("Criteria", {"items": [{**_CRITERION, "capability": "training"}]})
SIGNALS = _answer(
    "The vocabulary",
    {
        "items": [
            {
                "id": "ci.runs_30d",
                "type": "number",
                "unit": "count",
                "window_days": 30,
                "aggregate": "sum",
                "reasons": ["not_configured", "unauthorized", "unreachable"],
                "definition": "Completed CI runs on the default branch.",
            }
        ]
    },
)
ASSESSMENT = _answer(
    "A published assessment",
    {
        "id": "17",
        "team": "demand-planning",
        "period": "2026-Q4",
        "status": "published",
        "is_reviewed": False,
        "created_at": "2026-11-02T09:00:00Z",
        "submitted_at": "2026-11-09T14:30:00Z",
        "published_at": "2026-11-10T08:15:00Z",
    },
)
SCORE = _answer(
    "One capability of one team",
    {
        "team": "demand-planning",
        "capability": "training",
        "state": "assessed",
        "verified": 1,
        "level": 2,
        "potential": 4,
        "ceiling": 4,
        "score": 2.33,
        "is_complete": False,
        "known": 5,
        "applicable": 7,
        "ahead": 0,
        "has_dispute": False,
        "has_stale": False,
        "as_of": "2026-11-24T06:00:04Z",
        "valid_until": "2027-02-08",
    },
)
TEAM_SCORE = _answer(
    "A team as a whole",
    {
        "team": "demand-planning",
        "maturity_model": "mlops-maturity/1",
        "state": "assessed",
        "verified": 0,
        "level": 1,
        "potential": 3,
        "strict_level": 0,
        "score": 1.43,
        "coverage": 0.71,
        "is_provisional": True,
        "is_reviewed": False,
        "assessed_on": "2026-11-10",
        "as_of": "2026-11-24T06:00:04Z",
        "valid_until": "2027-02-08",
        "dimensions": [
            {"dimension": "creation", "state": "assessed", "verified": 1, "level": 2, "potential": 4},
            {"dimension": "serving", "state": "unassessed", "verified": 0, "level": 0, "potential": 4},
        ],
    },
)
MEASUREMENT = _answer(
    "A value that was pushed",
    {
        "id": "4711",
        "team": "demand-planning",
        "signal": "ci.runs_30d",
        "state": "ok",
        "value": 42,
        "reason": "",
        "bound": "exact",
        "sample": None,
        "window_days": 30,
        "observed_at": "2026-11-24T06:00:00Z",
        "received_at": "2026-11-24T06:00:03Z",
        "source": "service:jenkins",
        "external_id": "jenkins-2026-11-24",
        "url": "https://ci.example.org/job/train",
    },
)
PUSH = OpenApiExample(
    "A value and one that could not be read",
    value={
        "items": [
            {
                "team": "demand-planning",
                "signal": "ci.runs_30d",
                "value": 42,
                "observed_at": "2026-11-24T06:00:00Z",
                "external_id": "jenkins-2026-11-24",
                "url": "https://ci.example.org/job/train",
            },
            {
                "team": "demand-planning",
                "signal": "ci.success_rate_30d",
                "state": "unknown",
                "reason": "unreachable",
                "observed_at": "2026-11-24T06:00:00Z",
                "external_id": "jenkins-2026-11-24",
            },
        ]
    },
    request_only=True,
)
JUDGED = _answer(
    "Each item by itself",
    {
        "items": [
            {"index": 0, "status": "stored", "code": "", "detail": ""},
            {
                "index": 1,
                "status": "rejected",
                "code": "unknown_team",
                "detail": "There is no team 'demand' that you may push for.",
            },
        ]
    },
)
