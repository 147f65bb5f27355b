"""End to end over loopback: a team's MLflow as rows, the value worked out by hand for every signal, every reason for none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.connectors.base import Fact
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.memory import Memory
from integrations.connectors.mlflow import ask_runs
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.connectors.mlflow.options import REGISTRY_SIGNALS, RUN_SIGNALS
from tests.integrations.connectors.github_rows import ago, sha
from tests.integrations.connectors.mlflow_fake import FakeMlflow, payload
from tests.integrations.connectors.mlflow_world import (
    OPTIONS,
    experiment,
    found,
    model,
    reasons,
    version,
)
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound

pytestmark = pytest.mark.slow


@pytest.fixture
def mlflow(mlflow: FakeMlflow, memory: Callable[[], Memory]) -> FakeMlflow:
    mlflow.memory = memory
    return mlflow


# Worked out by hand from mlflow_world: (value, reason, bound, numerator, denominator).
EXPECTED: dict[str, tuple[Any, ...]] = {
    # full, genai, new-notebook, old-notebook, job, text-times, evaluated, both, failed; edge began 30 days ago to the millisecond
    "mlflow.runs_30d": (9, "", "exact", None, None),
    # and edge, names-it; the child is none
    "mlflow.runs_90d": (11, "", "exact", None, None),
    # ten finished; full and job have metric, parameter and commit
    "mlflow.runs_complete_share": (2 / 10, "", "exact", 2, 10),
    # full, genai, job, text-times, failed (Databricks), edge; blanks are no commit
    "mlflow.runs_with_git_commit_share": (6 / 11, "", "exact", 6, 11),
    # full, new-notebook (no context), both; old-notebook has no digest, evaluated no training data
    "mlflow.runs_with_dataset_share": (3 / 11, "", "exact", 3, 11),
    "mlflow.runs_from_notebook_share": (2 / 11, "", "exact", 2, 11),
    # genai, evaluated, and the child by the agreed tag
    "mlflow.evaluations_30d": (3, "", "exact", None, None),
    # six recorded, two of them inside genai
    "mlflow.traces_30d": (4, "", "exact", None, None),
    "mlflow.registered_models": (2, "", "exact", None, None),
    # churn 3-6; 7 is not ready, 2 is 90 days old to the millisecond
    "mlflow.versions_90d": (4, "", "exact", None, None),
    # of churn 2-7 and both old: 7 has none, that of 6 is gone; churn 1 is a year old to the millisecond
    "mlflow.versions_with_run_share": (6 / 8, "", "exact", 6, 8),
    # churn 4 and 5 by alias, churn 2 and old 1, 2 by stage
    "mlflow.versions_with_alias": (5, "", "exact", None, None),
    "mlflow.champion_challenger": (True, "", "exact", None, None),
    # churn 4 by alias, so its old stage on 2 says nothing; old 1 by stage, for old has no alias
    "mlflow.production_versions": (2, "", "exact", None, None),
    "mlflow.production_from_notebook_share": (1 / 2, "", "exact", 1, 2),
    "mlflow.production_described_share": (1 / 2, "", "exact", 1, 2),
    # 4 by its run, 3 named by names-it; 5 has loss only, the run of 6 is gone
    "mlflow.versions_evaluated_share_90d": (2 / 4, "", "exact", 2, 4),
    # churn was trained 300, 5, 3 and 1 days ago (5, 4, 3, 2); the run of 6 is gone, both versions of old are of one run
    "mlflow.retrain_interval_365d": (2.0, "", "exact", None, None),
    # churn 4 is 3 days old, old 1 is 300
    "mlflow.live_version_age": (300, "", "exact", None, None),
    # neither is named like a model, both were made in experiment 0
    "mlflow.prompts": (None, "not_configured", "exact", None, None),
}


def test_collect_gives_the_values_worked_out_by_hand(mlflow: FakeMlflow) -> None:
    collected = mlflow.collect(OPTIONS)
    assert_sound(collected, MlflowConnector.signals)
    assert_as_worked_out(collected, EXPECTED)


def test_collect_gives_a_fact_for_each_live_and_recent_version(mlflow: FakeMlflow) -> None:
    facts = {fact.key: fact for fact in mlflow.collect(OPTIONS).facts}
    assert set(facts) == {"churn/3", "churn/4", "churn/5", "churn/6", "old/1"}
    four: Fact = facts["churn/4"]
    assert (four.sha, four.started_at, four.finished_at) == (sha("a"), ago(1), ago(1 - 1 / 24))
    assert (four.is_live, four.has_run, four.has_digest, four.happened_at) == (True, True, True, ago(3))
    assert (four.name, four.number, four.run_id, four.digest) == ("churn", "4", "full", "d")
    assert four.url.endswith("#/models/churn/versions/4")
    experiment = payload("runs")["runs"][0]["info"]["experiment_id"]
    assert four.run_url.endswith(f"#/experiments/{experiment}/runs/full")
    six = facts["churn/6"]
    assert (six.run_id, six.run_url, six.digest) == ("lost", "", "")
    assert (six.sha, six.started_at, six.is_live, six.has_run, six.has_digest) == (
        "",
        None,
        False,
        False,
        False,
    )


def test_nothing_told_asks_nothing(mlflow: FakeMlflow) -> None:
    seen = found(mlflow, **dict.fromkeys(OPTIONS))
    assert reasons(seen, *seen) == {(None, "not_configured")}
    assert mlflow.asked == []


def test_unknown_id_is_not_found_although_the_search_says_200(mlflow: FakeMlflow) -> None:
    mlflow.serve("experiments/get", "experiment_absent", experiment_id="999")
    mlflow.serve("experiments/get-by-name", "experiment_absent", experiment_name="999")
    mlflow.serve("runs/search", "runs_none")
    seen = found(mlflow, experiments=["999"])
    assert reasons(seen, *RUN_SIGNALS) == {(None, "experiment_not_found")}
    assert "runs/search" not in mlflow.paths()


def test_deleted_experiment_is_told_apart_from_an_empty_one(mlflow: FakeMlflow) -> None:
    mlflow.serve("experiments/get-by-name", "experiment_deleted", experiment_name="churn-retired")
    mlflow.serve("runs/search", "runs_none")
    seen = found(mlflow, experiments=["churn-retired"])
    assert reasons(seen, *RUN_SIGNALS) == {(None, "experiment_deleted")}
    seen = found(mlflow)
    assert reasons(seen, "mlflow.runs_30d", "mlflow.runs_90d", "mlflow.evaluations_30d") == {(0, "")}
    assert (seen["mlflow.runs_complete_share"].value, seen["mlflow.runs_complete_share"].reason) == (
        None,
        "insufficient_sample",
    )


def test_no_evaluation_without_an_agreed_tag_proves_nothing(mlflow: FakeMlflow) -> None:
    mlflow.serve("runs/search", "runs_none")
    assert reasons(found(mlflow, evaluation_tag=""), "mlflow.evaluations_30d") == {(None, "not_configured")}


def test_forbidden_experiment_is_unauthorized_not_empty(mlflow: FakeMlflow) -> None:
    """basic-auth: runs/search says 200 {}, only get says 403."""
    mlflow.serve("experiments/get", "forbidden", experiment_id="1")
    mlflow.serve("runs/search", "runs_none")
    seen = found(mlflow, experiments=["1"])
    assert reasons(seen, *RUN_SIGNALS) == {(None, "unauthorized")}
    assert seen["mlflow.registered_models"].value == 2


def test_one_forbidden_experiment_makes_counts_lower_bounds_and_shares_unknown(mlflow: FakeMlflow) -> None:
    mlflow.serve("experiments/get-by-name", "forbidden", experiment_name="churn-eval")
    seen = found(mlflow)
    assert (seen["mlflow.runs_30d"].value, seen["mlflow.runs_30d"].bound) == (9, "lower")
    assert (seen["mlflow.traces_30d"].value, seen["mlflow.traces_30d"].bound) == (4, "lower")
    assert reasons(seen, *(name for name in RUN_SIGNALS if name.endswith("_share"))) == {
        (None, "unauthorized")
    }
    # What was evaluated there is not seen.
    assert reasons(seen, "mlflow.versions_evaluated_share_90d") == {(None, "unauthorized")}


def test_evaluations_are_at_least_those_seen_where_no_experiment_is_named(mlflow: FakeMlflow) -> None:
    one = found(mlflow, experiments=[])["mlflow.versions_evaluated_share_90d"]
    assert (one.numerator, one.denominator, one.bound) == (1, 4, "lower")


def test_forbidden_model_is_unauthorized(mlflow: FakeMlflow) -> None:
    mlflow.serve("registered-models/get", "forbidden", name="churn")
    assert reasons(found(mlflow), *(name for name in REGISTRY_SIGNALS if name != "mlflow.prompts")) == {
        (None, "unauthorized")
    }


def test_unknown_model_is_not_found_although_the_search_says_200(mlflow: FakeMlflow) -> None:
    mlflow.serve("registered-models/get", "model_absent", name="chrun")
    mlflow.serve("model-versions/search", "versions_none")
    seen = found(mlflow, models=["chrun"])
    names = [name for name in REGISTRY_SIGNALS if name != "mlflow.prompts"]
    assert reasons(seen, *names) == {(None, "model_not_found")}


def test_prompt_is_no_registered_model(mlflow: FakeMlflow) -> None:
    prompt = {**model("greet"), "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}
    mlflow.answer("registered-models/get", {"registered_model": prompt}, name="greet")
    assert reasons(found(mlflow, models=["greet"]), "mlflow.registered_models") == {(None, "model_not_found")}


@pytest.mark.parametrize("name", ["registry_disabled", "endpoint_absent"])
def test_models_kept_elsewhere(mlflow: FakeMlflow, name: str) -> None:
    mlflow.serve("registered-models/get", name)
    mlflow.serve("registered-models/search", name)
    assert reasons(found(mlflow), *(n for n in REGISTRY_SIGNALS if n != "mlflow.prompts")) == {
        (None, "registry_elsewhere")
    }


def test_prompts(mlflow: FakeMlflow) -> None:
    assert found(mlflow, prompts=["churn-greet"])["mlflow.prompts"].value == 1
    assert found(mlflow, prompts=["*-greet"])["mlflow.prompts"].value == 2
    assert reasons(found(mlflow, prompts=["gone"]), "mlflow.prompts") == {(None, "model_not_found")}
    half = found(mlflow, prompts=["churn-greet", "gone"])["mlflow.prompts"]
    assert (half.value, half.bound) == (1, "lower")
    # The recorded prompts say that they were made in experiment 0.
    mlflow.answer("experiments/get", {"experiment": experiment("0", "Default")}, experiment_id="0")
    assert found(mlflow, experiments=["0"], models=[])["mlflow.prompts"].value == 2
    mlflow.answer("registered-models/search", {})
    assert reasons(found(mlflow), "mlflow.prompts") == {(0, "")}
    mlflow.serve("registered-models/search", "page_token_garbage")
    assert reasons(found(mlflow), "mlflow.prompts") == {(None, "unsupported")}


def test_server_that_is_too_old_to_count_traces(mlflow: FakeMlflow) -> None:
    mlflow.serve("traces/metrics", "endpoint_absent")
    assert reasons(found(mlflow), "mlflow.traces_30d") == {(None, "unsupported")}


def test_traces_of_runs_that_cannot_be_asked_about_are_unknown(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_runs, "MAX_TRACED_RUNS", 5)
    assert reasons(found(mlflow), "mlflow.traces_30d") == {(None, "unreachable")}
    mlflow.serve("runs/search", "endpoint_absent")
    assert reasons(found(mlflow), "mlflow.traces_30d") == {(None, "unreachable")}
    mlflow.serve("traces/metrics", "trace_count_none")
    assert reasons(found(mlflow), "mlflow.traces_30d") == {(0, "")}


def test_live_version_without_a_run_leaves_its_source_unknown(mlflow: FakeMlflow) -> None:
    mlflow.listing(
        "model-versions/search",
        "model_versions",
        [version("churn", 4, 3, run_id="lost")],
        filter="name='churn'",
    )
    assert reasons(found(mlflow, models=["churn"]), "mlflow.production_from_notebook_share") == {
        (None, "run_not_found")
    }


def test_run_that_cannot_be_read_is_not_a_run_that_is_gone(mlflow: FakeMlflow) -> None:
    mlflow.serve("runs/get", "forbidden", run_id="gone-by")
    seen = found(mlflow)
    assert reasons(seen, "mlflow.versions_with_run_share") == {(None, "unauthorized")}
    assert seen["mlflow.versions_90d"].value == 4


def test_nothing_live_is_a_proven_zero_and_no_share(mlflow: FakeMlflow) -> None:
    mlflow.answer("registered-models/get", {"registered_model": model("churn", {"smoke": "4"})}, name="churn")
    mlflow.listing(
        "model-versions/search",
        "model_versions",
        [version("churn", 4, 3, run_id="full")],
        filter="name='churn'",
    )
    seen = found(mlflow, models=["churn"])
    assert (seen["mlflow.production_versions"].value, seen["mlflow.versions_with_alias"].value) == (0, 1)
    assert seen["mlflow.champion_challenger"].value is False
    assert reasons(seen, "mlflow.production_from_notebook_share", "mlflow.production_described_share") == {
        (None, "insufficient_sample")
    }


def test_champion_and_challenger_on_one_version_is_none(mlflow: FakeMlflow) -> None:
    both = model("churn", {"champion": "4", "challenger": "4"})
    mlflow.answer("registered-models/get", {"registered_model": both}, name="churn")
    assert found(mlflow, models=["churn"])["mlflow.champion_challenger"].value is False


def test_own_aliases_replace_the_usual_ones(mlflow: FakeMlflow) -> None:
    seen = found(mlflow, production_aliases=["shadow"], challenger_aliases=["champion"])
    assert seen["mlflow.production_versions"].value == 2
    assert seen["mlflow.production_described_share"].numerator == 0
    assert seen["mlflow.champion_challenger"].value is True


def test_gate_metrics_of_a_logged_model_come_from_one_run(mlflow: FakeMlflow) -> None:
    mlflow.serve("logged-models/m-5", "logged_model")
    # The recorded model has auc and f1 of one run, and auc of another.
    seen = found(mlflow, gate_metrics=["auc", "f1"])["mlflow.versions_evaluated_share_90d"]
    assert (seen.numerator, seen.denominator) == (2, 4)
    seen = found(mlflow, gate_metrics=["auc", "recall"])["mlflow.versions_evaluated_share_90d"]
    assert (seen.numerator, seen.denominator) == (0, 4)
    mlflow.serve("logged-models/m-5", "forbidden")
    assert reasons(found(mlflow), "mlflow.versions_evaluated_share_90d") == {(None, "unauthorized")}
    assert reasons(found(mlflow, gate_metrics=[]), "mlflow.versions_evaluated_share_90d") == {
        (None, "not_configured")
    }


def test_refused_credential_ends_the_collection(mlflow: FakeMlflow) -> None:
    mlflow.answers.clear()
    mlflow.serve("experiments/get", "unauthenticated")
    with pytest.raises(SourceError) as caught:
        mlflow.collect(OPTIONS)
    assert caught.value.kind is Failure.UNAUTHORIZED
    assert len(mlflow.asked) == 1


def test_unknown_host_name_is_told_with_the_remedy(mlflow: FakeMlflow) -> None:
    mlflow.serve("experiments/get", "invalid_host")
    with pytest.raises(SourceError) as caught:
        mlflow.collect(OPTIONS)
    assert "--allowed-hosts" in caught.value.message


def test_address_that_is_no_mlflow_ends_the_collection(mlflow: FakeMlflow) -> None:
    mlflow.answers.clear()
    with pytest.raises(SourceError) as caught:
        mlflow.collect(OPTIONS)
    assert caught.value.kind is Failure.NOT_FOUND


def test_server_in_trouble_for_runs_only_leaves_the_registry(mlflow: FakeMlflow) -> None:
    mlflow.answer("runs/search", {"error_code": "INTERNAL_ERROR"}, status=500)
    seen = found(mlflow)
    assert reasons(seen, *(name for name in RUN_SIGNALS)) == {(None, "unreachable")}
    assert seen["mlflow.production_versions"].value == 2


def test_trainings_that_cannot_be_read_make_the_interval_unknown(mlflow: FakeMlflow) -> None:
    mlflow.serve("runs/get", "forbidden", run_id="gone-by")
    assert reasons(found(mlflow), "mlflow.retrain_interval_365d") == {(None, "unauthorized")}


def test_two_trainings_are_no_habit(mlflow: FakeMlflow) -> None:
    mlflow.listing(
        "model-versions/search",
        "model_versions",
        [version("churn", 2, 3, run_id="full"), version("churn", 1, 6, run_id="job")],
        filter="name='churn'",
    )
    one = found(mlflow, models=["churn"])["mlflow.retrain_interval_365d"]
    assert (one.value, one.reason, one.sample) == (None, "insufficient_sample", 1)


def test_age_is_unknown_without_a_live_version_and_at_least_so_much_with_a_model_missing(
    mlflow: FakeMlflow,
) -> None:
    assert reasons(
        found(mlflow, models=["churn"], production_aliases=["none"]), "mlflow.live_version_age"
    ) == {(90, "")}
    mlflow.answer(
        "registered-models/get", {"registered_model": model("churn", {"shadow": "5"})}, name="churn"
    )
    mlflow.listing(
        "model-versions/search",
        "model_versions",
        [version("churn", 5, 2, run_id="job")],
        filter="name='churn'",
    )
    assert reasons(found(mlflow, models=["churn"]), "mlflow.live_version_age") == {
        (None, "insufficient_sample")
    }
    mlflow.serve("registered-models/get", "model_absent", name="churn")
    one = found(mlflow)["mlflow.live_version_age"]
    assert (one.value, one.bound) == (300, "lower")
