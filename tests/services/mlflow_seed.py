"""Ten thousand runs in an empty MLflow, written into its database: through its API that takes half an hour.

Runs are numbered from 0, the newest first, and what each of them has follows from its number: see `EXPECTED`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

EXPERIMENT = "big"
RUNS, OLDER = 10_000, 200
MONTH = 4_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
OPTIONS: dict[str, Any] = {"experiments": [EXPERIMENT], "evaluation_tag": "stage=evaluation"}

# By hand: (value, numerator, denominator).
EXPECTED: dict[str, tuple[float, float | None, float | None]] = {
    # Four thousand within 28 days, the rest between 32 and 82 days; the older ones began 100 days ago.
    "mlflow.runs_30d": (4_000, None, None),
    "mlflow.runs_90d": (10_000, None, None),
    # Failed: each hundredth; running: ten. Even ones have a commit and a metric; each hundredth is even.
    "mlflow.runs_complete_share": (4_900 / 9_890, 4_900, 9_890),
    "mlflow.runs_with_git_commit_share": (0.5, 5_000, 10_000),
    # All but each fifth.
    "mlflow.runs_with_dataset_share": (0.8, 8_000, 10_000),
    # Each third, beginning with the first.
    "mlflow.runs_from_notebook_share": (3_334 / 10_000, 3_334, 10_000),
    "mlflow.evaluations_30d": (0, None, None),
    "mlflow.traces_30d": (0, None, None),
}
_SCHEMA = json.dumps(
    {
        "mlflow_colspec": [
            {"type": "double", "name": f"column number {at}", "required": True} for at in range(50)
        ]
    }
)


def age_ms(number: int) -> int:
    """How long before the seeding a run began. Nothing lies near the edge of a window, for hours may pass meanwhile."""
    if number >= RUNS:
        return 100 * DAY_MS + number
    if number < MONTH:
        return HOUR_MS + number * 10 * 60_000
    return 32 * DAY_MS + (number - MONTH) * 12 * 60_000


def status(number: int) -> str:
    if number % 100 == 0:
        return "FAILED"
    return "RUNNING" if number % 1_000 == 7 else "FINISHED"


def run_id(number: int) -> str:
    return f"{number:032x}"


def seed(database: Path, now_ms: int) -> None:
    """Fills the database of a running, empty MLflow."""
    numbers = range(RUNS + OLDER)
    with closing(sqlite3.connect(database, timeout=30)) as connection:

        def insert(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
            marks = ", ".join("?" for _ in columns.split(","))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

        experiment = (1, EXPERIMENT, "mlflow-artifacts:/1", "active", now_ms, now_ms)
        insert(
            "experiments",
            "experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time",
            iter([experiment]),
        )
        insert(
            "runs",
            "run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id, user_id, "
            "source_type, source_name, source_version, entry_point_name",
            (
                (run_id(n), f"run {n}", status(n), now_ms - age_ms(n),
                 None if status(n) == "RUNNING" else now_ms - age_ms(n) + 60_000, "active",
                 f"mlflow-artifacts:/1/{run_id(n)}", 1, "anna", "UNKNOWN", "", "", "")
                for n in numbers
            ),
        )  # fmt: skip
        insert("tags", "key, value, run_uuid", (row for n in numbers for row in _tags(n)))
        insert(
            "params",
            "key, value, run_uuid",
            ((f"p{at}", str(n), run_id(n)) for n in numbers for at in range(10)),
        )
        insert(
            "latest_metrics",
            "key, value, timestamp, step, is_nan, run_uuid",
            (
                (f"metric {at}", 0.5, now_ms, 0, 0, run_id(n))
                for n in numbers
                if n % 10 != 9
                for at in range(10)
            ),
        )
        insert(
            "datasets",
            "dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema",
            iter([("d" * 32, 1, "contracts", "d1", "local", "{}", _SCHEMA)]),
        )
        used = [n for n in numbers if n % 5]
        insert(
            "inputs",
            "input_uuid, source_type, source_id, destination_type, destination_id",
            ((run_id(n), "DATASET", "d" * 32, "RUN", run_id(n)) for n in used),
        )
        insert(
            "input_tags",
            "input_uuid, name, value",
            ((run_id(n), "mlflow.data.context", "training") for n in used),
        )
        connection.commit()


def _tags(number: int) -> list[tuple[str, str, str]]:
    found = {
        "mlflow.user": "anna",
        "mlflow.runName": f"run {number}",
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL" if number % 3 else "NOTEBOOK",
        "team": "churn",
        "note": "x" * 100,
        "host": "node-1",
    }
    if number % 2 == 0:
        found["mlflow.source.git.commit"] = f"{number:040x}"
    return [(name, value, run_id(number)) for name, value in found.items()]
