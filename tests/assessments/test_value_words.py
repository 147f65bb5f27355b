"""Values of signals in their unit."""

import pytest

from assessments.queries.words import value_words


@pytest.mark.parametrize(
    ("signal", "value", "bound", "expected"),
    [
        ("mlflow.live_version_age", 0, "exact", "0 days"),
        ("mlflow.live_version_age", 1, "exact", "1 day"),
        ("mlflow.live_version_age", 41, "lower", "at least 41 days"),
        ("mlflow.retrain_interval_365d", 2.5, "exact", "2.5 days"),
        ("mlflow.retrain_interval_365d", 13.6, "exact", "14 days"),
        ("mlflow.drift_to_live_p50_h", 31.2, "lower", "at least 31 h"),
        ("mlflow.live_version_age", None, "exact", ""),
    ],
)
def test_value_in_words(signal, value, bound, expected):
    assert value_words(signal, value, bound) == expected
