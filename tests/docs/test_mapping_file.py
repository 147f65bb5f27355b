"""The example of docs/mapping-file.md is a file that would be followed."""

from __future__ import annotations

import re
from pathlib import Path

from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.mapping.judging import Target, judge_file

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
