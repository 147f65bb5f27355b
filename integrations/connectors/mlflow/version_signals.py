"""Signals of registered models and their versions, by spec SIGNALS 1.3, and the facts of versions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import quote

from assessments.vocabulary import Reason
from integrations.connectors.base import Fact, FactKind, Observation
from integrations.connectors.common.gaps import Gap, count, unknown
from integrations.connectors.mlflow.ask_models import Measured, Registry
from integrations.connectors.mlflow.observe import share
from integrations.connectors.mlflow.options import PROMPTS, REGISTRY_SIGNALS, Setup
from integrations.connectors.mlflow.parse import Model, Run, Version
from integrations.connectors.mlflow.reader import CUT

NO_MODELS = Gap(Reason.NOT_CONFIGURED.value, "No registered model is named in the mapping.")
SHORTEST_DESCRIPTION = 80
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The end of the year 9000: far from any truth, and no time zone moves it out of the calendar.
LATEST_MS = (datetime(9000, 12, 31, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)

RunsById = Mapping[str, Run | Gap | None]


@dataclass(frozen=True)
class Behind:
    """What stands behind versions: their runs, what was measured of their logged models, and the runs of the team's experiments.

    `unseen` tells why an evaluation may stand in a run that was not read.
    """

    runs: RunsById
    logged: Mapping[str, Measured | Gap]
    known: Sequence[Run]
    unseen: Gap | None


@dataclass
class Versions:
    """The team's versions, sorted by what signals ask of them. `quarter_ms`, `year_ms`: where the windows begin."""

    setup: Setup
    registry: Registry
    quarter_ms: int
    year_ms: int

    @cached_property
    def recent(self) -> list[Version]:
        every = self.registry.all_versions
        return [
            version for version in every if version.created_ms > self.quarter_ms and version.status == "READY"
        ]

    @cached_property
    def of_year(self) -> list[Version]:
        return [version for version in self.registry.all_versions if version.created_ms > self.year_ms]

    @cached_property
    def live(self) -> list[Version]:
        """Versions with a production alias; stages count for models that have no such alias (servers before aliases)."""
        found: list[Version] = []
        for model in self.registry.models:
            marked = _aliased(model, self.setup.production_aliases)
            versions = self.registry.versions_of(model)
            found += [v for v in versions if (v.version in marked if marked else v.stage == "Production")]
        return found

    @property
    def by_need(self) -> list[Version]:
        """Whose runs to ask for first: live versions decide more than old ones."""
        return [*self.live, *self.recent, *self.of_year]

    @property
    def gaps(self) -> list[Gap]:
        return [*self.registry.gaps_since(0)]

    def gaps_since(self, start_ms: int) -> list[Gap]:
        return [*self.registry.gaps_since(start_ms)]

    def is_live(self, version: Version) -> bool:
        return version in self.live


def _aliased(model: Model, aliases: frozenset[str]) -> set[str]:
    return {version for alias, version in model.aliases.items() if alias in aliases}


def observe_registry(
    setup: Setup,
    registry: Registry | Gap,
    versions: Versions | None,
    behind: Behind,
    *,
    url: str,
) -> list[Observation]:
    """One observation per registry signal, prompts aside."""
    if not setup.models:
        gap: Gap | None = NO_MODELS
    elif isinstance(registry, Gap):
        gap = registry
    else:
        gap = registry.model_gaps[0] if not registry.models else None
    if gap is not None or isinstance(registry, Gap) or versions is None:
        return [
            unknown(signal, gap or NO_MODELS, url=url) for signal in REGISTRY_SIGNALS if signal != PROMPTS
        ]
    return [
        count("mlflow.registered_models", len(registry.models), registry.model_gaps, url=url),
        count("mlflow.versions_90d", len(versions.recent), versions.gaps_since(versions.quarter_ms), url=url),
        _with_run(versions, behind.runs, url=url),
        count("mlflow.versions_with_alias", _marked(registry), versions.gaps, url=url),
        _champion_challenger(versions, url=url),
        count("mlflow.production_versions", len(versions.live), versions.gaps, url=url),
        _from_notebook(versions, behind.runs, url=url),
        share(
            "mlflow.production_described_share",
            sum(len(version.description.strip()) >= SHORTEST_DESCRIPTION for version in versions.live),
            len(versions.live),
            versions.gaps,
            what=f"live versions have a description of {SHORTEST_DESCRIPTION} characters or more",
            url=url,
        ),
        _evaluated(versions, behind, url=url),
    ]


def _marked(registry: Registry) -> int:
    found = set()
    for model in registry.models:
        aliased = set(model.aliases.values())
        for version in registry.versions_of(model):
            if version.version in aliased or version.stage in {"Staging", "Production"}:
                found.add(version.key)
    return len(found)


def _champion_challenger(versions: Versions, *, url: str) -> Observation:
    signal = "mlflow.champion_challenger"
    for model in versions.registry.models:
        champions = _aliased(model, versions.setup.production_aliases)
        challengers = _aliased(model, versions.setup.challenger_aliases)
        if champions and challengers - champions:
            return Observation(
                signal, value=True, url=url, detail=f"{model.name} has a live version and a challenger."
            )
    if versions.registry.model_gaps:
        return unknown(signal, versions.registry.model_gaps[0], url=url)
    return Observation(signal, value=False, url=url, detail="No model has both on different versions.")


def _with_run(versions: Versions, runs: RunsById, *, url: str) -> Observation:
    signal = "mlflow.versions_with_run_share"
    year = versions.of_year
    gaps = [*versions.gaps_since(versions.year_ms), *_run_gaps(year, runs)]
    found = sum(isinstance(runs.get(version.run_id), Run) for version in year)
    not_asked = any(version.run_id and version.run_id not in runs for version in year)
    return share(
        signal,
        found,
        len(year),
        gaps,
        what="versions have a run that is still there",
        url=url,
        is_lower=not_asked,
    )


def _from_notebook(versions: Versions, runs: RunsById, *, url: str) -> Observation:
    signal = "mlflow.production_from_notebook_share"
    gaps = [*versions.gaps, *_run_gaps(versions.live, runs)]
    if any(version.run_id and version.run_id not in runs for version in versions.live):
        gaps.append(CUT)
    behind = [runs.get(version.run_id) for version in versions.live]
    if not gaps and not all(isinstance(run, Run) for run in behind):
        gaps = [
            Gap(
                Reason.RUN_NOT_FOUND.value, "A live version has no run in MLflow, so its source is not known."
            )
        ]
    part = sum(isinstance(run, Run) and run.is_notebook for run in behind)
    return share(signal, part, len(behind), gaps, what="live versions come from a notebook", url=url)


def _run_gaps(versions: Iterable[Version], runs: RunsById) -> list[Gap]:
    return [gap for version in versions if isinstance(gap := runs.get(version.run_id), Gap)]


def _evaluated(versions: Versions, behind: Behind, *, url: str) -> Observation:
    signal, gate = "mlflow.versions_evaluated_share_90d", versions.setup.gate_metrics
    if not gate:
        return unknown(
            signal, Gap(Reason.NOT_CONFIGURED.value, "No gate metric is named in the mapping."), url=url
        )
    recent = versions.recent
    gaps = [*versions.gaps_since(versions.quarter_ms), *_run_gaps(recent, behind.runs)]
    gaps += [gap for version in recent if isinstance(gap := behind.logged.get(version.model_id), Gap)]
    if any(
        (version.run_id and version.run_id not in behind.runs)
        or (version.model_id and version.model_id not in behind.logged)
        for version in recent
    ):
        gaps.append(CUT)
    by_name: dict[str, list[frozenset[str]]] = {}
    for run in behind.known:
        for name in run.names:
            by_name.setdefault(name, []).append(run.metrics)
    part = sum(_carries(version, gate, behind, by_name) for version in recent)
    is_lower = False
    if behind.unseen is not None and part < len(recent):
        # Nobody named an experiment: at least this share. One that could not be read today is another matter: what was
        # known before stands.
        is_lower = behind.unseen.reason == Reason.NOT_CONFIGURED
        gaps += [] if is_lower else [behind.unseen]
    what = "versions carry all gate metrics"
    return share(signal, part, len(recent), gaps, what=what, url=url, is_lower=is_lower)


def _carries(
    version: Version, gate: frozenset[str], behind: Behind, by_name: Mapping[str, Sequence[frozenset[str]]]
) -> bool:
    run, logged = behind.runs.get(version.run_id), behind.logged.get(version.model_id)
    own = [run.metrics] if isinstance(run, Run) else []
    names = {f"models:/{version.name}/{version.version}"} | ({version.model_id} - {""})
    named = (metrics for name in names for metrics in by_name.get(name, ()))
    measured = logged if isinstance(logged, tuple) else ()
    return any(gate <= metrics for metrics in (*own, *named, *measured))


def version_facts(versions: Versions, runs: RunsById, base_url: str) -> tuple[Fact, ...]:
    """What joins need: each live version and each version of the window, with the commit and times of its run."""
    wanted = {version.key: version for version in (*versions.live, *versions.recent)}
    return tuple(_fact(version, runs.get(version.run_id), versions, base_url) for version in wanted.values())


def _fact(version: Version, run: Run | Gap | None, versions: Versions, base_url: str) -> Fact:
    found = run if isinstance(run, Run) else None
    return Fact(
        kind=FactKind.VERSION,
        key=version.key,
        happened_at=moment(version.created_ms),
        sha=found.commit if found else "",
        started_at=moment(found.start_ms) if found and found.start_ms else None,
        finished_at=moment(found.end_ms) if found and found.end_ms else None,
        is_live=versions.is_live(version),
        has_run=found is not None,
        has_digest=found is not None and found.has_training_digest,
        url=f"{base_url}#/models/{quote(version.name, safe='')}/versions/{version.version}",
        name=version.name,
        number=version.version,
        run_id=version.run_id,
        run_url=_run_url(found, base_url) if found else "",
        digest=found.training_digest if found else "",
    )


def _run_url(run: Run, base_url: str) -> str:
    """The run's page; empty where a server does not say which experiment it belongs to."""
    if not run.experiment:
        return ""
    return f"{base_url}#/experiments/{quote(run.experiment, safe='')}/runs/{quote(run.id, safe='')}"


def moment(milliseconds: int) -> datetime:
    """Clients choose run times freely; what no calendar or database holds becomes its nearest end."""
    return EPOCH + timedelta(milliseconds=min(max(milliseconds, 0), LATEST_MS))
