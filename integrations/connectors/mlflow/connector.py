"""MLflow: experiments, runs, registered models, prompts and numbers of traces of one team."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

from integrations.connectors.base import Collected, Connector, Fact, Found, Observation, Option, Question
from integrations.connectors.common.authorization import authorization
from integrations.connectors.common.gaps import Gap
from integrations.connectors.common.payload import Row, part, text
from integrations.connectors.mlflow.age_signals import observe_ages
from integrations.connectors.mlflow.ask_models import (
    ModelList,
    Registry,
    ask_evaluations,
    ask_prompts,
    ask_registry,
    ask_runs_of,
)
from integrations.connectors.mlflow.ask_runs import (
    Experiments,
    RunList,
    ask_experiments,
    ask_runs,
    ask_traces,
)
from integrations.connectors.mlflow.found import PERMISSIONS, look_round
from integrations.connectors.mlflow.options import (
    CONNECTION_OPTIONS,
    JOINED_SIGNALS,
    REGISTRY_SIGNALS,
    RUN_SIGNALS,
    SOURCE_OPTIONS,
    Setup,
    matches,
    read_setup,
)
from integrations.connectors.mlflow.parse import Run
from integrations.connectors.mlflow.prompt_signals import observe_prompts
from integrations.connectors.mlflow.reader import Reader
from integrations.connectors.mlflow.remembered import Kept, ms
from integrations.connectors.mlflow.run_signals import observe_runs, observe_traces, why_none
from integrations.connectors.mlflow.version_signals import (
    Behind,
    Versions,
    observe_registry,
    version_facts,
)

_RUN_PAGE = re.compile(r"experiments/[0-9]+/runs/([0-9a-zA-Z]+)(?:/.*)?")
_VERSION_PAGE = re.compile(r"models/([^/]+)/versions/([0-9]+)")


class MlflowConnector(Connector):
    """Reads by MLflow's REST API; no client library (it would bring forty packages and a global tracking address)."""

    kind: ClassVar[str] = "mlflow"
    label: ClassVar[str] = "MLflow"
    base_url_help: ClassVar[str] = (
        "As you open it in the browser, such as https://mlflow.example.org or http://localhost:5000."
    )
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset((*RUN_SIGNALS, *REGISTRY_SIGNALS))
    joined: ClassVar[frozenset[str]] = frozenset(JOINED_SIGNALS)
    permissions: ClassVar[Mapping[str, Sequence[str]]] = PERMISSIONS

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """The credential, where there is one."""
        return authorization(options)

    def test(self) -> Found:
        """The server's version, its experiments and models, and what this credential cannot see."""
        return look_round(Reader(self.http))

    def has_page(self, fragment: str, options: Mapping[str, Any]) -> bool | None:
        """Runs and model versions are pages of the browser; the API tells whether they are there, and whose they are."""
        setup, path = read_setup(options), fragment.partition("?")[0].strip("/")
        if match := _RUN_PAGE.fullmatch(path):
            return bool(setup.experiments) and self._is_run_of(setup, match[1])
        if match := _VERSION_PAGE.fullmatch(path):
            name = unquote(match[1])
            if not any(matches(name, entry) for entry in setup.models):
                return False
            self._told("model-versions/get", {"name": name, "version": match[2]})
            return True
        return None

    def _is_run_of(self, setup: Setup, run: str) -> bool:
        """Whether the run is one of the team's experiments, whatever experiment its address names. Raises SourceError."""
        info = part(part(self._told("runs/get", {"run_id": run}), "run"), "info")
        experiment = text(info, "experiment_id")
        if not experiment or experiment in setup.experiments:
            return bool(experiment)
        found = self._told("experiments/get", {"experiment_id": experiment})
        name = text(part(found, "experiment"), "name")
        return any(matches(name, entry) for entry in setup.experiments)

    def _told(self, path: str, params: Mapping[str, str]) -> Row:
        data = self.http.get(f"api/2.0/mlflow/{path}", params).data
        return data if isinstance(data, Mapping) else {}

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, and a fact for each live and each recent version.

        Raises SourceError when the server does not answer, or refuses the credential as a whole.
        """
        setup, reader = read_setup(question.options), Reader(self.http)
        days = _Days(question.until)
        experiments = ask_experiments(reader, setup.experiments)
        runs = ask_runs(reader, experiments.proven, question.memory, Kept.of(setup), until=question.until)
        observations = self._runs(setup, reader, experiments, runs, days)
        found, facts, notes = self._registry(setup, reader, experiments, runs, days)
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
            month = _of_month(runs, days.ago(30), setup.evaluation_tag)
            traces = ask_traces(
                reader, experiments.proven, month, after_ms=days.ago(30) + 1, until_ms=days.ago(0)
            )
        observations.append(observe_traces(setup, experiments, traces, url=url))
        return observations

    def _registry(
        self, setup: Setup, reader: Reader, experiments: Experiments, known: RunList | Gap, days: _Days
    ) -> tuple[list[Observation], tuple[Fact, ...], list[str]]:
        url = f"{self.http.base_url}#/models"
        registry: Registry | Gap = ask_registry(reader, setup.models) if setup.models else Registry()
        if isinstance(registry, Gap):
            nothing = Behind({}, {}, (), None)
            return observe_registry(setup, registry, None, nothing, url=url), (), [registry.detail]
        versions = Versions(setup, registry, quarter_ms=days.ago(90), year_ms=days.ago(365))
        read = known.runs if isinstance(known, RunList) else ()
        runs = ask_runs_of(reader, versions.by_need, read)
        logged = ask_evaluations(reader, versions.recent) if setup.gate_metrics else {}
        behind = Behind(runs, logged, read, _unseen(setup, experiments, known))
        observations = observe_registry(setup, registry, versions, behind, url=url)
        if registry.models:
            observations += observe_ages(versions, runs, now_ms=days.ago(0), url=url)
        notes = [
            gap.detail
            for gap in (*registry.model_gaps, *runs.values(), *logged.values())
            if isinstance(gap, Gap)
        ]
        return observations, version_facts(versions, runs, self.http.base_url), list(dict.fromkeys(notes))

    def _prompts(self, setup: Setup, reader: Reader, experiments: Experiments) -> Observation:
        is_named = setup.prompts or setup.models or experiments.proven
        listed = ask_prompts(reader) if is_named else ModelList((), is_whole=True)
        return observe_prompts(setup, listed, experiments, url=f"{self.http.base_url}#/prompts")


def _unseen(setup: Setup, experiments: Experiments, runs: RunList | Gap) -> Gap | None:
    """Why the runs of the team's experiments were not all read, if that is so."""
    if gap := why_none(setup, experiments) or next(iter(experiments.gaps), None):
        return gap
    if isinstance(runs, Gap):
        return runs
    return None if runs.is_complete else runs.missing


def _of_month(runs: RunList | Gap, month_ms: int, tag: tuple[str, str]) -> Sequence[Run] | Gap:
    """The runs of the shorter window, evaluations first; the gap where they were not all read."""
    if isinstance(runs, Gap):
        return runs
    if runs.covered_from_ms > month_ms:
        return runs.missing
    month = [run for run in runs.runs if run.start_ms > month_ms]
    return sorted(month, key=lambda run: not run.is_evaluation(tag))


class _Days:
    """Moments before the pinned end, in MLflow's milliseconds."""

    def __init__(self, until: datetime) -> None:
        self._until = until

    def ago(self, days: int) -> int:
        return ms(self._until - timedelta(days=days))
