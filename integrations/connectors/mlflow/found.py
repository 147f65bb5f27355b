"""What "Test connection" sees: the server's version, what can be chosen, and what the credential hides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from integrations.connectors.base import Found
from integrations.connectors.common.gaps import Gap
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow.ask_models import hides_models, list_models, registry_gap
from integrations.connectors.mlflow.ask_runs import hides_experiments, list_experiments
from integrations.connectors.mlflow.options import JOINED_SIGNALS, REGISTRY_SIGNALS, RUN_SIGNALS
from integrations.connectors.mlflow.parse import trace_count
from integrations.connectors.mlflow.reader import Reader, gap_of, is_missing_endpoint

T = TypeVar("T")

EXPERIMENTS, MODELS = "Experiments: READ", "Registered models: READ"
# What stays unknown without each: proven in tests/integrations/connectors/test_doctor.py. A version's run lies in an
# experiment, so these blind signals of versions too.
BEHIND_EXPERIMENTS = (
    *RUN_SIGNALS,
    "mlflow.retrain_interval_365d",
    "mlflow.versions_with_run_share",
    "mlflow.production_from_notebook_share",
    "mlflow.versions_evaluated_share_90d",
    *JOINED_SIGNALS,
)
BEHIND_MODELS = (*REGISTRY_SIGNALS, *JOINED_SIGNALS)
PERMISSIONS: dict[str, tuple[str, ...]] = {EXPERIMENTS: BEHIND_EXPERIMENTS, MODELS: BEHIND_MODELS}
_HIDES = "This user sees only {} that are granted to it one by one; MLflow hides others without a word."


@dataclass(frozen=True, slots=True)
class _Part:
    """One half of an MLflow: what it takes to read it, and how to ask whether things are hidden in it."""

    permission: str
    name: str
    when_empty: str
    hides: Callable[[Reader], bool]


_PARTS = (
    _Part(
        EXPERIMENTS,
        "experiments",
        "No experiment is visible. MLflow hides what a user may not read, without a word.",
        hides_experiments,
    ),
    _Part(MODELS, "registered models", "No registered model is visible.", hides_models),
)


def look_round(reader: Reader) -> Found:
    """What is there, within a few small questions. Raises SourceError when MLflow as a whole cannot be read."""
    identity = _identity(reader)
    experiments = _list(lambda: [e for e in list_experiments(reader).experiments if not e.is_deleted], gap_of)
    models = _list(lambda: list(list_models(reader).models), registry_gap)
    reader.raise_if_silent()
    told = [_judge(reader, *pair) for pair in zip(_PARTS, (experiments, models), strict=True)]
    notes = [note for _, note in told if note]
    if isinstance(experiments, list) and experiments and not _counts_traces(reader, experiments[0].id):
        notes.append("This server is too old to count traces; mlflow.traces_30d stays unknown.")
    visible = models if isinstance(models, list) else []
    return Found(
        identity=identity,
        choices={
            "experiments": sorted(e.name for e in experiments) if isinstance(experiments, list) else [],
            "models": sorted(model.name for model in visible),
            "production_aliases": sorted({alias for model in visible for alias in model.aliases}),
            "challenger_aliases": sorted({alias for model in visible for alias in model.aliases}),
        },
        missing={
            part.permission: PERMISSIONS[part.permission]
            for part, (is_missing, _) in zip(_PARTS, told, strict=True)
            if is_missing
        },
        notes=tuple(notes),
    )


def _judge(reader: Reader, part: _Part, listed: Sequence[Any] | Gap) -> tuple[bool, str]:
    """Whether the permission is missing, and a note. A search answers 200 and leaves out what the user may not read."""
    if isinstance(listed, Gap):
        return True, listed.detail
    if _is_hiding(part.hides, reader):
        return not listed, _HIDES.format(part.name)
    return False, "" if listed else part.when_empty


def _identity(reader: Reader) -> str:
    try:
        version = reader.http.text("version").strip()
    except SourceError as error:
        if error.kind not in {Failure.NOT_FOUND, Failure.FORBIDDEN, Failure.BAD_PAYLOAD}:
            raise
        return "MLflow (the server does not tell its version)"
    return f"MLflow {version[:40]}"


def _list(ask: Callable[[], list[T]], gap: Callable[[SourceError], Gap]) -> list[T] | Gap:
    try:
        return ask()
    except SourceError as error:
        return gap(error)


def _is_hiding(ask: Callable[[Reader], bool], reader: Reader) -> bool:
    try:
        return ask(reader)
    except SourceError:
        return False  # the listing was answered; this question was only about what it left out


def _counts_traces(reader: Reader, experiment_id: str) -> bool:
    body = {
        "experiment_ids": [experiment_id],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
    }
    try:
        trace_count(reader.post("3.0/mlflow/traces/metrics", body))
    except SourceError as error:
        return not is_missing_endpoint(error)
    return True
