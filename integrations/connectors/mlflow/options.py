"""What people tell about their MLflow: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common.setup import distinct_lines

PROMPTS = "mlflow.prompts"
RUN_SIGNALS = (
    "mlflow.runs_30d",
    "mlflow.runs_90d",
    "mlflow.runs_complete_share",
    "mlflow.runs_with_git_commit_share",
    "mlflow.runs_with_dataset_share",
    "mlflow.runs_from_notebook_share",
    "mlflow.evaluations_30d",
    "mlflow.traces_30d",
)
REGISTRY_SIGNALS = (
    "mlflow.registered_models",
    "mlflow.versions_90d",
    "mlflow.versions_with_run_share",
    "mlflow.versions_with_alias",
    "mlflow.champion_challenger",
    "mlflow.production_versions",
    "mlflow.production_from_notebook_share",
    "mlflow.production_described_share",
    "mlflow.versions_evaluated_share_90d",
    "mlflow.retrain_interval_365d",
    "mlflow.live_version_age",
    PROMPTS,
)
# Signals that need a second system: facts only (RULINGS 7).
JOINED_SIGNALS = (
    "mlflow.production_git_commit_share",
    "mlflow.lineage_complete_share",
    "mlflow.versions_from_ci_share_90d",
    "mlflow.drift_to_live_p50_h",
)

PRODUCTION_ALIASES = ("champion", "production", "prod", "live")
CHALLENGER_ALIASES = ("challenger", "candidate", "shadow")
EVALUATION_TAG = "stage=evaluation"

CONNECTION_OPTIONS = (
    Option(
        "token",
        "Access token",
        "Only where the server asks for one (Databricks, a proxy in front of MLflow). Leave empty for an open server.",
        kind=OptionKind.SECRET,
    ),
    Option(
        "username",
        "User name",
        "Only where the server runs with --app-name basic-auth. A user with READ is enough.",
    ),
    Option("password", "Password", "The password of that user.", kind=OptionKind.SECRET),
)

SOURCE_OPTIONS = (
    Option(
        "experiments",
        "Experiments",
        "One a line: the id, the name, or a pattern with * (churn-*). Only these are counted as the team's.",
        kind=OptionKind.LIST,
        feeds=RUN_SIGNALS,
    ),
    Option(
        "models",
        "Registered models",
        "One a line: the name, or a pattern with *.",
        kind=OptionKind.LIST,
        feeds=(*REGISTRY_SIGNALS, *JOINED_SIGNALS),
    ),
    Option(
        "production_aliases",
        "Aliases of live versions",
        "One a line. A version with one of these aliases counts as live.",
        kind=OptionKind.LIST,
        default="\n".join(PRODUCTION_ALIASES),
        is_inner=True,
    ),
    Option(
        "challenger_aliases",
        "Aliases of challengers",
        "One a line. A version with one of these aliases is being tried against the live one.",
        kind=OptionKind.LIST,
        default="\n".join(CHALLENGER_ALIASES),
        is_inner=True,
    ),
    Option(
        "gate_metrics",
        "Gate metrics",
        "One a line: the metrics that a version must carry before it may be released, by their MLflow names.",
        kind=OptionKind.LIST,
        feeds=("mlflow.versions_evaluated_share_90d",),
        is_inner=True,
    ),
    Option(
        "evaluation_tag",
        "Tag of evaluation runs",
        f"As name=value. Classic evaluations leave no mark of their own, so agree on one; {EVALUATION_TAG} is tried while this "
        "is empty, but then finding none proves nothing.",
        is_inner=True,
    ),
    Option(
        "prompts",
        "Prompts",
        "One a line: the name, or a pattern with *. While empty: prompts named like the models above or made in the "
        "experiments above.",
        kind=OptionKind.LIST,
    ),
)


@dataclass(frozen=True, slots=True)
class Setup:
    """A mapping's answers. `has_agreed_tag` is False while the evaluation tag is only our guess."""

    experiments: tuple[str, ...]
    models: tuple[str, ...]
    production_aliases: frozenset[str]
    challenger_aliases: frozenset[str]
    gate_metrics: frozenset[str]
    evaluation_tag: tuple[str, str]
    has_agreed_tag: bool
    prompts: tuple[str, ...]


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The answers, with defaults for what was left empty. Blank and repeated lines fall away."""
    agreed = str(options.get("evaluation_tag") or "").strip()
    name, _, value = (agreed or EVALUATION_TAG).partition("=")
    return Setup(
        experiments=distinct_lines(options, "experiments"),
        models=distinct_lines(options, "models"),
        production_aliases=frozenset(distinct_lines(options, "production_aliases") or PRODUCTION_ALIASES),
        challenger_aliases=frozenset(distinct_lines(options, "challenger_aliases") or CHALLENGER_ALIASES),
        gate_metrics=frozenset(distinct_lines(options, "gate_metrics")),
        evaluation_tag=(name.strip(), value.strip()),
        has_agreed_tag=bool(agreed),
        prompts=distinct_lines(options, "prompts"),
    )


def is_pattern(entry: str) -> bool:
    return "*" in entry or "?" in entry


def matches(name: str, entry: str) -> bool:
    """Whether a line of the mapping means that name. Only * and ? stand for something else; brackets are part of names."""
    return fnmatchcase(name, entry.replace("[", "[[]")) if is_pattern(entry) else name == entry
