"""End to end over loopback: recorded answers, the value worked out by hand for every signal, every reason for none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.connectors.base import FactKind, Observation
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, SourceError
from integrations.connectors.prometheus.connector import PrometheusConnector
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound, by_signal
from tests.integrations.connectors.prometheus_fake import (
    OPTIONS,
    PAYLOADS,
    FakePrometheus,
    recorded,
    vector,
)
from tests.integrations.connectors.shipped import named_by

pytestmark = pytest.mark.slow

DAY = 86_400
RULES = ("monitoring.alert_rules", "monitoring.drift_rules", "monitoring.data_rules")

# Worked out by hand from tests/services/test_prometheus_server.py, of which the payloads are: (value, reason, bound,
# numerator, denominator).
EXPECTED: dict[str, tuple[Any, ...]] = {
    # churn-api on two instances, scorer on one
    "monitoring.service_targets": (3, "", "exact", None, None),
    # ChurnDown, ChurnDrift, DataStale; Broken was evaluated with an error, FraudDrift names another model
    "monitoring.alert_rules": (3, "", "exact", None, None),
    # ChurnDrift, and the recording rule job:churn_psi:avg
    "monitoring.drift_rules": (2, "", "exact", None, None),
    # DataStale
    "monitoring.data_rules": (1, "", "exact", None, None),
    # predictions_total and churn_psi; python_info is the client library's
    "monitoring.model_metrics": (2, "", "exact", None, None),
    # churn-api: 8640 steps less 432 without a sample and 10 at 0
    "monitoring.uptime_30d": (8198 / 8640, "", "exact", None, None),
    "monitoring.window_coverage_30d": (8208 / 8640, "", "exact", None, None),
    # version 2; version 1 stopped two days ago
    "serving.active_versions_24h": (1, "", "exact", None, None),
    # version 1 until day 2, version 2 since day 9
    "serving.parallel_version_days_90d": (8, "", "exact", None, None),
}


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    with FakePrometheus() as fake:
        fake.serve_recorded()
        yield fake


def found(fake: FakePrometheus, **options: Any) -> dict[str, Observation]:
    collected = fake.collect({**OPTIONS, **options})
    assert_sound(collected, PrometheusConnector.signals)
    return by_signal(collected)


def reasons(seen: dict[str, Observation], *signals: str) -> set[tuple[Any, str]]:
    return {(seen[name].value, seen[name].reason) for name in signals}


def test_payloads_are_labelled_with_their_source() -> None:
    files = sorted(PAYLOADS.glob("*.json"))
    assert len(files) > 20
    for file in files:
        payload = json.loads(file.read_text())
        assert payload["label"] in {"recorded", "documented", "made up"}, file.name
        assert payload["source"], file.name


def test_each_signal_that_names_prometheus_has_a_row() -> None:
    assert set(EXPECTED) | PrometheusConnector.joined == named_by("prometheus")
    assert set(EXPECTED) == PrometheusConnector.signals


def test_collect_gives_the_values_worked_out_by_hand(prometheus: FakePrometheus) -> None:
    collected = prometheus.collect(OPTIONS)
    assert_sound(collected, PrometheusConnector.signals)
    assert_as_worked_out(collected, EXPECTED)
    # Fired 5 and 4.5 days before the last quarter of an hour, which is the same alert, and 2 days before it.
    end = 1_795_565_700
    assert [(fact.kind, fact.key, fact.happened_at) for fact in collected.facts] == [
        (FactKind.ALERT, f"{at}/ChurnDrift", datetime.fromtimestamp(at, UTC))
        for at in (end - 5 * DAY, end - 2 * DAY)
    ]


def test_questions_are_those_of_the_catalogue_with_limit_and_timeout(prometheus: FakePrometheus) -> None:
    prometheus.collect({**OPTIONS, "services": ['job="churn-api"']})
    assert prometheus.questions() == [
        'count_over_time((max(up{job="churn-api"}))[30d:5m])',
        'sum_over_time((max(up{job="churn-api"}) > bool 0)[30d:5m])',
        'count(count_over_time(up{job="churn-api"}[1h]))',
        'count(count_over_time(up{job="churn-api"}[1h]))',
        'count(count by (version) (increase(predictions_total{model="churn",version!=""}[1d]) > 0))',
    ]
    for asked in prometheus.asked:
        wanted = {"query": {"timeout", "limit"}, "query_range": {"timeout", "limit"}, "series": {"limit"}}
        assert wanted.get(asked.path, set()) <= set(asked.params), asked


def test_nothing_told_asks_nothing(prometheus: FakePrometheus) -> None:
    seen = by_signal(prometheus.collect({}))
    assert reasons(seen, *seen) == {(None, "not_configured")}
    assert prometheus.asked == []


def test_no_series_is_unknown_and_never_zero() -> None:
    """Prometheus answers an empty list for whatever it does not know."""
    with FakePrometheus() as fake:
        fake.serve("status/runtimeinfo", "runtimeinfo")
        fake.serve("rules", "rules")
        seen = found(fake, services=['job="x"'], models=['model="x"'])
    assert reasons(seen, *seen) == {(None, "selector_matches_nothing")}


@pytest.mark.parametrize("body", [recorded("nan")["body"], recorded("inf")["body"], vector("-1"), vector("1_0"), vector(""), vector("1", "2")])  # fmt: skip
def test_no_number_is_made_of_what_is_none(prometheus: FakePrometheus, body: Any) -> None:
    prometheus.answer("query", body)
    seen = found(prometheus)
    assert reasons(
        seen, "monitoring.service_targets", "monitoring.uptime_30d", "monitoring.window_coverage_30d"
    ) == {(None, "unreachable")}
    assert reasons(seen, "serving.active_versions_24h") == {(None, "unreachable")}


def test_value_that_is_no_text_is_not_prometheus(prometheus: FakePrometheus) -> None:
    body = {
        "status": "success",
        "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, 5]}]},
    }
    prometheus.answer("query", body)
    assert reasons(found(prometheus), "monitoring.service_targets") == {(None, "unreachable")}


def test_an_error_with_status_200_is_a_bad_payload(prometheus: FakePrometheus) -> None:
    prometheus.answer("query", {"status": "error", "errorType": "bad_data", "error": "no"})
    prometheus.answer("rules", {"status": "error", "data": {"groups": []}})
    seen = found(prometheus)
    assert reasons(seen, "monitoring.uptime_30d", *RULES) == {(None, "unreachable")}
    assert seen["monitoring.alert_rules"].detail == (
        "The answer is not Prometheus'; nothing was taken from it. Check the address of the connection."
    )


def test_an_error_to_everything_is_no_collection() -> None:
    with FakePrometheus() as fake:
        for path in ("query", "query_range", "series", "rules", "status/runtimeinfo"):
            fake.answer(path, {"status": "error"})
        with pytest.raises(SourceError) as caught:
            fake.collect(OPTIONS)
    assert caught.value.kind is Failure.BAD_PAYLOAD


@pytest.mark.parametrize("status", [400, 404, 501])
def test_a_server_without_rules_is_unsupported(prometheus: FakePrometheus, status: int) -> None:
    prometheus.answer("rules", "404 page not found\n", status=status, content_type="text/plain")
    seen = found(prometheus)
    assert reasons(seen, *RULES) == {(None, "unsupported")}
    assert seen["monitoring.alert_rules"].detail == (
        "This server has no endpoint for rules: it is no Prometheus, or too old."
    )
    assert seen["monitoring.uptime_30d"].value == pytest.approx(8198 / 8640)


def test_a_server_that_only_resembles_prometheus_has_not_no_rules(prometheus: FakePrometheus) -> None:
    """VictoriaMetrics answers 200 with no group where vmalert is not behind it, and has no run time to tell of."""
    prometheus.answer("rules", {"status": "success", "data": {"groups": []}})
    prometheus.serve("status/runtimeinfo", "endpoint_absent")
    assert reasons(found(prometheus), *RULES) == {(None, "unsupported")}
    prometheus.serve("status/runtimeinfo", "runtimeinfo")
    # Of a service without series no rule would be found either.
    assert reasons(found(prometheus), *RULES) == {(None, "selector_matches_nothing")}
    prometheus.serve("series", "series_job_scorer", part="churn-api")
    assert reasons(found(prometheus), *RULES) == {(0, "")}


@pytest.mark.parametrize(
    ("path", "signals", "endpoint"),
    [
        ("query", ("monitoring.service_targets", "monitoring.uptime_30d"), "queries"),
        ("query_range", ("serving.parallel_version_days_90d",), "ranges of time"),
        ("series", ("monitoring.model_metrics",), "series"),
    ],
)
def test_a_missing_endpoint_is_unsupported(
    prometheus: FakePrometheus, path: str, signals: tuple[str, ...], endpoint: str
) -> None:
    prometheus.serve(path, "endpoint_absent")
    seen = found(prometheus)
    assert reasons(seen, *signals) == {(None, "unsupported")}
    assert seen[signals[0]].detail == (
        f"This server has no endpoint for {endpoint}: it is no Prometheus, or too old."
    )


@pytest.mark.parametrize("said", ["15d", "512MB", "", "soon"])
def test_retention_alone_takes_nothing_away(prometheus: FakePrometheus, said: str) -> None:
    """8208 of 8640 steps are read, whatever is said."""
    prometheus.answer("status/runtimeinfo", {"status": "success", "data": {"storageRetention": said}})
    seen = found(prometheus)
    assert seen["monitoring.uptime_30d"].value == pytest.approx(8198 / 8640)
    assert seen["monitoring.window_coverage_30d"].value == pytest.approx(0.95)


def test_retention_shorter_than_the_window_is_said(prometheus: FakePrometheus) -> None:
    prometheus.answer("status/runtimeinfo", {"status": "success", "data": {"storageRetention": "15d"}})
    prometheus.answer("query", vector("4320"), part='count_over_time((max(up{job="churn-api"}))[30d:5m])')
    seen = found(prometheus)
    assert (seen["monitoring.window_coverage_30d"].value, seen["monitoring.uptime_30d"].reason) == (
        0.5,
        "window_not_covered",
    )
    assert seen["monitoring.uptime_30d"].detail == (
        "Prometheus has samples of 50% of the 30 days; it keeps data for 15 days."
    )
    # The days that were seen are a lower bound.
    parallel = seen["serving.parallel_version_days_90d"]
    assert (parallel.value, parallel.bound) == (8, "lower")


def test_retention_of_hours_covers_not_even_a_day(prometheus: FakePrometheus) -> None:
    prometheus.answer("status/runtimeinfo", {"status": "success", "data": {"storageRetention": "12h"}})
    assert reasons(found(prometheus), "serving.active_versions_24h") == {(None, "window_not_covered")}


def test_holes_in_data_that_reaches_back_are_too_small_a_sample(prometheus: FakePrometheus) -> None:
    prometheus.answer("query", vector("4320"), part='count_over_time((max(up{job="churn-api"}))[30d:5m])')
    prometheus.answer("query", vector("288"), part="offset 29d")
    assert reasons(found(prometheus), "monitoring.uptime_30d") == {(None, "insufficient_sample")}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Prometheus does not understand the labels or the expression of the mapping (HTTP 400): mend them."),
        (422, "Prometheus gave up on a question of this size (HTTP 422): narrow the labels."),
        (503, "Prometheus gave up on a question of this size (HTTP 503): narrow the labels."),
    ],
)  # fmt: skip
def test_a_refused_question_says_what_to_do(prometheus: FakePrometheus, status: int, words: str) -> None:
    prometheus.answer("query", recorded("bad_query")["body"], status=status)
    seen = found(prometheus)
    one = seen["monitoring.uptime_30d"]
    assert (one.reason, one.detail) == ("unreachable", words)
    assert seen["monitoring.alert_rules"].value == 3


def test_refused_credential_is_no_collection(prometheus: FakePrometheus) -> None:
    prometheus.answer("status/runtimeinfo", "Unauthorized", status=401, content_type="text/plain")
    with pytest.raises(SourceError) as caught:
        prometheus.collect(OPTIONS)
    assert caught.value.kind is Failure.UNAUTHORIZED


def test_forbidden_part_is_unauthorized(prometheus: FakePrometheus) -> None:
    prometheus.answer("rules", "no", status=403, content_type="text/plain")
    seen = found(prometheus)
    assert reasons(seen, *RULES) == {(None, "unauthorized")}
    assert seen["monitoring.service_targets"].value == 3


def test_line_that_cannot_be_read_asks_nothing_and_makes_a_lower_bound(prometheus: FakePrometheus) -> None:
    evil = 'job="x"}) or vector(1000000) #'
    collected = prometheus.collect({**OPTIONS, "services": ['job="churn-api"', evil]})
    seen = by_signal(collected)
    assert not any("1000000" in asked.question for asked in prometheus.asked)
    assert (seen["monitoring.service_targets"].value, seen["monitoring.service_targets"].bound) == (
        2,
        "lower",
    )
    assert reasons(seen, "monitoring.uptime_30d") == {(None, "selector_matches_nothing")}
    assert collected.notes == (f'{evil!r} is no list of label matchers: write job="churn-api".',)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prediction_counter": "x[1d]) or vector(9"}, "'x[1d]) or vector(9' is no name of a metric."),
        ({"version_label": "v) (up"}, "'v) (up' is no name of a label."),
    ],
)
def test_names_that_are_none_reach_no_expression(
    prometheus: FakePrometheus, options: dict[str, str], words: str
) -> None:
    seen = found(prometheus, **options)
    one = seen["serving.active_versions_24h"]
    assert (one.value, one.reason, one.detail) == (None, "selector_matches_nothing", words)
    assert not any("vector(9" in asked.question or "(up" in asked.question.replace("(up{", "") for asked in prometheus.asked)  # fmt: skip


def test_own_expression_is_asked_alone_before_anything_is_made_of_it(prometheus: FakePrometheus) -> None:
    evil = "up) or vector(1"
    prometheus.answer("query", recorded("bad_query")["body"], part=evil, status=400)
    seen = found(prometheus, availability=evil)
    assert reasons(seen, "monitoring.uptime_30d", "monitoring.window_coverage_30d") == {
        (None, "selector_matches_nothing")
    }
    assert [question for question in prometheus.questions() if evil in question] == [evil]


def test_own_expression_decides_uptime_and_coverage(prometheus: FakePrometheus) -> None:
    prometheus.answer("query", vector("1"), part="max(probe_success)")
    prometheus.answer("query", vector("8640"), part="count_over_time(((\nmax(probe_success)\n))[30d:5m])")
    prometheus.answer("query", vector("8553.6"), part="sum_over_time(((\nmax(probe_success)\n))[30d:5m])")
    seen = found(prometheus, availability="max(probe_success)")
    assert seen["monitoring.uptime_30d"].value == pytest.approx(0.99)
    assert seen["monitoring.window_coverage_30d"].value == 1.0
    prometheus.answer("query", vector("863136"), part="sum_over_time(((\nmax(probe_success)\n))[30d:5m])")
    assert reasons(found(prometheus, availability="max(probe_success)"), "monitoring.uptime_30d") == {
        (None, "unreachable")
    }


def test_counter_without_the_label_is_no_version_label(prometheus: FakePrometheus) -> None:
    assert reasons(
        found(prometheus, version_label="release"),
        "serving.active_versions_24h",
        "serving.parallel_version_days_90d",
    ) == {(None, "no_version_label")}


def test_a_counter_that_did_not_move_is_a_proven_zero(prometheus: FakePrometheus) -> None:
    prometheus.answer("query", recorded("vector_none")["body"], part="count by (version)")
    assert reasons(found(prometheus), "serving.active_versions_24h") == {(0, "")}


def test_rules_of_a_label_are_found_by_it(prometheus: FakePrometheus) -> None:
    seen = found(prometheus, rules=['model="fraud"'])
    assert reasons(seen, "monitoring.alert_rules", "monitoring.drift_rules") == {(1, "")}
    assert reasons(seen, "monitoring.data_rules") == {(0, "")}
    assert reasons(found(prometheus, rules=['team="nobody"']), *RULES) == {(None, "selector_matches_nothing")}


def test_rules_that_fail_do_not_count_and_those_not_evaluated_yet_are_not_known(
    prometheus: FakePrometheus,
) -> None:
    def serve(health: str, number: int) -> None:
        body = recorded("rules")["body"]
        for rule in body["data"]["groups"][0]["rules"][:number]:
            rule["health"] = health
        prometheus.answer("rules", body)

    serve("err", 6)
    assert reasons(found(prometheus), *RULES) == {(0, "")}
    # A server that has just started.
    serve("unknown", 6)
    assert reasons(found(prometheus), *RULES) == {(None, "unreachable")}
    serve("unknown", 1)
    one = found(prometheus)["monitoring.alert_rules"]
    assert (one.value, one.bound) == (2, "lower")


def test_an_alert_that_says_it_is_anothers_is_no_fact(prometheus: FakePrometheus) -> None:
    """The recording holds one of ChurnDrift for the model fraud, seven days ago."""
    (series,) = [
        row
        for row in next(a for a in prometheus.answers if "ALERTS" in a.part).body["data"]["result"]
        if row["metric"].get("model") == "fraud"
    ]
    assert series["metric"]["alertname"] == "ChurnDrift"
    keys = [fact.key for fact in prometheus.collect(OPTIONS).facts]
    assert len(keys) == 2
    assert not any(key.startswith(str(series["values"][0][0])) for key in keys)


def test_alerts_that_cannot_be_read_are_a_note(prometheus: FakePrometheus) -> None:
    prometheus.answer("query_range", "no", part="ALERTS", status=422, content_type="text/plain")
    collected = prometheus.collect(OPTIONS)
    assert collected.facts == ()
    assert collected.notes == (
        "When drift alerts began could not be read: Prometheus gave up on a question of this size (HTTP 422): narrow the labels.",
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"token": " t0ken "}, "Bearer t0ken"),
        ({"username": "reader", "password": "pass"}, "Basic cmVhZGVyOnBhc3M="),
        ({"token": "t", "username": "reader"}, "Bearer t"),
    ],
)
def test_credentials(prometheus: FakePrometheus, given: dict[str, str], expected: str | None) -> None:
    prometheus.collect(OPTIONS, **PrometheusConnector.headers(given))
    assert {headers.get("Authorization") for headers in prometheus.headers} == {expected}


def test_connection_test_lists_what_is_there(prometheus: FakePrometheus) -> None:
    with Http(prometheus.url, policy=EgressPolicy.from_text(prometheus.url)) as http:
        found = PrometheusConnector(http).test()
    assert found.identity == "Prometheus 2.42.0+ds"
    assert found.choices["services"] == [f'job="{job}"' for job in ("churn-api", "fresh", "holey", "live", "scorer", "short")]  # fmt: skip
    assert found.choices["prediction_counter"] == ["predictions_total"]
    assert (found.missing, found.notes) == ({}, ())


def test_connection_test_names_what_is_missing(prometheus: FakePrometheus) -> None:
    prometheus.answer("rules", "no", status=403, content_type="text/plain")
    prometheus.answer("status/runtimeinfo", {"status": "success", "data": {"storageRetention": "15d"}})
    with Http(prometheus.url, policy=EgressPolicy.from_text(prometheus.url)) as http:
        found = PrometheusConnector(http).test()
    assert list(found.missing) == ["Rules"]
    assert found.notes[-1] == (
        "It keeps data for 15 days: what looks back further is unknown or a lower bound."
    )
