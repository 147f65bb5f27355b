"""Rows of real GitLab answers, where the folder of samples lies beside the repository; nothing of it is in the repository."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.common.places import Place
from integrations.connectors.common.runs import Outcome, StartedBy
from integrations.connectors.gitlab.pipelines import job_data, pipeline_items, run_of, steps_of

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "gitlab"
PLACE = Place(
    "merico-dev/charts", frozenset(), "main", "", "https://gitlab.example.com/x", False, "projects/1"
)

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the repository")


def rows(name: str) -> list[dict[str, Any]]:
    with (SAMPLES / f"{name}.csv").open(encoding="utf-8") as file:
        return [json.loads(line["data"]) for line in csv.DictReader(file)]


def test_real_pipelines_become_runs() -> None:
    found = rows("pipelines")
    items = pipeline_items(found)
    assert [item.key for item in items] == [str(row["id"]) for row in found]
    assert len(items) == len({item.key for item in items})
    runs = [run_of(item, PLACE) for item in items]
    counted = Counter((str(row["source"]), run.outcome) for row, run in zip(found, runs, strict=True))
    # What another tool reported is left out, whatever it says; the others are as their status says.
    assert {outcome for (source, outcome) in counted if source == "external"} <= {Outcome.LEFT_OUT}
    for row, run in zip(found, runs, strict=True):
        if row["source"] != "external":
            assert (run.outcome is Outcome.SUCCESS) is (row["status"] == "success")
            assert (run.outcome is Outcome.FAILED) is (row["status"] == "failed")
        assert (run.started_by is StartedBy.CHANGE) is (row["source"] in ("push", "merge_request_event"))
        assert run.finished_at >= run.created_at


def test_real_jobs_become_steps() -> None:
    (step,) = steps_of(job_data(rows("trigger_jobs")))
    assert (step.name, step.outcome, step.ended_at and step.ended_at.isoformat()) == (
        "deploy",
        Outcome.SUCCESS,
        "2022-08-25T23:00:08.594000+00:00",
    )
