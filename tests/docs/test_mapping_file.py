"""The example of docs/mapping-file.md is a file that would be followed."""

from __future__ import annotations

import re
from pathlib import Path

from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.mapping.judging import Target, judge_file
from integrations.queries.kinds import connector_classes

ROOT = Path(__file__).parents[2]


def test_the_example_sets_what_it_says() -> None:
    text = (ROOT / "docs" / "mapping-file.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    targets = (
        Target(1, "GitHub", GithubConnector, {"repositories": ["octo/churn"]}),
        Target(2, "MLflow", MlflowConnector, {"experiments": ["churn-*"]}),
    )

    judged = judge_file(example.encode(), "churn", targets)

    assert judged.faults == []
    assert judged.answers == {
        1: {"training_workflows": ["train.yml"], "production_environments": ["production"]},
        2: {"experiments": ["churn-training"], "gate_metrics": ["auc"]},
    }


def test_systems_that_a_file_is_read_from_are_those_that_are_named() -> None:
    text = " ".join((ROOT / "docs" / "mapping-file.md").read_text(encoding="utf-8").split())
    (read_from, no_files) = re.findall(r"The file is read from ([^.]*)\. ([^.]*) keep no files", text)[0]

    named = [sorted(part.replace(" and ", ", ").split(", ")) for part in (read_from, no_files)]
    keeps = {kind.label: kind.gives_files() for kind in connector_classes()}
    assert named == [sorted(name for name in keeps if keeps[name] is wanted) for wanted in (True, False)]
