"""Prometheus, and servers that answer like it: targets, rules, metrics and availability of one team's services and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from integrations.connectors.base import Collected, Connector, Found, Option, Question
from integrations.connectors.common.authorization import authorization
from integrations.connectors.common.gaps import Gap, unknown
from integrations.connectors.prometheus.alerts import ask_drift_alerts
from integrations.connectors.prometheus.found import PERMISSIONS, look_round
from integrations.connectors.prometheus.model_signals import observe_model_metrics, observe_versions
from integrations.connectors.prometheus.observe import NO_MODEL, NO_SERVICE
from integrations.connectors.prometheus.options import (
    ACTIVE,
    CONNECTION_OPTIONS,
    JOINED_SIGNALS,
    MODEL_METRICS,
    PARALLEL,
    RULE_SIGNALS,
    SIGNALS,
    SOURCE_OPTIONS,
    read_setup,
)
from integrations.connectors.prometheus.reader import Reader
from integrations.connectors.prometheus.rule_signals import NOTHING_NAMED, ask_rules, observe_rules
from integrations.connectors.prometheus.service_signals import observe_services
from integrations.connectors.prometheus.window import Window


class PrometheusConnector(Connector):
    """Reads by the HTTP API, every time anew: Prometheus keeps the history, and forgets it as it is told to."""

    kind: ClassVar[str] = "prometheus"
    label: ClassVar[str] = "Prometheus"
    base_url_help: ClassVar[str] = (
        "As you open it in the browser, such as https://prometheus.example.org or http://localhost:9090."
    )
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset(SIGNALS)
    joined: ClassVar[frozenset[str]] = frozenset(JOINED_SIGNALS)
    permissions: ClassVar[Mapping[str, Sequence[str]]] = PERMISSIONS

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """The credential, where there is one."""
        return authorization(options)

    def test(self) -> Found:
        """The server's version, its jobs and models, and what it cannot tell."""
        return look_round(Reader(self.http))

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, and a fact for each drift alert that began.

        Raises SourceError when the server does not answer, or refuses the credential as a whole.
        """
        setup = read_setup(question.options)
        if not (setup.services or setup.models or setup.rules or setup.availability):
            return _untold()
        reader, window = Reader(self.http), Window.until(question.until)
        runtime = reader.runtime()
        pages = _Pages(self.http.base_url)
        rules = ask_rules(setup, reader, runtime, window)
        observations = [
            *observe_rules(rules, url=pages.rules),
            *observe_services(setup, reader, runtime, window, url=pages.targets),
            observe_model_metrics(setup, reader, window, url=pages.graph),
            *observe_versions(setup, reader, runtime, window, url=pages.graph),
        ]
        alerts = ask_drift_alerts(rules, reader, window, url=pages.alerts)
        reader.raise_if_silent()
        notes = [line.why for line in (*setup.services, *setup.models, *setup.rules) if line.why]
        if isinstance(alerts, Gap):
            notes.append(f"When drift alerts began could not be read: {alerts.detail}")
        return Collected(
            observations=tuple(sorted(observations, key=lambda observation: observation.signal)),
            facts=() if isinstance(alerts, Gap) else alerts,
            notes=tuple(notes),
        )


class _Pages:
    """Where a person sees the same; these paths are those of Prometheus 2 and lead on in Prometheus 3."""

    def __init__(self, base_url: str) -> None:
        self.rules, self.targets = f"{base_url}rules", f"{base_url}targets"
        self.graph, self.alerts = f"{base_url}graph", f"{base_url}alerts"


def _untold() -> Collected:
    of_models = {MODEL_METRICS, ACTIVE, PARALLEL}
    return Collected(
        tuple(
            unknown(
                signal,
                NOTHING_NAMED if signal in RULE_SIGNALS else NO_MODEL if signal in of_models else NO_SERVICE,
            )
            for signal in sorted(SIGNALS)
        )
    )
