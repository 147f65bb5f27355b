"""What "Test connection" sees: the server's version, what can be chosen, and what the credential hides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from integrations.connectors.base import Found
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow.ask_models import hides_models, list_models, registry_gap
from integrations.connectors.mlflow.ask_runs import hides_experiments, list_experiments
from integrations.connectors.mlflow.options import JOINED_SIGNALS, REGISTRY_SIGNALS, RUN_SIGNALS
from integrations.connectors.mlflow.parse import trace_count
from integrations.connectors.mlflow.reader import Gap, Reader, gap_of, is_missing_endpoint

T = TypeVar("T")

EXPERIMENTS, MODELS = "Experiments: READ", "Registered models: READ"
# What stays unknown without each: proven in tests/integrations/connectors/test_doctor.py. A version's run lies in an
# experiment, so these blind signals of versions too.
BEHIND_EXPERIMENTS = (
    *RUN_SIGNALS,
    "mlflow.versions_with_run_share",
    "mlflow.production_from_notebook_share",
    "mlflow.versions_evaluated_share_90d",
    *JOINED_SIGNALS,
)
BEHIND_MODELS = (*REGISTRY_SIGNALS, *JOINED_SIGNALS)
_HIDES = "This user sees only {} that are granted to it one by one; MLflow hides others without a word."


def look_round(reader: Reader) -> Found:
    """What is there, within a few small questions. Raises SourceError when MLflow as a whole cannot be read."""
    missing: dict[str, Sequence[str]] = {}
    notes: list[str] = []
    identity = _identity(reader)
    experiments = _list(lambda: [e for e in list_experiments(reader).experiments if not e.is_deleted], gap_of)
    models = _list(lambda: list(list_models(reader).models), registry_gap)
    reader.raise_if_silent()
    if isinstance(experiments, Gap):
        missing[EXPERIMENTS] = BEHIND_EXPERIMENTS
        notes.append(experiments.detail)
    elif _is_hiding(hides_experiments, reader):
        # A search answers 200 and leaves out what the user may not read.
        if not experiments:
            missing[EXPERIMENTS] = BEHIND_EXPERIMENTS
        notes.append(_HIDES.format("experiments"))
    elif not experiments:
        notes.append("No experiment is visible. MLflow hides what a user may not read, without a word.")
    if isinstance(models, Gap):
        missing[MODELS] = BEHIND_MODELS
        notes.append(models.detail)
    elif _is_hiding(hides_models, reader):
        if not models:
            missing[MODELS] = BEHIND_MODELS
        notes.append(_HIDES.format("registered models"))
    elif not models:
        notes.append("No registered model is visible.")
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
        missing=missing,
        notes=tuple(notes),
    )


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
