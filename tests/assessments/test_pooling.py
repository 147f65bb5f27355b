"""Several sources, one reading: what is missing never passes for what is there."""

from __future__ import annotations

from datetime import date

import pytest

from assessments.pooling import SourceReading, pool, pool_signals
from assessments.rules import Bound
from assessments.vocabulary import SIGNALS

DAY = date(2026, 11, 20)


def reading(value, reason="", source="a", **fields):
    return SourceReading(
        source=source, value=value, reason=reason, read_on=fields.pop("read_on", DAY), **fields
    )


def pooled(signal, *readings):
    one = pool(SIGNALS[signal], readings).reading
    return one.value, one.bound.value, one.reason


@pytest.mark.parametrize(
    ("signal", "readings", "expected"),
    [
        ("ci.runs_30d", [reading(3), reading(4)], (7.0, "exact", "")),
        ("ci.runs_30d", [reading(3), reading(None, "unreachable")], (3.0, "lower", "")),
        (
            "ci.runs_30d",
            [reading(None, "unreachable"), reading(None, "truncated")],
            (None, "exact", "unreachable"),
        ),
        ("ci.runs_30d", [reading(3), reading(None, "not_configured")], (3, "exact", "")),
        ("ci.runs_30d", [reading(3), reading(4, is_removed=True)], (3.0, "lower", "")),
        ("ci.runs_30d", [reading(4, is_removed=True)], (4, "exact", "")),
        ("repo.has_iac", [reading(True), reading(None, "unreachable")], (True, "exact", "")),
        ("repo.has_iac", [reading(False), reading(None, "unreachable")], (None, "exact", "unreachable")),
        ("repo.has_iac", [reading(False), reading(False)], (False, "exact", "")),
        ("repo.has_tests", [reading(False), reading(None, "unreachable")], (False, "exact", "")),
        ("repo.has_tests", [reading(True), reading(None, "unreachable")], (None, "exact", "unreachable")),
        ("repo.has_tests", [reading(True), reading(True)], (True, "exact", "")),
        (
            "ci.success_rate_30d",
            [reading(0.9, numerator=9, denominator=10), reading(0.5, numerator=45, denominator=90)],
            (0.54, "exact", ""),
        ),
        (
            "ci.success_rate_30d",
            [reading(0.9, numerator=9, denominator=10), reading(None, "unauthorized")],
            (None, "exact", "unauthorized"),
        ),
        (
            "ci.success_rate_30d",
            [
                reading(None, "insufficient_sample", numerator=3, denominator=6),
                reading(0.5, numerator=5, denominator=10),
            ],
            (0.5, "exact", ""),
        ),
        ("deploy.lead_time_p50_h", [reading(3.0), reading(4.0)], (None, "exact", "unsupported")),
        ("deploy.deployers_180d", [reading(3), reading(2)], (3.0, "lower", "")),
        ("monitoring.uptime_30d", [reading(0.9), reading(0.99)], (0.9, "exact", "")),
        (
            "monitoring.uptime_30d",
            [reading(0.9), reading(None, "unreachable")],
            (None, "exact", "unreachable"),
        ),
    ],
)
def test_pool_by_aggregate(signal, readings, expected):
    assert pooled(signal, *readings) == expected


def test_pool_rests_on_the_oldest_reading():
    old = date(2026, 11, 1)

    assert pool(SIGNALS["ci.runs_30d"], [reading(3), reading(4, read_on=old)]).read_on == old


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (reading(9), (None, "insufficient_sample")),
        (reading(10), (0.9, "")),
        (reading(9, bound=Bound.LOWER), (None, "insufficient_sample")),
        (reading(None, "unreachable"), (0.9, "")),
    ],
)
def test_minimum_sample_is_asked_of_the_pooled_count(runs, expected):
    result = pool_signals({"ci.success_rate_30d": [reading(0.9, sample=12)], "ci.runs_30d": [runs]})

    one = result["ci.success_rate_30d"].reading
    assert (one.value, one.reason) == expected
