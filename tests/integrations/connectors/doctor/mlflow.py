"""MLflow: what a user of its basic-auth may lack. It hides what a user may not read, without a word."""

from __future__ import annotations

from integrations.connectors.base import Connector
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.mlflow.connector import MlflowConnector
from tests.integrations.connectors import mlflow_world
from tests.integrations.connectors.doctor.table import (
    BY_COMMIT,
    COMMIT_JOINS,
    RUN_JOINS,
    Permission,
    World,
)
from tests.integrations.connectors.mlflow_fake import FakeMlflow

TO_LIVE = frozenset({"mlflow.drift_to_live_p50_h"})


def _build(fake: FakeMlflow) -> None:
    mlflow_world.build_world(fake)
    fake.serve("version", "version_text")
    fake.serve("experiments/search", "experiments")
    # Prompts are asked for by a filter of their own; the test of a connection lists models.
    fake.serve("registered-models/search", "models")
    fake.serve("registered-models/search", "prompts", filter="tags.`mlflow.prompt.is_prompt` = 'true'")


def _connect(fake: FakeMlflow) -> tuple[Connector, Http]:
    http = Http(fake.url, policy=EgressPolicy.from_text(fake.url))
    return MlflowConnector(http), http


WORLD = World(FakeMlflow, _build, {**mlflow_world.OPTIONS, "prompts": ["*"]}, _connect)
PERMISSIONS = (
    Permission(
        "mlflow",
        "Experiments: READ",
        r"^(experiments|runs|traces|logged-models)/",
        frozenset(
            {
                "data.snapshot_named",
                "environment.recorded_per_run",
                "tracking.results_written",
                "tracking.central",
                "tracking.comparable",
                "tracking.used_at_release",
                "training.one_command",
                "training.registers_result",
                "evaluation.scripted",
                "evaluation.in_every_training",
                "registry.in_use",
                "genai.calls_traced",
                "genai.fixed_cases",
                *BY_COMMIT,
            }
        ),
        joined=COMMIT_JOINS | RUN_JOINS | TO_LIVE,
    ),
    Permission(
        "mlflow",
        "Registered models: READ",
        r"^(registered-models|model-versions)/",
        frozenset(
            {
                "tracking.central",
                "tracking.used_at_release",
                "training.one_command",
                "training.registers_result",
                "evaluation.in_every_training",
                "registry.stored_centrally",
                "registry.in_use",
                "registry.live_marked",
                "registry.versions_described",
                "genai.prompts_versioned",
                *BY_COMMIT,
            }
        ),
        joined=COMMIT_JOINS | RUN_JOINS | TO_LIVE,
    ),
)
