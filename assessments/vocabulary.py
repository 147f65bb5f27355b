"""The signals that the portal knows, and what "no data" can mean. Pure; the truth that catalogue files are checked against.

Definitions in words stand in the maturity model (`assessments/catalog/data/`), one per signal; source: spec SIGNALS 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a measurement is unknown. Closed: a reason that is not here is refused."""

    NOT_CONFIGURED = "not_configured"
    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    EXPERIMENT_NOT_FOUND = "experiment_not_found"
    EXPERIMENT_DELETED = "experiment_deleted"
    MODEL_NOT_FOUND = "model_not_found"
    NO_DEPLOYMENT_RECORDS = "no_deployment_records"
    SELECTOR_MATCHES_NOTHING = "selector_matches_nothing"
    NO_VERSION_LABEL = "no_version_label"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    WINDOW_NOT_COVERED = "window_not_covered"
    INSUFFICIENT_SAMPLE = "insufficient_sample"
    HISTORY_DISCARDED = "history_discarded"
    REGISTRY_ELSEWHERE = "registry_elsewhere"
    NO_REPORT_PUBLISHED = "no_report_published"
    RUN_NOT_FOUND = "run_not_found"
    SHAS_NOT_COMPARABLE = "shas_not_comparable"


class SignalType(StrEnum):
    BOOL = "bool"
    NUMBER = "number"


class Unit(StrEnum):
    """SHARE is a ratio from 0 to 1, RATIO has no upper end, HOURS and DAYS are what they say, COUNT is a whole number."""

    BOOL = "bool"
    COUNT = "count"
    SHARE = "share"
    RATIO = "ratio"
    HOURS = "hours"
    DAYS = "days"


class Aggregate(StrEnum):
    """How the values of several sources become one. POOLED: sum of numerators over sum of denominators."""

    ANY = "any"
    ALL = "all"
    ALL_APP_OR_TRAINING = "all_app_or_training"
    ALL_TRAINING = "all_training"
    SUM = "sum"
    POOLED = "pooled"
    MEDIAN = "median"
    DISTINCT = "distinct"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


@dataclass(frozen=True, slots=True)
class MinSample:
    """The value counts only when `signal` is at least `at_least`; no signal means the value's own sample."""

    signal: str | None
    at_least: float


@dataclass(frozen=True, slots=True)
class Signal:
    """A named thing that can be measured. `window_days` 0 means "now"."""

    id: str
    type: SignalType
    unit: Unit
    window_days: int
    aggregate: Aggregate
    reasons: frozenset[Reason]
    min_sample: MinSample | None = None


def _signal(
    id_: str,
    unit: Unit,
    window_days: int,
    aggregate: Aggregate,
    reasons: str,
    min_sample: MinSample | None = None,
) -> Signal:
    kind = SignalType.BOOL if unit is Unit.BOOL else SignalType.NUMBER
    return Signal(
        id_, kind, unit, window_days, aggregate, frozenset(Reason(r) for r in reasons.split()), min_sample
    )


_REPO = "not_configured unreachable unauthorized"
_REPO_2 = "not_configured unreachable unauthorized truncated"
_CHANGES = "not_configured unreachable unauthorized window_not_covered"
_CHANGES_2 = "not_configured unreachable unauthorized window_not_covered insufficient_sample"
_REPO_3 = "not_configured unauthorized"
# A long history is read day by day the first time: until it is there, its window is not covered.
_CI = "not_configured unreachable unauthorized truncated window_not_covered history_discarded"
_CI_2 = f"{_CI} insufficient_sample"
_CI_3 = f"{_CI} unsupported"
_CI_4 = f"{_CI} unsupported no_report_published"
_DEPLOY = "not_configured unreachable unauthorized no_deployment_records window_not_covered history_discarded"
_DEPLOY_2 = f"{_DEPLOY} insufficient_sample"
_DEPLOY_3 = f"{_DEPLOY} insufficient_sample shas_not_comparable"
_DEPLOY_4 = f"{_DEPLOY} unsupported truncated insufficient_sample"
_MLFLOW = "not_configured unreachable unauthorized experiment_not_found experiment_deleted window_not_covered"
_MLFLOW_2 = f"{_MLFLOW} insufficient_sample"
_MLFLOW_3 = "not_configured unreachable unauthorized model_not_found registry_elsewhere"
_MLFLOW_4 = "not_configured unreachable unauthorized model_not_found registry_elsewhere run_not_found"
_MLFLOW_5 = (
    "not_configured unreachable unauthorized model_not_found truncated window_not_covered insufficient_sample "
    "history_discarded registry_elsewhere"
)
_MLFLOW_6 = "not_configured unreachable unauthorized model_not_found insufficient_sample registry_elsewhere"
_MLFLOW_7 = f"{_MLFLOW} unsupported"
_MLFLOW_8 = "not_configured unreachable unauthorized model_not_found unsupported registry_elsewhere"
_MLFLOW_9 = (
    "not_configured unreachable unauthorized model_not_found truncated insufficient_sample registry_elsewhere"
)
_MLFLOW_10 = f"{_MLFLOW_6} window_not_covered"
_MONITORING = (
    "not_configured unreachable unauthorized selector_matches_nothing window_not_covered unsupported"
)
_SERVING = (
    "not_configured unreachable unauthorized selector_matches_nothing no_version_label window_not_covered "
    "unsupported"
)
# From an alert in monitoring to a version in the registry: the reasons of both sides.
_BETWEEN = (
    "not_configured unreachable unauthorized model_not_found insufficient_sample registry_elsewhere "
    "selector_matches_nothing window_not_covered unsupported"
)

SIGNALS: dict[str, Signal] = {
    signal.id: signal
    for signal in (
        _signal("repo.connected", Unit.BOOL, 0, Aggregate.ANY, _REPO),
        _signal("repo.code_files", Unit.COUNT, 0, Aggregate.SUM, _REPO_2),
        _signal(
            "repo.notebook_share", Unit.SHARE, 0, Aggregate.POOLED, _REPO_2, MinSample("repo.code_files", 5)
        ),
        _signal("repo.has_tests", Unit.BOOL, 0, Aggregate.ALL_APP_OR_TRAINING, _REPO_2),
        _signal(
            "repo.test_file_ratio", Unit.RATIO, 0, Aggregate.POOLED, _REPO_2, MinSample("repo.code_files", 5)
        ),
        _signal("repo.has_lockfile", Unit.BOOL, 0, Aggregate.ALL_TRAINING, _REPO_2),
        _signal("repo.has_dependency_manifest", Unit.BOOL, 0, Aggregate.ALL_TRAINING, _REPO_2),
        _signal("repo.has_pipeline_definition", Unit.BOOL, 0, Aggregate.ANY, _REPO_2),
        _signal("repo.has_ci_config", Unit.BOOL, 0, Aggregate.ALL, _REPO_2),
        _signal("repo.has_container_definition", Unit.BOOL, 0, Aggregate.ANY, _REPO_2),
        _signal("repo.has_iac", Unit.BOOL, 0, Aggregate.ANY, _REPO_2),
        _signal("repo.has_data_checks", Unit.BOOL, 0, Aggregate.ANY, _REPO_2),
        _signal("repo.has_model_card", Unit.BOOL, 0, Aggregate.ANY, _REPO_2),
        _signal("repo.merged_changes_90d", Unit.COUNT, 90, Aggregate.SUM, _CHANGES),
        _signal(
            "repo.reviewed_change_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _CHANGES_2,
            MinSample("repo.merged_changes_90d", 5),
        ),
        _signal("repo.main_branch_guarded", Unit.BOOL, 0, Aggregate.ALL_APP_OR_TRAINING, _REPO_3),
        _signal("ci.runs_30d", Unit.COUNT, 30, Aggregate.SUM, _CI),
        _signal("ci.success_rate_30d", Unit.SHARE, 30, Aggregate.POOLED, _CI_2, MinSample("ci.runs_30d", 10)),
        _signal("ci.change_coverage_30d", Unit.SHARE, 30, Aggregate.POOLED, _CI_2, MinSample(None, 5)),
        _signal("ci.test_steps_share", Unit.SHARE, 30, Aggregate.POOLED, _CI_3, MinSample("ci.runs_30d", 5)),
        _signal("ci.tests_executed_p50", Unit.COUNT, 30, Aggregate.MEDIAN, _CI_4),
        _signal("ci.training_runs_90d", Unit.COUNT, 90, Aggregate.SUM, _CI),
        _signal("ci.scheduled_training_runs_30d", Unit.COUNT, 30, Aggregate.SUM, _CI),
        _signal("ci.event_training_runs_90d", Unit.COUNT, 90, Aggregate.SUM, _CI),
        _signal(
            "ci.training_manual_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _CI_2,
            MinSample("ci.training_runs_90d", 3),
        ),
        _signal("deploy.frequency_30d", Unit.COUNT, 30, Aggregate.SUM, _DEPLOY),
        _signal("deploy.count_90d", Unit.COUNT, 90, Aggregate.SUM, _DEPLOY),
        _signal(
            "deploy.automated_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _DEPLOY_2,
            MinSample("deploy.count_90d", 3),
        ),
        _signal("deploy.deployers_180d", Unit.COUNT, 180, Aggregate.DISTINCT, _DEPLOY),
        _signal(
            "deploy.lead_time_p50_h",
            Unit.HOURS,
            90,
            Aggregate.MEDIAN,
            _DEPLOY_3,
            MinSample("deploy.count_90d", 3),
        ),
        _signal(
            "deploy.tested_sha_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _DEPLOY_4,
            MinSample("deploy.count_90d", 3),
        ),
        _signal(
            "deploy.staged_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _DEPLOY_2,
            MinSample("deploy.count_90d", 3),
        ),
        _signal(
            "deploy.change_failure_rate",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _DEPLOY_2,
            MinSample("deploy.count_90d", 8),
        ),
        _signal(
            "deploy.rollback_time",
            Unit.HOURS,
            180,
            Aggregate.MEDIAN,
            _DEPLOY_2,
            MinSample("deploy.rollbacks_180d", 1),
        ),
        _signal("deploy.rollbacks_180d", Unit.COUNT, 180, Aggregate.SUM, _DEPLOY),
        _signal("mlflow.runs_30d", Unit.COUNT, 30, Aggregate.SUM, _MLFLOW),
        _signal("mlflow.runs_90d", Unit.COUNT, 90, Aggregate.SUM, _MLFLOW),
        _signal(
            "mlflow.runs_complete_share",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _MLFLOW_2,
            MinSample("mlflow.runs_90d", 10),
        ),
        _signal(
            "mlflow.runs_with_git_commit_share",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _MLFLOW_2,
            MinSample("mlflow.runs_90d", 10),
        ),
        _signal(
            "mlflow.runs_with_dataset_share",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _MLFLOW_2,
            MinSample("mlflow.runs_90d", 10),
        ),
        _signal(
            "mlflow.runs_from_notebook_share",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _MLFLOW_2,
            MinSample("mlflow.runs_90d", 10),
        ),
        _signal("mlflow.registered_models", Unit.COUNT, 0, Aggregate.SUM, _MLFLOW_3),
        _signal("mlflow.versions_90d", Unit.COUNT, 90, Aggregate.SUM, _MLFLOW_3),
        _signal(
            "mlflow.versions_with_run_share", Unit.SHARE, 365, Aggregate.POOLED, _MLFLOW_3, MinSample(None, 1)
        ),
        _signal("mlflow.versions_with_alias", Unit.COUNT, 0, Aggregate.SUM, _MLFLOW_3),
        _signal("mlflow.champion_challenger", Unit.BOOL, 0, Aggregate.ANY, _MLFLOW_3),
        _signal("mlflow.production_versions", Unit.COUNT, 0, Aggregate.SUM, _MLFLOW_3),
        _signal(
            "mlflow.production_from_notebook_share",
            Unit.SHARE,
            0,
            Aggregate.POOLED,
            _MLFLOW_4,
            MinSample("mlflow.production_versions", 1),
        ),
        _signal(
            "mlflow.production_git_commit_share",
            Unit.SHARE,
            0,
            Aggregate.POOLED,
            _MLFLOW_4,
            MinSample("mlflow.production_versions", 1),
        ),
        _signal(
            "mlflow.production_described_share",
            Unit.SHARE,
            0,
            Aggregate.POOLED,
            _MLFLOW_3,
            MinSample("mlflow.production_versions", 1),
        ),
        _signal(
            "mlflow.lineage_complete_share",
            Unit.SHARE,
            0,
            Aggregate.POOLED,
            _MLFLOW_4,
            MinSample("mlflow.production_versions", 1),
        ),
        _signal(
            "mlflow.versions_from_ci_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _MLFLOW_5,
            MinSample("mlflow.versions_90d", 3),
        ),
        _signal(
            "mlflow.versions_evaluated_share_90d",
            Unit.SHARE,
            90,
            Aggregate.POOLED,
            _MLFLOW_10,
            MinSample("mlflow.versions_90d", 3),
        ),
        _signal("mlflow.evaluations_30d", Unit.COUNT, 30, Aggregate.SUM, _MLFLOW),
        _signal("mlflow.traces_30d", Unit.COUNT, 30, Aggregate.SUM, _MLFLOW_7),
        _signal("mlflow.prompts", Unit.COUNT, 0, Aggregate.SUM, _MLFLOW_8),
        _signal(
            "mlflow.retrain_interval_365d", Unit.DAYS, 365, Aggregate.MEDIAN, _MLFLOW_9, MinSample(None, 2)
        ),
        _signal(
            "mlflow.live_version_age",
            Unit.DAYS,
            0,
            Aggregate.MAXIMUM,
            _MLFLOW_6,
            MinSample("mlflow.production_versions", 1),
        ),
        _signal("mlflow.drift_to_live_p50_h", Unit.HOURS, 90, Aggregate.MEDIAN, _BETWEEN, MinSample(None, 1)),
        _signal("monitoring.service_targets", Unit.COUNT, 0, Aggregate.SUM, _MONITORING),
        _signal("monitoring.alert_rules", Unit.COUNT, 0, Aggregate.SUM, _MONITORING),
        _signal("monitoring.drift_rules", Unit.COUNT, 0, Aggregate.SUM, _MONITORING),
        _signal("monitoring.data_rules", Unit.COUNT, 0, Aggregate.SUM, _MONITORING),
        _signal("monitoring.model_metrics", Unit.COUNT, 0, Aggregate.DISTINCT, _MONITORING),
        _signal(
            "monitoring.uptime_30d",
            Unit.SHARE,
            30,
            Aggregate.MINIMUM,
            _MONITORING,
            MinSample("monitoring.window_coverage_30d", 0.9),
        ),
        _signal("monitoring.window_coverage_30d", Unit.SHARE, 30, Aggregate.MINIMUM, _MONITORING),
        _signal("serving.active_versions_24h", Unit.COUNT, 1, Aggregate.SUM, _SERVING),
        _signal("serving.parallel_version_days_90d", Unit.COUNT, 90, Aggregate.MAXIMUM, _SERVING),
    )
}


def group_of(signal: str) -> str:
    """What it is told of: "ci", "mlflow". Signals of one group rest on the same lists of the same system."""
    return signal.partition(".")[0]
