"""What "Test connection" sees of an MLflow: version, choices, and what the credential hides."""

from __future__ import annotations

import pytest

from integrations.connectors.base import Found
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, SourceError
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.connectors.mlflow.options import JOINED_SIGNALS, REGISTRY_SIGNALS, RUN_SIGNALS
from tests.integrations.connectors.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.slow


@pytest.fixture
def whole(mlflow: FakeMlflow) -> FakeMlflow:
    """With the recorded lists of a whole server."""
    mlflow.serve("version", "version_text")
    mlflow.serve("experiments/search", "experiments")
    mlflow.serve("registered-models/search", "models")
    return mlflow


def look(fake: FakeMlflow) -> Found:
    with Http(fake.url, policy=EgressPolicy.from_text(fake.url)) as http:
        return MlflowConnector(http).test()


def test_version_and_choices(whole: FakeMlflow) -> None:
    found = look(whole)
    assert found.identity == "MLflow 3.17.2"
    assert found.choices["experiments"] == [
        "Default", "churn [empty]", "churn-evaluation", "churn-training", "fraud",
    ]  # fmt: skip
    assert found.choices["models"] == ["churn", "churn-old", "churn-scores", "fraud"]
    assert found.choices["production_aliases"] == ["challenger", "champion", "prod", "smoke"]
    assert (found.missing, found.notes) == ({}, ())


def test_what_the_credential_may_not_read_names_the_signals_that_stay_unknown(whole: FakeMlflow) -> None:
    whole.serve("experiments/search", "forbidden")
    whole.serve("registered-models/search", "registry_disabled")
    found = look(whole)
    assert found.missing == {
        "Experiments: READ": (
            *RUN_SIGNALS,
            "mlflow.retrain_interval_365d",
            "mlflow.versions_with_run_share",
            "mlflow.production_from_notebook_share",
            "mlflow.versions_evaluated_share_90d",
            *JOINED_SIGNALS,
        ),
        "Registered models: READ": (*REGISTRY_SIGNALS, *JOINED_SIGNALS),
    }
    assert len(found.notes) == 2


def test_old_server_and_empty_lists_are_told(whole: FakeMlflow) -> None:
    whole.serve("traces/metrics", "endpoint_absent")
    whole.answer("registered-models/search", {})
    assert look(whole).notes == (
        "No registered model is visible.",
        "This server is too old to count traces; mlflow.traces_30d stays unknown.",
    )
    whole.answer("experiments/search", {})
    assert look(whole).notes[0] == (
        "No experiment is visible. MLflow hides what a user may not read, without a word."
    )


@pytest.mark.parametrize("name", ["endpoint_absent", "forbidden"])
def test_server_that_keeps_its_version_to_itself(whole: FakeMlflow, name: str) -> None:
    whole.serve("version", name)
    assert look(whole).identity == "MLflow (the server does not tell its version)"


@pytest.mark.parametrize(
    ("name", "kind"), [("unauthenticated", Failure.UNAUTHORIZED), ("sign_in_page", Failure.BAD_PAYLOAD)]
)
def test_address_or_credential_that_is_wrong_is_a_failure(
    mlflow: FakeMlflow, name: str, kind: Failure
) -> None:
    for path in ("version", "experiments/search", "registered-models/search"):
        mlflow.serve(path, name)
    with pytest.raises(SourceError) as caught:
        look(mlflow)
    assert caught.value.kind is kind
