"""Fills an empty MLflow with the world of test_mlflow_server, through MLflow's own client.

Run by the Python of the server's environment: `python mlflow_fill.py ADDRESS NOW_MS DATABASE IDS`: the ids of what
was made go into the file IDS.
"""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DAY_MS = 86_400_000
COMMIT = {name: name.lower() * 20 for name in ("C1", "C2", "C3", "D1")}
LONG = "Churn within 30 days, trained on the contracts of two years. Do not use it for business customers."
# 79 characters that count, and blanks that do not.
NEARLY_LONG = "x" * 79 + "     "


@dataclass(frozen=True)
class Made:
    """One run to be made. `sets` are datasets as (digest, context or "")."""

    name: str
    experiment: str
    days: float
    status: str = "FINISHED"
    metrics: tuple[str, ...] = ()
    has_param: bool = False
    commit: str = ""
    sets: tuple[tuple[str, str], ...] = ()
    source: tuple[str, str] = ("LOCAL", "train.py")
    tags: tuple[tuple[str, str], ...] = ()


TRAIN, EVAL = ("d1", "training"), ("d2", "eval")
GIT, DATABRICKS = "mlflow.source.git.commit", "mlflow.databricks.gitRepoCommit"
RUNS = (
    Made("a1", "train", 1, metrics=("auc", "f1"), has_param=True, commit="C1", sets=(TRAIN,)),
    Made("a2", "train", 3, metrics=("auc",), has_param=True, commit="C1", sets=(("d1", ""),),
         source=("NOTEBOOK", "explore.ipynb")),
    Made("a3", "train", 5, metrics=("auc",), has_param=True, sets=(TRAIN,),
         source=("LOCAL", "/venv/lib/python3.11/site-packages/ipykernel_launcher.py")),
    Made("a4", "train", 8, has_param=True, commit="C2", sets=(EVAL,)),
    Made("a5", "train", 12, "FAILED", metrics=("auc",), has_param=True, commit="C2"),
    Made("a6", "train", 20, metrics=("auc",), commit="C2",
         source=("LOCAL", "/usr/lib/colab_kernel_launcher.py")),
    Made("a7", "train", 29, "RUNNING", commit="C3", sets=(TRAIN, EVAL)),
    Made("a8", "train", 31, metrics=("auc", "nan", "inf"), has_param=True, commit="C3", sets=(("d2", "validation"),)),
    Made("a9", "train", 45, metrics=("auc",), tags=((DATABRICKS, COMMIT["D1"]),)),
    Made("a10", "train", 60, "KILLED", has_param=True),
    Made("a11", "train", 89, metrics=("auc",), has_param=True, commit="C1", sets=(("d1", "train"),)),
    Made("a12", "train", 91, metrics=("auc",), has_param=True, commit="C1", sets=(TRAIN,)),
    Made("deleted", "train", 2, metrics=("auc",), has_param=True, commit="C1", sets=(TRAIN,)),
    Made("child", "train", 1, metrics=("auc",), tags=(("stage", "evaluation"),)),
    Made("b1", "eval", 2, metrics=("latency",), has_param=True, commit="C1",
         tags=(("mlflow.runType", "genai_evaluate"),)),
    Made("b2", "eval", 40, metrics=("auc", "f1"), tags=(("stage", "evaluation"),)),
    Made("other", "other", 1, metrics=("auc",), has_param=True, commit="C1"),
)  # fmt: skip


def fill(address: str, now_ms: int, database: str) -> dict[str, Any]:
    # Only the server's environment has it.
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_tracking_uri(address)
    client = mlflow.MlflowClient()
    experiments = {
        key: client.create_experiment(name)
        for key, name in {
            "train": "churn-training",
            "eval": "churn-evaluation",
            "empty": "churn [empty]",
            "retired": "churn-retired",
            "other": "fraud",
        }.items()
    }
    runs = {made.name: _run(client, made, experiments[made.experiment], now_ms) for made in RUNS}
    client.set_tag(runs["child"], "mlflow.parentRunId", runs["a1"])
    client.delete_run(runs["deleted"])
    models = _models(client, experiments, runs)
    _traces(mlflow, client, experiments, runs, now_ms)
    client.delete_experiment(experiments["retired"])
    for name in ("churn-greet", "fraud-greet"):
        mlflow.genai.register_prompt(name, "Hello {{name}}")
    # MLflow stamps versions with its own clock; an old one cannot be made through the client.
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "UPDATE model_versions SET creation_time = ? WHERE name = 'churn' AND version = 1",
            (now_ms - 200 * DAY_MS,),
        )
        connection.commit()
    return {"experiments": experiments, "runs": runs, "models": models}


def _run(client: Any, made: Made, experiment: str, now_ms: int) -> str:
    entities: Any = importlib.import_module("mlflow.entities")
    start = now_ms - int(made.days * DAY_MS)
    tags = dict(made.tags) | {"mlflow.source.type": made.source[0], "mlflow.source.name": made.source[1]}
    if made.commit:
        tags[GIT] = COMMIT[made.commit]
    run_id: str = client.create_run(experiment, start_time=start, tags=tags, run_name=made.name).info.run_id
    metrics = [
        entities.Metric(name, float(name) if name in {"nan", "inf"} else 0.9, start, 0)
        for name in made.metrics
    ]
    params = {"depth": "5"} if made.has_param else {}
    if made.name == "b2":
        params["model_uri"] = "models:/churn-old/1"
    client.log_batch(run_id, metrics, [entities.Param(*pair) for pair in params.items()])
    if made.sets:
        client.log_inputs(
            run_id,
            [
                entities.DatasetInput(
                    entities.Dataset("contracts", digest, "local", "{}"),
                    [entities.InputTag("mlflow.data.context", context)] if context else [],
                )
                for digest, context in made.sets
            ],
        )
    if made.status != "RUNNING":
        client.set_terminated(run_id, made.status, end_time=start + 30 * 60_000)
    return run_id


def _models(client: Any, experiments: dict[str, str], runs: dict[str, str]) -> dict[str, str]:
    for name in ("churn", "churn-scores", "churn-old", "fraud"):
        client.create_registered_model(name)

    def version(name: str, run_id: str, description: str = "", model_id: str = "") -> None:
        source = f"models:/{model_id}" if model_id else f"s3://models/{name}"
        client.create_model_version(
            name, source, run_id or None, description=description or None, model_id=model_id or None
        )

    logged = client.create_logged_model(experiments["train"], "clf", source_run_id=runs["a2"]).model_id
    version("churn", runs["a12"], LONG)
    version("churn", runs["a1"], LONG)
    version("churn", runs["a2"], model_id=logged)
    version("churn", "0" * 32)
    version("churn", "")
    version("churn-scores", runs["a3"], "Scores of last night.")
    version("churn-old", runs["a4"], NEARLY_LONG)
    version("fraud", runs["other"], LONG)
    # An evaluation of the logged model, in a run of another experiment.
    for metric in ("auc", "f1"):
        client.log_metric(runs["b1"], metric, 0.9, model_id=logged)
    client.set_registered_model_alias("churn", "champion", "2")
    client.set_registered_model_alias("churn", "challenger", "3")
    client.set_registered_model_alias("churn", "smoke", "5")
    client.set_registered_model_alias("churn-scores", "prod", "1")
    client.set_registered_model_alias("fraud", "champion", "1")
    client.transition_model_version_stage("churn-old", "1", "Production")
    return {"logged": logged}


def _traces(mlflow: Any, client: Any, experiments: dict[str, str], runs: dict[str, str], now_ms: int) -> None:
    def trace(experiment: str, days: float, run_id: str | None = None) -> None:
        start = (now_ms - int(days * DAY_MS)) * 1_000_000
        span = client.start_trace("answer", experiment_id=experiment, start_time_ns=start, run_id=run_id)
        client.end_trace(span.trace_id, end_time_ns=start + 1_000_000)

    for days in (0.5, 1, 29):
        trace(experiments["eval"], days)
    trace(experiments["eval"], 31)
    trace(experiments["other"], 1)
    for _ in range(2):
        trace(experiments["eval"], 2, runs["b1"])
    mlflow.flush_trace_async_logging()


if __name__ == "__main__":
    Path(sys.argv[4]).write_text(json.dumps(fill(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
