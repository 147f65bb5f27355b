"""MLflow: experiments, runs, registered models, prompts and numbers of traces of one team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import ClassVar

from integrations.connectors.base import Collected, Connector, Fact, Found, Observation, Option, Question
from integrations.connectors.mlflow.ask_models import Registry, ask_prompts, ask_registry, ask_runs_of
from integrations.connectors.mlflow.ask_runs import (
    Experiments,
    RunList,
    ask_experiments,
    ask_runs,
    ask_traces,
)
from integrations.connectors.mlflow.found import look_round
from integrations.connectors.mlflow.options import (
    CONNECTION_OPTIONS,
    JOINED_SIGNALS,
    REGISTRY_SIGNALS,
    RUN_SIGNALS,
    SOURCE_OPTIONS,
    Setup,
    authorization,
    read_setup,
)
from integrations.connectors.mlflow.parse import Model, Run
from integrations.connectors.mlflow.reader import Gap, Reader
from integrations.connectors.mlflow.run_signals import observe_runs, observe_traces
from integrations.connectors.mlflow.version_signals import (
    Versions,
    observe_prompts,
    observe_registry,
    version_facts,
)


class MlflowConnector(Connector):
    """Reads by MLflow's REST API; no client library (it would bring forty packages and a global tracking address)."""

    kind: ClassVar[str] = "mlflow"
    label: ClassVar[str] = "MLflow"
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset((*RUN_SIGNALS, *REGISTRY_SIGNALS))
    joined: ClassVar[frozenset[str]] = frozenset(JOINED_SIGNALS)

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """The credential, where there is one."""
        return authorization(options)

    def test(self) -> Found:
        """The server's version, its experiments and models, and what this credential cannot see."""
        return look_round(Reader(self.http))

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, and a fact for each live and each recent version.

        Raises SourceError when the server does not answer, or refuses the credential as a whole.
        """
        setup, reader = read_setup(question.options), Reader(self.http)
        days = _Days(question.until)
        experiments = ask_experiments(reader, setup.experiments)
        runs = ask_runs(reader, experiments.proven, after_ms=days.ago(90), until_ms=days.ago(0))
        observations = self._runs(setup, reader, experiments, runs, days)
        known = runs.runs if isinstance(runs, RunList) else ()
        found, facts, notes = self._registry(setup, reader, known, days)
        observations += found
        observations.append(self._prompts(setup, reader, experiments))
        reader.raise_if_silent()
        return Collected(
            observations=tuple(sorted(observations, key=lambda observation: observation.signal)),
            facts=facts,
            notes=(*(gap.detail for gap in experiments.gaps), *notes),
        )

    def _runs(
        self, setup: Setup, reader: Reader, experiments: Experiments, runs: RunList | Gap, days: _Days
    ) -> list[Observation]:
        """Runs, and traces without those made inside runs: evaluations first, they make the most."""
        url = f"{self.http.base_url}#/experiments"
        if len(experiments.proven) == 1:
            url += f"/{experiments.proven[0].id}"
        observations = observe_runs(setup, experiments, runs, month_ms=days.ago(30), url=url)
        traces: int | Gap = 0
        if experiments.proven:
            month = (
                [run for run in runs.runs if run.start_ms > days.ago(30)] if isinstance(runs, RunList) else []
            )
            month.sort(key=lambda run: not run.is_evaluation(setup.evaluation_tag))
            traces = ask_traces(
                reader, experiments.proven, month, after_ms=days.ago(30) + 1, until_ms=days.ago(0)
            )
        observations.append(observe_traces(setup, experiments, traces, url=url))
        return observations

    def _registry(
        self, setup: Setup, reader: Reader, known: Sequence[Run], days: _Days
    ) -> tuple[list[Observation], tuple[Fact, ...], list[str]]:
        url = f"{self.http.base_url}#/models"
        registry: Registry | Gap = ask_registry(reader, setup.models) if setup.models else Registry()
        if isinstance(registry, Gap):
            return observe_registry(setup, registry, None, {}, known, url=url), (), [registry.detail]
        versions = Versions(setup, registry, quarter_ms=days.ago(90), year_ms=days.ago(365))
        behind = ask_runs_of(reader, versions.by_need, known)
        observations = observe_registry(setup, registry, versions, behind, known, url=url)
        notes = [gap.detail for gap in (*registry.gaps, *behind.values()) if isinstance(gap, Gap)]
        return observations, version_facts(versions, behind, self.http.base_url), list(dict.fromkeys(notes))

    def _prompts(self, setup: Setup, reader: Reader, experiments: Experiments) -> Observation:
        prompts = ask_prompts(reader) if setup.prompts or setup.models else []
        ours = _ours(prompts, setup, experiments) if not isinstance(prompts, Gap) else []
        return observe_prompts(setup, prompts, ours, url=f"{self.http.base_url}#/prompts")


def _ours(prompts: Sequence[Model], setup: Setup, experiments: Experiments) -> list[Model]:
    if setup.prompts:
        return [p for p in prompts if any(fnmatchcase(p.name, entry) for entry in setup.prompts)]
    ids = {experiment.id for experiment in experiments.proven}
    return [
        p for p in prompts if p.experiments & ids or any(fnmatchcase(p.name, entry) for entry in setup.models)
    ]


class _Days:
    """Moments before the pinned end, in the milliseconds that MLflow counts in."""

    def __init__(self, until: datetime) -> None:
        self._until = until

    def ago(self, days: int) -> int:
        return int((self._until - timedelta(days=days)).timestamp() * 1000)
