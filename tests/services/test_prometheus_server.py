"""Each signal that the catalogue says Prometheus gives, read from a real server with a past of 90 days and a live target.

Values are worked out by hand from PAST and RULES; `why` says how.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.connectors.base import Collected, FactKind, Found, Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.prometheus.connector import PrometheusConnector
from tests.integrations.connectors.shipped import named_by
from tests.services.github_recordings import missing
from tests.services.hand_values import Expected, assert_as_worked_out
from tests.services.prometheus_server import Past, PrometheusServer, Target, prometheus_server
from tests.services.servers import NotInstalled

pytestmark = [pytest.mark.service, pytest.mark.slow]

STEP, DAY = 300, 86_400
TEAM: dict[str, Any] = {
    "services": ['job="churn-api"', 'job="scorer"'],
    "models": ['model="churn"'],
    "prediction_counter": "predictions_total",
    "version_label": "version",
}
SCENARIOS: dict[str, dict[str, Any]] = {
    "team": TEAM,
    "untold": {},
    "misspelt": {
        **TEAM,
        "services": ['job="chrun-api"'],
        "models": ['model="chrun"'],
        "rules": ['team="chrun"'],
    },
    "half": {**TEAM, "services": ['job="churn-api"', 'job="chrun"'], "models": ['model="churn"', "model=churn"]},
    "new": {**TEAM, "services": ['job="live"'], "models": ['model="live"'], "prediction_counter": "live_total"},
    "fresh": {**TEAM, "services": ['job="fresh"']},
    "short": {**TEAM, "services": ['job="short"']},
    "holey": {**TEAM, "services": ['job="holey"']},
    "ratio": {**TEAM, "availability": 'avg(ok_ratio{job="churn-api"}) # of requests'},
    "broken_expression": {**TEAM, "availability": 'up{job="churn-api"}) or vector(1'},
    "many_series": {**TEAM, "availability": "up"},
    "no_label": {**TEAM, "version_label": "release"},
    "no_name": {**TEAM, "prediction_counter": "sum(x)"},
    "quiet": {**TEAM, "services": ['job="scorer"'], "models": ['model="quiet"']},
    "own_words": {**TEAM, "drift_words": ["latency"], "data_words": ["churn"]},
}  # fmt: skip

TABLE = (
    Expected("monitoring.service_targets", "team", 3, "churn-api on two instances and scorer, live in the last hour"),
    Expected("monitoring.alert_rules", "team", 3, "ChurnDown, ChurnDrift, DataStale; Broken fails, Fraud is another's"),
    Expected("monitoring.drift_rules", "team", 2, "ChurnDrift and the recording job:churn_psi:avg"),
    Expected("monitoring.data_rules", "team", 1, "DataStale"),
    Expected("monitoring.model_metrics", "team", 2, "predictions_total and churn_psi; python_info is the library's"),
    Expected("monitoring.uptime_30d", "team", 8198 / 8640, "432 steps without a sample, 10 at 0; scorer is at 1"),
    Expected("monitoring.window_coverage_30d", "team", 8208 / 8640, "432 steps in which both instances were gone"),
    Expected("serving.active_versions_24h", "team", 1, "2; 1 stopped two days ago"),
    Expected("serving.parallel_version_days_90d", "team", 8, "days 2 to 9: 1 until day 2, 2 since day 9"),
    # One of two lines means nothing: at least so much, and no smallest.
    Expected("monitoring.service_targets", "half", 2, "chrun has no target", bound="lower"),
    Expected("monitoring.alert_rules", "half", 3, "chrun has no series", bound="lower"),
    Expected("monitoring.model_metrics", "half", 2, "model=churn is no matcher", bound="lower"),
    Expected("monitoring.uptime_30d", "half", None, "chrun may be worse", "selector_matches_nothing"),
    Expected("serving.active_versions_24h", "half", 1, "model=churn is no matcher", bound="lower"),
    Expected("serving.parallel_version_days_90d", "half", 8, "model=churn is no matcher", bound="lower"),
    # Proven zeros.
    Expected("monitoring.alert_rules", "quiet", 0, "scorer and quiet are there, no rule names them"),
    Expected("monitoring.drift_rules", "quiet", 0, "as above"),
    Expected("monitoring.data_rules", "quiet", 0, "as above"),
    Expected("serving.active_versions_24h", "quiet", 0, "the counter is there for 90 days and never moved"),
    Expected("serving.parallel_version_days_90d", "quiet", 0, "as above"),
    Expected("monitoring.uptime_30d", "quiet", 1.0, "scorer was always up"),
    # A service that came today.
    Expected("monitoring.service_targets", "new", 1, "the live target"),
    Expected("monitoring.model_metrics", "new", 2, "live_total and live_latency_seconds"),
    Expected("monitoring.uptime_30d", "new", None, "no five-minute step has passed yet", "selector_matches_nothing"),
    Expected("monitoring.uptime_30d", "fresh", None, "no sample on the first of 30 days", "window_not_covered"),
    Expected("monitoring.window_coverage_30d", "fresh", 12 / 8640, "an hour"),
    Expected("serving.parallel_version_days_90d", "new", None, "none in one day is no proof", "window_not_covered"),
    Expected("monitoring.uptime_30d", "short", None, "fifteen days of thirty", "window_not_covered"),
    Expected("monitoring.window_coverage_30d", "short", 0.5, "4320 of 8640 steps"),
    Expected("monitoring.uptime_30d", "holey", None, "every second step, from the first day on", "insufficient_sample"),
    Expected("monitoring.window_coverage_30d", "holey", 0.5, "4320 of 8640 steps"),
    # The team's own expression.
    Expected("monitoring.uptime_30d", "ratio", 0.99, "0.99 at each step, a comment behind it"),
    Expected("monitoring.window_coverage_30d", "ratio", 1.0, "a sample at each step"),
    Expected("monitoring.uptime_30d", "broken_expression", None, "leaves its parentheses", "selector_matches_nothing"),
    Expected("monitoring.window_coverage_30d", "broken_expression", None, "as above", "selector_matches_nothing"),
    Expected("monitoring.uptime_30d", "many_series", None, "which of them?", "selector_matches_nothing"),
    Expected("serving.active_versions_24h", "no_label", None, "no label release", "no_version_label"),
    Expected("serving.parallel_version_days_90d", "no_name", None, "no metric's name", "selector_matches_nothing"),
    Expected("monitoring.drift_rules", "own_words", 0, "no rule speaks of latency"),
    Expected("monitoring.data_rules", "own_words", 4, "ChurnDown, ChurnDrift, job:churn_psi:avg; DataStale names churn"),
)  # fmt: skip

RULES = {
    "groups": [
        {
            "name": "team",
            "rules": [
                {"alert": "ChurnDown", "expr": 'up{job="churn-api"} == 0'},
                {"alert": "ChurnDrift", "expr": "churn_psi > 99", "labels": {"model": "churn"}},
                {"record": "job:churn_psi:avg", "expr": 'avg(churn_psi{model="churn"})'},
                {"alert": "DataStale", "expr": 'time() - made_seconds{model=~"churn|other"} < 0'},
                {"alert": "Broken", "expr": 'label_replace(up{job="churn-api"}, "1bad", "x", "y", "(.*)")'},
                {"alert": "FraudDrift", "expr": 'fraud_psi{model="fraud"} > 99'},
            ],
        }
    ]
}


def make_past(mark: int) -> Past:
    """Samples one second before each five-minute mark, so that no server's rule about edges matters."""
    steps = [(k, mark - STEP * k - 1) for k in range(8640, 0, -1)]
    both_gone = range(501, 933)
    first = [(at, 0 if 101 <= k <= 110 else 1) for k, at in steps if k not in both_gone]

    def counter(moves: range, since: int) -> list[tuple[int, float]]:
        """Twice a day, and more at the second time on days that it moved."""
        samples: list[tuple[int, float]] = []
        total = 0
        for day in range(since, -1, -1):
            samples.append((mark - day * DAY - 5400, total))
            total += day in moves
            samples.append((mark - day * DAY - 1800, total))
        return samples

    return {
        'up{job="churn-api",instance="a"}': first,
        'up{job="churn-api",instance="b"}': [(at, 1) for k, at in steps if k not in both_gone and (k > 4320 or k < 9)],
        'up{job="scorer"}': [(at, 1) for _, at in steps],
        'up{job="fresh"}': [(at, 1) for k, at in steps if k <= 12],
        'up{job="short"}': [(at, 1) for k, at in steps if k <= 4320],
        'up{job="holey"}': [(at, 1) for k, at in steps if k % 2],
        'ok_ratio{job="churn-api"}': [(at, 0.99) for _, at in steps],
        'predictions_total{model="churn",version="1"}': counter(range(2, 91), 90),
        'predictions_total{model="churn",version="2"}': counter(range(10), 11),
        'predictions_total{model="quiet",version="1"}': counter(range(0), 90),
        'churn_psi{model="churn"}': [(at, 0.1) for k, at in steps if k <= 12],
        'python_info{model="churn"}': [(at, 1) for k, at in steps if k <= 12],
        **ALERTS(mark),
    }  # fmt: skip


def ALERTS(mark: int) -> Past:  # noqa: N802 -- the name of the metric
    """ChurnDrift fires 5 days ago, again 12 hours later, and 2 days ago; another team's rule of that name 7 days ago."""
    end = (mark - 1) // 900 * 900

    def firing(days: float) -> list[tuple[int, float]]:
        begins = end - int(days * DAY) - 600
        return [(begins + 60 * minute, 1) for minute in range(60)]

    own = 'ALERTS{alertname="ChurnDrift",alertstate="firing",model="churn"}'
    return {
        own: [*firing(5), *firing(4.5), *firing(2)],
        'ALERTS{alertname="ChurnDrift",alertstate="firing",model="fraud"}': firing(7),
        'ALERTS{alertname="ChurnDrift",alertstate="pending",model="churn"}': firing(9),
        'ALERTS{alertname="ChurnDown",alertstate="firing",job="churn-api"}': firing(3),
    }


@dataclass
class Seen:
    """What was collected in each scenario, and of the live target before and after it went away."""

    end: int
    found: Found
    collected: dict[str, Collected] = field(default_factory=dict)
    down: Collected | None = None


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    try:
        with prometheus_server() as server, Target() as target:
            target.text = 'live_total{model="live",version="7"} 3\nlive_latency_seconds{model="live"} 0.2\n'
            yield _look(server, target)
    except NotInstalled as error:
        missing("Prometheus", str(error))


def _look(server: PrometheusServer, target: Target) -> Seen:
    until = timezone.now() + timedelta(seconds=STEP)
    mark = int(until.timestamp()) // STEP * STEP
    server.write_past(make_past(mark))
    address = target.url.removeprefix("http://")
    server.start(jobs={"live": address}, rules=RULES, retention="120d")
    server.wait_for('up{job="live"}', "1")
    server.wait_for('count({__name__="job:churn_psi:avg"})', "1")

    def collect(options: dict[str, Any]) -> Collected:
        with Http(server.url, policy=EgressPolicy.from_text(server.url)) as http:
            return PrometheusConnector(http).collect(Question(until=until, options=options))

    with Http(server.url, policy=EgressPolicy.from_text(server.url)) as http:
        found = PrometheusConnector(http).test()
    seen = Seen((mark - 1) // 900 * 900, found)
    seen.collected = {name: collect(options) for name, options in SCENARIOS.items()}
    target.stop()
    server.wait_for('up{job="live"}', "0")
    seen.down = collect(SCENARIOS["new"])
    return seen


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.signal}-{row.scenario}")
def test_signal_has_the_value_worked_out_by_hand(row: Expected, seen: Seen) -> None:
    assert_as_worked_out(row, seen.collected[row.scenario])


def test_each_signal_that_names_prometheus_has_a_row() -> None:
    with_value = {row.signal for row in TABLE if row.value is not None}
    assert with_value | PrometheusConnector.joined == named_by("prometheus")
    assert PrometheusConnector.signals | PrometheusConnector.joined == named_by("prometheus")


@pytest.mark.parametrize(("scenario", "reason"), [("untold", "not_configured"), ("misspelt", "selector_matches_nothing")])  # fmt: skip
def test_nothing_told_and_everything_misspelt_are_no_zero(scenario: str, reason: str, seen: Seen) -> None:
    collected = seen.collected[scenario]
    assert {one.signal: (one.value, one.reason) for one in collected.observations} == dict.fromkeys(
        PrometheusConnector.signals, (None, reason)
    )


def test_an_alert_that_comes_back_within_a_day_began_once(seen: Seen) -> None:
    facts = [fact for fact in seen.collected["team"].facts if fact.kind is FactKind.ALERT]
    starts = [seen.end - 5 * DAY, seen.end - 2 * DAY]
    assert [(fact.key, fact.happened_at) for fact in facts] == [
        (f"{start}/ChurnDrift", datetime.fromtimestamp(start, UTC)) for start in starts
    ]


def test_a_target_that_goes_away_is_counted_for_an_hour_more(seen: Seen) -> None:
    """The server says up 0 by then; a target that left long ago is churn-api's b in the table above."""
    assert seen.down is not None
    row = Expected("monitoring.service_targets", "", 1, "scraped within the hour, up or not")
    assert_as_worked_out(row, seen.down)


def test_connection_test_sees_the_version_and_what_can_be_chosen(seen: Seen) -> None:
    found = seen.found
    assert found.identity.startswith("Prometheus 2.") or found.identity.startswith("Prometheus 3.")
    assert found.choices == {
        "services": [
            'job="churn-api"',
            'job="fresh"',
            'job="holey"',
            'job="live"',
            'job="scorer"',
            'job="short"',
        ],
        "models": ['model="churn"', 'model="fraud"', 'model="live"', 'model="quiet"'],
        "prediction_counter": ["predictions_total"],
        "version_label": ["version"],
    }
    assert (found.missing, found.notes) == ({}, ())
