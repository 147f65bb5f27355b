"""Made-up signals: how each of them looks at a team of a given maturity. Values and samples fit each other."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from assessments.vocabulary import SIGNALS, Reason, Unit


@dataclass(frozen=True, slots=True)
class Shape:
    """From `low` (no maturity) to `high`, half way at the level `mid`. `of` names the count that a share is a share of."""

    low: float
    high: float
    mid: float
    of: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One made-up observation; `value` is None exactly when `reason` is set."""

    signal: str
    value: float | bool | None
    reason: str = ""
    sample: int | None = None
    numerator: float | None = None
    denominator: float | None = None


_RUNS = "mlflow.runs_90d"
_VERSIONS = "mlflow.versions_90d"
_LIVE = "mlflow.production_versions"
_DEPLOYS = "deploy.count_90d"

# Flags are true from `mid` on. Counts stand before the shares that are shares of them.
SHAPES: dict[str, Shape] = {
    "repo.connected": Shape(0, 1, -9),
    "repo.code_files": Shape(20, 400, 2),
    "repo.notebook_share": Shape(0.9, 0.04, 1.2, "repo.code_files"),
    "repo.has_tests": Shape(0, 1, 0.7),
    "repo.test_file_ratio": Shape(0, 0.6, 1.8, "repo.code_files"),
    "repo.has_lockfile": Shape(0, 1, 1.5),
    "repo.has_dependency_manifest": Shape(0, 1, 0.3),
    "repo.has_pipeline_definition": Shape(0, 1, 1.7),
    "repo.has_ci_config": Shape(0, 1, 0.9),
    "repo.has_container_definition": Shape(0, 1, 1.5),
    "repo.has_iac": Shape(0, 1, 2.6),
    "repo.has_data_checks": Shape(0, 1, 2),
    "repo.has_model_card": Shape(0, 1, 2.5),
    "repo.merged_changes_90d": Shape(3, 120, 1.5),
    "repo.reviewed_change_share_90d": Shape(0.2, 1, 1.3, "repo.merged_changes_90d"),
    "repo.main_branch_guarded": Shape(0, 1, 2.6),
    "ci.runs_30d": Shape(4, 300, 1.2),
    "ci.success_rate_30d": Shape(0.5, 0.98, 1.2, "ci.runs_30d"),
    "ci.change_coverage_30d": Shape(0.1, 1, 0.6, "ci.runs_30d"),
    "ci.test_steps_share": Shape(0.1, 1, 0.7, "ci.runs_30d"),
    "ci.tests_executed_p50": Shape(0, 600, 1.6),
    "ci.training_runs_90d": Shape(0, 60, 1.8),
    "ci.scheduled_training_runs_30d": Shape(0, 30, 1.9),
    "ci.event_training_runs_90d": Shape(0, 20, 2.8),
    "ci.training_manual_share_90d": Shape(1, 0, 1.9, "ci.training_runs_90d"),
    _DEPLOYS: Shape(1, 110, 1.6),
    "deploy.frequency_30d": Shape(0, 38, 1.6),
    "deploy.automated_share_90d": Shape(0, 1, 2.3, _DEPLOYS),
    "deploy.deployers_180d": Shape(1, 6, 1.5),
    "deploy.lead_time_p50_h": Shape(500, 4, 1.5),
    "deploy.tested_sha_share_90d": Shape(0.5, 1, 1.8, _DEPLOYS),
    "deploy.staged_share_90d": Shape(0.3, 1, 0.6, _DEPLOYS),
    "deploy.change_failure_rate": Shape(0.45, 0.04, 2.6, _DEPLOYS),
    "deploy.rollbacks_180d": Shape(0, 5, 1.9),
    "deploy.rollback_time": Shape(70, 0.5, 2.2),
    "mlflow.runs_30d": Shape(0, 220, 1),
    _RUNS: Shape(0, 640, 1),
    "mlflow.runs_complete_share": Shape(0.3, 1, 1.3, _RUNS),
    "mlflow.runs_with_git_commit_share": Shape(0.2, 1, 1.3, _RUNS),
    "mlflow.runs_with_dataset_share": Shape(0.1, 1, 1.4, _RUNS),
    "mlflow.runs_from_notebook_share": Shape(0.95, 0.03, 1.3, _RUNS),
    "mlflow.registered_models": Shape(0, 8, 1),
    _VERSIONS: Shape(0, 26, 1.5),
    "mlflow.versions_with_run_share": Shape(0.4, 1, 1.2, _VERSIONS),
    "mlflow.versions_with_alias": Shape(0, 8, 1.6),
    "mlflow.champion_challenger": Shape(0, 1, 2.6),
    _LIVE: Shape(0, 6, 1.2),
    "mlflow.production_from_notebook_share": Shape(0.8, 0, 0.8, _LIVE),
    "mlflow.production_git_commit_share": Shape(0, 1, 0.9, _LIVE),
    "mlflow.production_described_share": Shape(0, 1, 2.3, _LIVE),
    "mlflow.lineage_complete_share": Shape(0, 1, 1.7, _LIVE),
    "mlflow.versions_from_ci_share_90d": Shape(0, 1, 2.5, _VERSIONS),
    "mlflow.versions_evaluated_share_90d": Shape(0.2, 1, 2.3, _VERSIONS),
    "mlflow.evaluations_30d": Shape(0, 40, 1.8),
    "monitoring.service_targets": Shape(0, 12, 0.9),
    "monitoring.alert_rules": Shape(0, 18, 1.6),
    "monitoring.drift_rules": Shape(0, 6, 2.7),
    "monitoring.data_rules": Shape(0, 6, 3.3),
    "monitoring.model_metrics": Shape(0, 14, 2.4),
    "monitoring.window_coverage_30d": Shape(0.7, 1, -1),
    "monitoring.uptime_30d": Shape(0.98, 0.9999, 2.6),
    "serving.active_versions_24h": Shape(0, 3, 1),
    "serving.parallel_version_days_90d": Shape(0, 20, 2.8),
}
STEEPNESS = 2.4
# Why a share of nothing is unknown: the first of these that the signal knows.
NOTHING_THERE = (Reason.INSUFFICIENT_SAMPLE, Reason.MODEL_NOT_FOUND, Reason.NO_DEPLOYMENT_RECORDS)


def family(signal: str) -> str:
    """repo, ci, deploy, mlflow, monitoring or serving."""
    return signal.partition(".")[0]


def observe(wanted: tuple[str, ...], maturity: Mapping[str, float], chance: random.Random) -> list[Seen]:
    """What a connector would say today of the `wanted` signals, in their order in SHAPES."""
    counts: dict[str, int] = {}
    seen: list[Seen] = []
    for signal in wanted:
        value = _value(signal, maturity[signal], counts, chance)
        if value.value is not None and SIGNALS[signal].unit is Unit.COUNT:
            counts[signal] = int(value.value)
        seen.append(value)
    return seen


def _value(signal: str, maturity: float, counts: Mapping[str, int], chance: random.Random) -> Seen:
    shape, known = SHAPES[signal], SIGNALS[signal]
    # One draw per signal whatever it is, so that a change of one does not move the others.
    noise = chance.gauss(0, 1)
    level = shape.low + (shape.high - shape.low) / (1 + math.exp(-STEEPNESS * (maturity - shape.mid)))
    match known.unit:
        case Unit.BOOL:
            return Seen(signal, maturity >= shape.mid)
        case Unit.COUNT:
            return Seen(signal, max(0, round(level * (1 + 0.04 * noise))))
        case Unit.SHARE | Unit.RATIO if shape.of:
            return _share(signal, level + 0.012 * noise, counts.get(shape.of, 0))
        case _:
            return _measure(signal, level, noise, counts)


def _share(signal: str, level: float, whole: int) -> Seen:
    part = min(whole, max(0, round(level * whole)))
    needed = SIGNALS[signal].min_sample
    if whole == 0 or (needed is not None and whole < needed.at_least):
        return Seen(
            signal,
            None,
            _reason(signal),
            sample=whole,
            numerator=float(part),
            denominator=float(whole),
        )
    return Seen(signal, round(part / whole, 4), sample=whole, numerator=float(part), denominator=float(whole))


def _measure(signal: str, level: float, noise: float, counts: Mapping[str, int]) -> Seen:
    """Hours, and shares that are read as such."""
    known = SIGNALS[signal]
    needed = known.min_sample
    sample = counts.get(needed.signal) if needed is not None and needed.signal is not None else None
    if needed is not None and sample is not None and sample < needed.at_least:
        return Seen(signal, None, _reason(signal), sample=sample)
    if known.unit is Unit.SHARE:
        return Seen(signal, round(min(1.0, max(0.0, level)), 4), sample=sample)
    return Seen(signal, round(max(0.1, level * (1 + 0.05 * noise)), 1), sample=sample)


def _reason(signal: str) -> str:
    return next(reason.value for reason in NOTHING_THERE if reason in SIGNALS[signal].reasons)
