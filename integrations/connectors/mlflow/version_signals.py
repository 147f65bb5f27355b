"""Signals of registered models and their versions, by spec SIGNALS 1.3, and the facts of versions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import quote

from assessments.vocabulary import Reason
from integrations.connectors.base import Fact, FactKind, Observation
from integrations.connectors.mlflow.ask_models import Registry
from integrations.connectors.mlflow.observe import CUT, count, share, unknown
from integrations.connectors.mlflow.options import REGISTRY_SIGNALS, Setup
from integrations.connectors.mlflow.parse import Model, Run, Version
from integrations.connectors.mlflow.reader import Gap

NO_MODELS = Gap(Reason.NOT_CONFIGURED.value, "No registered model is named in the mapping.")
PROMPTS = "mlflow.prompts"
SHORTEST_DESCRIPTION = 80

RunsById = Mapping[str, Run | Gap | None]


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
            versions = self.registry.versions.get(model.name, ())
            found += [v for v in versions if (v.version in marked if marked else v.stage == "Production")]
        return found

    @property
    def by_need(self) -> list[Version]:
        """Whose runs to ask for first: live versions decide more than old ones."""
        return [*self.live, *self.recent, *self.of_year]

    @property
    def gaps(self) -> list[Gap]:
        return [*self.registry.gaps, *([] if self.registry.is_complete else [CUT])]

    def gaps_since(self, start_ms: int) -> list[Gap]:
        """As `gaps`; a listing cut before the window's beginning (newest first) still has the whole window."""
        lists = self.registry.versions.values()
        is_covered = all(not versions or versions[-1].created_ms <= start_ms for versions in lists)
        return [*self.registry.gaps] if is_covered else self.gaps

    def is_live(self, version: Version) -> bool:
        return version in self.live


def _aliased(model: Model, aliases: frozenset[str]) -> set[str]:
    return {version for alias, version in model.aliases.items() if alias in aliases}


def observe_registry(
    setup: Setup,
    registry: Registry | Gap,
    versions: Versions | None,
    runs: RunsById,
    known: Sequence[Run],
    *,
    url: str,
) -> list[Observation]:
    """One observation per registry signal, prompts aside. `known` are the runs of the team's experiments."""
    if not setup.models:
        gap: Gap | None = NO_MODELS
    elif isinstance(registry, Gap):
        gap = registry
    else:
        gap = registry.gaps[0] if not registry.models else None
    if gap is not None or isinstance(registry, Gap) or versions is None:
        return [
            unknown(signal, gap or NO_MODELS, url=url) for signal in REGISTRY_SIGNALS if signal != PROMPTS
        ]
    return [
        count("mlflow.registered_models", len(registry.models), versions.gaps, url=url),
        count("mlflow.versions_90d", len(versions.recent), versions.gaps_since(versions.quarter_ms), url=url),
        _with_run(versions, runs, url=url),
        count("mlflow.versions_with_alias", _marked(registry), versions.gaps, url=url),
        _champion_challenger(versions, url=url),
        count("mlflow.production_versions", len(versions.live), versions.gaps, url=url),
        _from_notebook(versions, runs, url=url),
        share(
            "mlflow.production_described_share",
            sum(len(version.description.strip()) >= SHORTEST_DESCRIPTION for version in versions.live),
            len(versions.live),
            versions.gaps,
            what=f"live versions have a description of {SHORTEST_DESCRIPTION} characters or more",
            url=url,
        ),
        _evaluated(versions, runs, known, url=url),
    ]


def _marked(registry: Registry) -> int:
    found = set()
    for model in registry.models:
        aliased = set(model.aliases.values())
        for version in registry.versions.get(model.name, ()):
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
    if versions.gaps:
        return unknown(signal, versions.gaps[0], url=url)
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


def _evaluated(versions: Versions, runs: RunsById, known: Sequence[Run], *, url: str) -> Observation:
    signal, gate = "mlflow.versions_evaluated_share_90d", versions.setup.gate_metrics
    if not gate:
        return unknown(
            signal, Gap(Reason.NOT_CONFIGURED.value, "No gate metric is named in the mapping."), url=url
        )
    gaps = [*versions.gaps_since(versions.quarter_ms), *_run_gaps(versions.recent, runs)]
    if any(version.run_id and version.run_id not in runs for version in versions.recent):
        gaps.append(CUT)
    by_name: dict[str, list[frozenset[str]]] = {}
    for run in known:
        for name in run.names:
            by_name.setdefault(name, []).append(run.metrics)
        for model_id, metrics in run.metrics_by_model.items():
            by_name.setdefault(model_id, []).append(metrics)
    part = sum(_carries(version, gate, runs, by_name) for version in versions.recent)
    return share(signal, part, len(versions.recent), gaps, what="versions carry all gate metrics", url=url)


def _carries(
    version: Version, gate: frozenset[str], runs: RunsById, by_name: Mapping[str, Sequence[frozenset[str]]]
) -> bool:
    run = runs.get(version.run_id)
    own = [run.metrics] if isinstance(run, Run) else []
    names = {f"models:/{version.name}/{version.version}"} | ({version.model_id} - {""})
    return any(gate <= metrics for metrics in (*own, *(m for name in names for m in by_name.get(name, ()))))


def observe_prompts(
    setup: Setup, prompts: Sequence[Model] | Gap, ours: Sequence[Model], *, url: str
) -> Observation:
    """Prompts named in the mapping, else those named like the models or made in the experiments."""
    if not setup.prompts and not setup.models:
        return unknown(PROMPTS, NO_MODELS, url=url)
    if isinstance(prompts, Gap):
        return unknown(PROMPTS, prompts, url=url)
    if not ours and prompts and not setup.prompts:
        return unknown(
            PROMPTS,
            Gap(
                Reason.NOT_CONFIGURED.value,
                f"MLflow holds {len(prompts)} prompts; name the team's own in the mapping.",
            ),
            url=url,
        )
    return count(PROMPTS, len(ours), url=url)


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
    )


def moment(milliseconds: int) -> datetime:
    """Clients choose run times freely; what no calendar holds becomes its nearest end."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if milliseconds > 0 else datetime.min.replace(tzinfo=UTC)
