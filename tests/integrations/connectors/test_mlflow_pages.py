"""Asking MLflow over loopback: small pages, caps that never pass for the whole, lists that do not end or do not advance."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.connectors.mlflow import ask_models, ask_runs
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import (
    CHURN,
    OPTIONS,
    RUNS,
    ago_ms,
    experiment,
    found,
    model,
    reasons,
    run,
)

pytestmark = pytest.mark.slow


def test_pages_are_small_bounded_and_pinned(mlflow: FakeMlflow) -> None:
    mlflow.collect({**OPTIONS, "experiments": ["churn-*"], "models": ["churn*"]})
    sizes = {a.path: int(a.question["max_results"]) for a in mlflow.asked if "max_results" in a.question}
    assert sizes == {
        "experiments/search": 500,
        "registered-models/search": 200,
    }
    mlflow.asked.clear()
    mlflow.collect(OPTIONS)
    (search,) = [a.question for a in mlflow.asked if a.path == "runs/search"]
    assert search == {
        "experiment_ids": ["1", "2"],
        "filter": f"attributes.start_time > {ago_ms(90)} AND attributes.start_time <= {ago_ms(0)}",
        "run_view_type": "ACTIVE_ONLY",
        "order_by": ["attributes.start_time DESC"],
        "max_results": 200,
    }
    # No run that the listing gave is asked for again.
    assert [a.question["run_id"] for a in mlflow.asked if a.path == "runs/get"] == ["lost", "gone-by"]


def test_more_runs_than_are_read_are_a_lower_bound_and_the_month_may_still_be_whole(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_runs, "PAGE", 4)
    monkeypatch.setattr(ask_runs, "MAX_RUNS", 12)
    seen = found(mlflow)
    assert (seen["mlflow.runs_30d"].value, seen["mlflow.runs_30d"].bound) == (9, "exact")
    assert (seen["mlflow.runs_90d"].value, seen["mlflow.runs_90d"].bound) == (11, "lower")
    # The vocabulary has no "truncated" for runs; the words say it.
    share = seen["mlflow.runs_with_dataset_share"]
    assert (share.reason, share.detail) == ("unreachable", "MLflow holds more than one collection reads.")
    monkeypatch.setattr(ask_runs, "MAX_RUNS", 4)
    seen = found(mlflow)
    assert (seen["mlflow.runs_30d"].value, seen["mlflow.runs_30d"].bound) == (3, "lower")


def test_experiments_beyond_the_cap_make_the_month_a_lower_bound(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second question is never asked: its runs may be of yesterday."""
    monkeypatch.setattr(ask_runs, "IDS_AT_ONCE", 1)
    monkeypatch.setattr(ask_runs, "MAX_RUNS", 5)
    seen = found(mlflow)
    assert (seen["mlflow.runs_30d"].value, seen["mlflow.runs_30d"].bound) == (9, "lower")


def test_run_on_two_pages_counts_once(mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that begins between two questions pushes others over the edge of a page."""
    monkeypatch.setattr(ask_runs, "PAGE", 5)
    mlflow.listing("runs/search", "runs", [*RUNS[:5], *RUNS[3:]])
    assert found(mlflow)["mlflow.runs_90d"].value == 11


@pytest.mark.parametrize(
    ("path", "key", "signal"),
    [
        ("runs/search", "runs", "mlflow.runs_30d"),
        ("model-versions/search", "model_versions", "mlflow.versions_90d"),
        ("registered-models/search", "registered_models", "mlflow.prompts"),
        ("experiments/search", "experiments", "mlflow.runs_90d"),
    ],
)
@pytest.mark.parametrize("tokens", [["a", "a", "a"], ["a", "b", "a"]])
def test_list_that_does_not_advance_is_unread(
    mlflow: FakeMlflow, path: str, key: str, signal: str, tokens: list[str]
) -> None:
    rows = {"runs": RUNS[:1], "model_versions": CHURN[1:2], "registered_models": [model("churn")],
            "experiments": [experiment("1", "churn-train")]}[key]  # fmt: skip
    for asked, following in zip(["", *tokens], [*tokens, tokens[1]], strict=True):
        having: dict[str, Any] = {"page_token": asked} if asked else {}
        mlflow.answer(path, {key: rows, "next_page_token": following}, **having)
    options = {"experiments": ["churn-*"]} if key == "experiments" else {}
    assert reasons(found(mlflow, **options), signal) == {(None, "unreachable")}
    assert len(mlflow.asked) < 60


def test_endless_empty_pages_end(mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is empty and names another: the number of pages is what ends it, and zero is not proven."""
    monkeypatch.setattr(ask_runs, "MAX_RUN_PAGES", 20)
    mlflow.answer("runs/search", {"next_page_token": "1"})
    for number in range(1, 40):
        mlflow.answer("runs/search", {"next_page_token": str(number + 1)}, page_token=str(number))
    assert reasons(found(mlflow), "mlflow.runs_30d", "mlflow.runs_90d") == {(None, "unreachable")}
    assert mlflow.paths().count("runs/search") == 20


def test_cut_version_list_still_knows_the_live_one(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_models, "PAGE", 2)
    monkeypatch.setattr(ask_models, "MAX_VERSION_PAGES", 1)
    mlflow.answer("model-versions/get", {"model_version": CHURN[3]}, name="churn", version="4")
    mlflow.answer("model-versions/get", {"model_version": CHURN[2]}, name="churn", version="5")
    seen = found(mlflow, models=["churn"])
    # 7 and 6 were listed, 4 and 5 asked for: the window is not covered although both lie in it.
    assert (seen["mlflow.versions_90d"].value, seen["mlflow.versions_90d"].bound) == (3, "lower")
    assert (seen["mlflow.production_versions"].value, seen["mlflow.production_versions"].bound) == (
        1,
        "lower",
    )
    assert (seen["mlflow.registered_models"].value, seen["mlflow.registered_models"].bound) == (1, "exact")
    assert seen["mlflow.champion_challenger"].value is True
    assert reasons(seen, "mlflow.versions_with_run_share") == {(None, "unreachable")}


def test_models_beyond_the_cap_make_every_count_a_lower_bound(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_models, "MAX_MODELS", 1)
    seen = found(mlflow)
    counts = (
        "mlflow.registered_models",
        "mlflow.versions_90d",
        "mlflow.versions_with_alias",
        "mlflow.production_versions",
    )
    assert {seen[name].bound for name in counts} == {"lower"}
    assert reasons(seen, "mlflow.production_described_share") == {(None, "unreachable")}


def test_listing_of_models_that_is_cut_never_passes_for_whole(
    mlflow: FakeMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_models, "PAGE", 1)
    monkeypatch.setattr(ask_models, "MAX_MODEL_PAGES", 1)
    mlflow.listing("registered-models/search", "registered_models", [model("churn"), model("churn-2")])
    seen = found(mlflow, models=["churn*"])
    assert (seen["mlflow.registered_models"].value, seen["mlflow.registered_models"].bound) == (1, "lower")


def test_big_runs_are_read_in_smaller_company(mlflow: FakeMlflow) -> None:
    huge = b'{"runs": [' + b" " * (17 * 2**20) + b"]}"
    mlflow.answer("runs/search", huge, max_results=200)
    assert found(mlflow)["mlflow.runs_90d"].value == 11
    sizes = [a.question["max_results"] for a in mlflow.asked if a.path == "runs/search"]
    assert sizes == [200, 40]


def test_runs_outside_the_window_do_not_count_whatever_the_filter_did(mlflow: FakeMlflow) -> None:
    late = [run("tomorrow", -1), run("negative", 1, start_time=-5), run("far", 1, start_time=10**18), *RUNS]
    mlflow.listing("runs/search", "runs", late)
    assert found(mlflow)["mlflow.runs_90d"].value == 11
