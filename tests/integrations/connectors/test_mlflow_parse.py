"""MLflow's JSON into what signals need: recorded answers field by field, and answers of another shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.common.authorization import authorization
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow import parse
from integrations.connectors.mlflow.options import matches, read_setup
from integrations.connectors.mlflow.parse import Dataset
from integrations.connectors.mlflow.version_signals import moment
from tests.integrations.connectors.mlflow_fake import PAYLOADS, payload
from tests.integrations.connectors.mlflow_world import dataset, pairs, run, version

LABELS = {"recorded", "documented", "made up"}
C1 = "c1" * 20


def test_every_payload_says_where_it_is_from() -> None:
    files = sorted(PAYLOADS.glob("*.json"))
    assert len(files) > 24
    for file in files:
        found = json.loads(file.read_text())
        assert set(found) == {"label", "source", "status", "content_type", "body"}, file.name
        assert found["label"] in LABELS, file.name
        assert len(found["source"]) > 20, file.name


def test_recorded_run() -> None:
    (row,) = parse.rows(payload("runs"), "runs")
    found = parse.run(row)
    assert (found.status, found.commit, found.is_child, found.is_notebook) == ("FINISHED", C1, False, False)
    assert found.metrics == {"auc", "f1"}
    assert (found.has_params, found.is_complete) == (True, True)
    assert found.datasets == (Dataset("d1", "training"),)
    assert found.end_ms is not None
    # 30 minutes
    assert found.end_ms - found.start_ms == 1_800_000
    # runs/get gives the same run below another key
    assert parse.run(parse.required(payload("run"), "run")) == found


def test_recorded_run_with_nan_is_read() -> None:
    """MLflow writes NaN as text and infinity as the largest number; both are metrics."""
    (row,) = parse.rows(payload("runs_nan"), "runs")
    assert parse.run(row).metrics == {"auc", "nan", "inf"}


def test_recorded_empty_answers() -> None:
    assert parse.rows(payload("runs_none"), "runs") == []
    assert parse.rows(payload("versions_none"), "model_versions") == []
    assert parse.trace_count(payload("trace_count_none")) == 0
    assert parse.trace_count(payload("trace_count")) == 6


def test_recorded_experiments() -> None:
    found = parse.experiment(payload("experiment")["experiment"])
    assert (found.id, found.name, found.is_deleted) == ("1", "churn-training", False)
    assert parse.experiment(payload("experiment_deleted")["experiment"]).is_deleted


def test_recorded_registry() -> None:
    found = parse.model(payload("model")["registered_model"])
    assert (found.name, found.is_prompt) == ("churn", False)
    assert found.aliases == {"challenger": "3", "champion": "2", "smoke": "5"}
    versions = [parse.version(row) for row in parse.rows(payload("versions"), "model_versions")]
    assert [one.key for one in parse.newest_first(versions)] == [
        "churn/5", "churn/4", "churn/3", "churn/2", "churn/1",
    ]  # fmt: skip
    three = versions[2]
    assert (three.status, three.stage, three.model_id[:2]) == ("READY", "None", "m-")
    # The search leaves aliases out; only models tell them.
    assert not any("aliases" in row for row in payload("versions")["model_versions"])
    assert payload("version")["model_version"]["aliases"] == ["champion"]


def test_recorded_prompts_are_prompts_and_their_text_is_let_go() -> None:
    found = [parse.model(row) for row in parse.rows(payload("prompts"), "registered_models")]
    assert [(one.name, one.is_prompt, one.experiments) for one in found] == [
        ("churn-greet", True, frozenset("0")),
        ("fraud-greet", True, frozenset("0")),
    ]
    assert "{{name}}" not in repr(found)


def test_recorded_logged_model_tells_metrics_by_run() -> None:
    found = parse.metrics_by_run(parse.required(payload("logged_model"), "model"))
    assert sorted(map(sorted, found)) == [["auc"], ["auc", "f1"]]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"mlflow.source.type": "NOTEBOOK"}, True),
        ({"mlflow.source.type": "NOTEBOOK", "mlflow.source.name": "/Users/x/Train"}, True),
        ({"mlflow.source.type": "LOCAL", "mlflow.source.name": "/x/ipykernel_launcher.py"}, True),
        ({"mlflow.source.type": "LOCAL", "mlflow.source.name": "colab_kernel_launcher.py"}, True),
        ({"mlflow.source.name": "explore.ipynb"}, True),
        ({"mlflow.source.type": "LOCAL", "mlflow.source.name": "explore.ipynb.py"}, False),
        ({"mlflow.source.type": "JOB", "mlflow.source.name": "jobs/1"}, False),
        ({"mlflow.source.type": "notebook"}, False),
        ({}, False),
    ],
)
def test_notebooks_by_the_new_and_the_old_tag(tags: dict[str, str], expected: bool) -> None:
    assert parse.run(run("r", 1, tags=tags)).is_notebook is expected


@pytest.mark.parametrize(
    ("sets", "training", "evaluation"),
    [
        ((dataset("d"),), True, False),
        ((dataset("d", ""),), True, False),
        ((dataset("d", "training"),), True, False),
        ((dataset("d", "Pre-Training"),), True, False),
        ((dataset("", "training"),), False, False),
        ((dataset("d", "eval"),), False, True),
        ((dataset("d", "eval"), dataset("e", "Test")), False, True),
        ((dataset("d", "eval"), dataset("e", "training")), True, False),
        ((dataset("d", "scoring"),), False, False),
        ((), False, False),
    ],
)
def test_context_of_datasets(sets: tuple[Any, ...], training: bool, evaluation: bool) -> None:
    found = parse.run(run("r", 1, sets=sets))
    assert (found.has_training_digest, found.is_evaluation(("stage", "evaluation"))) == (training, evaluation)


def test_evaluation_by_mlflows_mark_and_by_the_agreed_tag() -> None:
    assert parse.run(run("r", 1, tags={"mlflow.runType": "genai_evaluate"})).is_evaluation(("a", "b"))
    assert parse.run(run("r", 1, tags={"a": "b"})).is_evaluation(("a", "b"))
    assert not parse.run(run("r", 1, tags={"a": "c"})).is_evaluation(("a", "b"))


def test_absent_keys_are_empty() -> None:
    bare = parse.run({"info": {"run_uuid": "r"}})
    assert (bare.id, bare.start_ms, bare.end_ms, bare.metrics, bare.datasets) == (
        "r",
        0,
        None,
        frozenset(),
        (),
    )
    assert (bare.is_child, bare.commit, bare.is_complete, bare.has_training_digest) == (
        False,
        "",
        False,
        False,
    )
    assert parse.model({"name": "m"}).aliases == {}
    assert parse.version({"name": "m", "version": 3}).key == "m/3"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (5, 5), ("5", 5), ("-5", -5), (5.0, 5), (True, None), (None, None), ("", None), ("--5", None), ("²", None),
        ("5.5", None), ("9" * 5_000, None), ([], None), ({}, None), ("٣", None),
    ],
)  # fmt: skip
def test_milliseconds(given: Any, expected: int | None) -> None:
    assert parse.number({"at": given}, "at") == expected


def test_moments_stay_within_a_calendar() -> None:
    assert moment(1_000) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert moment(-(10**40)) == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment(10**40).year == 9000


@pytest.mark.parametrize(
    "data",
    [
        {"runs": None, "x": 1},
        {"x": []},
        {"runs": {}},
        {"runs": [None]},
        {"runs": [[]]},
        {"runs": "x"},
        {"message": "x"},
    ],
)
def test_lists_of_another_shape_are_refused(data: Any) -> None:
    with pytest.raises(SourceError) as caught:
        parse.rows(data, "runs")
    assert caught.value.kind is Failure.BAD_PAYLOAD


@pytest.mark.parametrize(
    ("read", "row"),
    [
        (parse.run, {}),
        (parse.run, {"info": {"run_id": None}}),
        (parse.experiment, {"name": "x"}),
        (parse.model, {"tags": []}),
        (parse.version, {"name": "m"}),
        (parse.version, {"version": "1"}),
        (parse.trace_count, {}),
        (parse.trace_count, {"data_points": [{"values": {"COUNT": True}}]}),
        (parse.trace_count, {"data_points": [{"values": {"COUNT": "7"}}]}),
    ],
)
def test_rows_without_identity_are_refused(read: Any, row: Any) -> None:
    with pytest.raises(SourceError) as caught:
        read(row)
    assert caught.value.kind is Failure.BAD_PAYLOAD


def test_names_in_the_mapping() -> None:
    assert matches("churn-a", "churn-*")
    assert matches("churn-a", "churn-?")
    assert matches("churn [old]-1", "churn [old]-*")
    assert not matches("churn o-1", "churn [old]-*")
    assert not matches("Churn-a", "churn-*")
    assert matches("churn [a]", "churn [a]")


def test_setup_reads_lines_and_falls_back_to_what_is_usual() -> None:
    setup = read_setup(
        {"experiments": " a \n\na\nb", "models": ["m", "m"], "evaluation_tag": " kind = eval "}
    )
    assert (setup.experiments, setup.models) == (("a", "b"), ("m",))
    assert (setup.evaluation_tag, setup.has_agreed_tag) == (("kind", "eval"), True)
    assert setup.production_aliases == {"champion", "production", "prod", "live"}
    assert read_setup({}).evaluation_tag == ("stage", "evaluation")
    assert not read_setup({}).has_agreed_tag


def test_credential_becomes_one_header() -> None:
    assert authorization({}) == {}
    assert authorization({"token": " t ", "username": "u"}) == {"Authorization": "Bearer t"}
    assert authorization({"username": "ü", "password": "p"}) == {"Authorization": "Basic w7w6cA=="}


def test_run_names_the_models_that_it_is_about() -> None:
    row = run("r", 1, params={"model_uri": "models:/m/3"}, tags={"about": "models:/m@champion"})
    row["inputs"] = {"model_inputs": [{"model_id": "m-1"}, {"model_id": ""}, None]}
    assert parse.run(row).names == {"models:/m/3", "models:/m@champion", "m-1"}
    assert parse.version(version("m", 3, 1, source="models:/m-1")).model_id == "m-1"
    assert parse.version(version("m", 3, 1, source="s3://x", model_id="m-2")).model_id == "m-2"


def test_first_of_two_commits_wins() -> None:
    both = pairs({"mlflow.databricks.gitRepoCommit": "b", "mlflow.source.git.commit": "a"})
    assert parse.run({"info": {"run_id": "r"}, "data": {"tags": both}}).commit == "a"


# More recordings, where the folder beside the repository is there. They are never copied here.
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "mlflow"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside this repository")
def test_recorded_samples() -> None:
    def sample(name: str) -> Any:
        return json.loads((SAMPLES / f"{name}.json").read_text())

    runs = [parse.run(row) for row in parse.rows(sample("runs_search"), "runs")]
    assert runs[0].is_evaluation(("stage", "evaluation"))
    assert all(len(one.commit) == 40 for one in runs if one.commit)
    (model,) = (
        parse.model(row) for row in parse.rows(sample("registered_models_search"), "registered_models")
    )
    assert model.aliases == {"challenger": "2", "champion": "1"}
    (prompt,) = (
        parse.model(row)
        for row in parse.rows(sample("registered_models_search_prompts"), "registered_models")
    )
    assert (prompt.is_prompt, prompt.experiments) == (True, frozenset("1"))
    versions = [
        parse.version(row) for row in parse.rows(sample("model_versions_search_no_aliases"), "model_versions")
    ]
    assert [(one.key, one.model_id[:2]) for one in versions] == [("churn-clf/2", "m-"), ("churn-clf/1", "m-")]
    assert parse.rows(sample("runs_search_unknown_experiment_200"), "runs") == []
