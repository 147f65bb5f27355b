"""Prometheus: it has no permissions of its own, but a proxy in front of it may let only a part through."""

from __future__ import annotations

from integrations.connectors.base import Connector
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.prometheus.connector import PrometheusConnector
from tests.integrations.connectors.doctor.table import Permission, World
from tests.integrations.connectors.prometheus_fake import OPTIONS, UNTIL, FakePrometheus

TO_LIVE = frozenset({"mlflow.drift_to_live_p50_h"})
BY_RULES = frozenset({"data.freshness_watched", "observability.alerts", "quality.drift_measured"})


def _connect(fake: FakePrometheus) -> tuple[Connector, Http]:
    http = Http(fake.url, policy=EgressPolicy.from_text(fake.url))
    return PrometheusConnector(http), http


WORLD = World(FakePrometheus, FakePrometheus.serve_recorded, OPTIONS, _connect, until=UNTIL)
PERMISSIONS = (
    Permission(
        "prometheus",
        "Queries and labels",
        r"^(query|query_range|series|labels|label/.*)$",
        frozenset(
            {
                "observability.service_health",
                "observability.model_metrics",
                "reliability.availability",
                "rollout.ab_integrated",
                "lineage.version_known",
                "lineage.to_data",
            }
        ),
        joined=TO_LIVE,
    ),
    Permission("prometheus", "Rules", r"^rules$", BY_RULES, joined=TO_LIVE),
)
