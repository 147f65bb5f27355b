"""A team's MLflow as rows, made of recorded ones. Its signals are worked out by hand in test_mlflow_collect."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Observation
from integrations.connectors.mlflow.connector import MlflowConnector
from tests.integrations.connectors.github_rows import UNTIL, sha
from tests.integrations.connectors.mlflow_fake import FakeMlflow, payload
from tests.integrations.connectors.observed import assert_sound, by_signal

Row = dict[str, Any]

UNTIL_MS = int(UNTIL.timestamp() * 1000)
DAY_MS = 86_400_000
OPTIONS: dict[str, Any] = {
    "experiments": ["1", "churn-eval"],
    "models": ["churn", "old"],
    "gate_metrics": ["auc"],
    "evaluation_tag": "kind=eval",
}
GIT = "mlflow.source.git.commit"


def ago_ms(days: float) -> int:
    return UNTIL_MS - int(days * DAY_MS)


def pairs(values: dict[str, str]) -> list[Row]:
    return [{"key": key, "value": value} for key, value in values.items()]


def dataset(digest: str, context: str | None = None) -> Row:
    """Without a context the key `tags` is left out, as MLflow does."""
    found = copy.deepcopy(payload("runs")["runs"][0]["inputs"]["dataset_inputs"][0])
    found["dataset"]["digest"] = digest
    del found["tags"]
    return found if context is None else {**found, "tags": pairs({"mlflow.data.context": context})}


def run(
    name: str,
    days: float,
    *,
    status: str = "FINISHED",
    metrics: tuple[str, ...] = (),
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    sets: tuple[Row, ...] = (),
    **info: Any,
) -> Row:
    """A run that began so many days before UNTIL and took an hour. Empty lists are left out."""
    found = copy.deepcopy(payload("runs")["runs"][0])
    start = ago_ms(days)
    found["info"] |= {
        **dict.fromkeys(("run_id", "run_uuid"), name),
        "run_name": name,
        "status": status,
        "start_time": start,
        "end_time": start + 3_600_000,
        **info,
    }
    data: Row = {"tags": pairs({"mlflow.runName": name, **(tags or {})})}
    if metrics:
        data["metrics"] = [{"key": key, "value": 0.5, "timestamp": start, "step": 0} for key in metrics]
    if params:
        data["params"] = pairs(params)
    return {**found, "data": data, "inputs": {"dataset_inputs": list(sets)} if sets else {}}


def experiment(id_: str, name: str, stage: str = "active") -> Row:
    return {
        **payload("experiment")["experiment"],
        "experiment_id": id_,
        "name": name,
        "lifecycle_stage": stage,
    }


def model(name: str, aliases: dict[str, str] | None = None) -> Row:
    """As a server gives it that has no aliases yet where there are none: the key is left out."""
    found = {**payload("model")["registered_model"], "name": name}
    del found["aliases"]
    listed = [{"alias": alias, "version": number} for alias, number in (aliases or {}).items()]
    return {**found, "aliases": listed} if listed else found


def version(name: str, number: int, days: float, **over: Any) -> Row:
    """As model-versions/search gives it: no aliases."""
    made = {"name": name, "version": str(number), "creation_timestamp": ago_ms(days), "description": ""}
    return {**payload("version")["model_version"], "source": "s3://m", "run_id": "", **made, **over} | {}


def found(fake: FakeMlflow, **options: Any) -> dict[str, Observation]:
    """What is collected when the source is told OPTIONS, these in their place."""
    collected = fake.collect({**OPTIONS, **options})
    assert_sound(collected, MlflowConnector.signals)
    return by_signal(collected)


def reasons(seen: Mapping[str, Observation], *signals: str) -> set[tuple[Any, str]]:
    return {(seen[name].value, seen[name].reason) for name in signals}


def build_world(fake: FakeMlflow) -> None:
    fake.answer("experiments/get", {"experiment": experiment("1", "churn-train")}, experiment_id="1")
    fake.answer(
        "experiments/get-by-name", {"experiment": experiment("2", "churn-eval")}, experiment_name="churn-eval"
    )
    fake.listing("runs/search", "runs", RUNS)
    for found in (*RUNS, run("gone-by", 300, tags={GIT: sha("a")})):
        fake.answer("runs/get", {"run": found}, run_id=found["info"]["run_id"])
    fake.serve("runs/get", "run_absent", run_id="lost")
    fake.answer(
        "registered-models/get",
        {"registered_model": model("churn", {"champion": "4", "shadow": "5"})},
        name="churn",
    )
    fake.answer("registered-models/get", {"registered_model": model("old")}, name="old")
    fake.listing("model-versions/search", "model_versions", CHURN, filter="name='churn'")
    fake.listing("model-versions/search", "model_versions", OLD, filter="name='old'")
    fake.serve("logged-models/m-5", "logged_model_absent")
    fake.serve("registered-models/search", "prompts")
    fake.answer("traces/metrics", payload("trace_count"))
    for found in RUNS:
        fake.serve(
            "traces/metrics",
            "trace_count_none",
            filters=[f"trace.metadata.`mlflow.sourceRun` = '{found['info']['run_id']}'"],
        )
    inside = {"data_points": [{"metric_name": "trace_count", "values": {"COUNT": 2.0}}]}
    fake.answer("traces/metrics", inside, filters=["trace.metadata.`mlflow.sourceRun` = 'genai'"])  # fmt: skip


LOCAL = {"mlflow.source.type": "LOCAL", "mlflow.source.name": "train.py"}
RUNS = [
    run("full", 1, metrics=("auc",), params={"depth": "3"}, tags={**LOCAL, GIT: sha("a")}, sets=(dataset("d", "training"),)),
    run("child", 1, metrics=("auc",), tags={"mlflow.parentRunId": "full", "kind": "eval"}),
    run("genai", 2, tags={"mlflow.runType": "genai_evaluate", GIT: sha("a")}),
    run("new-notebook", 3, tags={"mlflow.source.type": "NOTEBOOK", "mlflow.source.name": "/tmp/kernel.json"}, sets=(dataset("d"),)),
    run("old-notebook", 4, tags={**LOCAL, "mlflow.source.name": "/x/ipykernel_launcher.py", GIT: "  "}, sets=(dataset("", "training"),)),
    run("job", 5, tags={"mlflow.source.type": "JOB", "mlflow.source.name": "jobs/1", GIT: sha("b")}, metrics=("loss",), params={"x": "1"}),
    run("text-times", 6, start_time=str(ago_ms(6)), end_time=str(ago_ms(6) + 60_000), tags={GIT: sha("c")}),
    run("evaluated", 7, sets=(dataset("d", "Validation"), dataset("e", "TEST")), tags=LOCAL),
    run("both", 8, sets=(dataset("d", "training"), dataset("e", "test")), tags=LOCAL),
    run("failed", 29.9, status="FAILED", tags={"mlflow.databricks.gitRepoCommit": sha("d")}),
    run("edge", 30, tags={GIT: sha("a")}),
    run("names-it", 80, metrics=("auc", "f1"), params={"model_uri": "models:/churn/3"}),
    run("too-old", 90, tags={GIT: sha("a")}),
]  # fmt: skip
LONG = "y" * 80
CHURN = [
    version("churn", 7, 0.5, status="PENDING_REGISTRATION"),
    version("churn", 6, 1, run_id="lost"),
    version("churn", 5, 2, run_id="job", source="models:/m-5", description=f"  {LONG[1:]}  "),
    version("churn", 4, 3, run_id="full", description=LONG),
    version("churn", 3, 89.9, run_id="new-notebook", creation_timestamp=str(ago_ms(89.9))),
    version("churn", 2, 90, run_id="gone-by", current_stage="Production", description=LONG),
    version("churn", 1, 365, run_id="gone-by"),
]
OLD = [
    version("old", 2, 200, run_id="old-notebook", current_stage="Staging"),
    version("old", 1, 300, run_id="old-notebook", current_stage="Production", description="short"),
]
