"""What the test of a connection to Azure DevOps lists, and which signals a missing scope blinds."""

from __future__ import annotations

import pytest

from integrations.connectors.common import ci_signals, code_signals
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.http import Failure, SourceError
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.azure_devops_rows import (
    payload,
)

pytestmark = pytest.mark.slow


def test_test_connection_lists_what_there_is(azure: FakeAzure) -> None:
    connector, http = azure.connector()
    with http:
        found = connector.test()
    assert found.identity == "Ann Example"
    assert found.choices == {
        "repositories": ["churn/app", "churn/training"],
        "training_pipelines": ["ci", "Deploy", "Train"],
        "production_environments": ["production", "Staging"],
        "preproduction_environments": ["production", "Staging"],
    }
    assert (found.missing, found.notes) == ({}, ())


@pytest.mark.parametrize(
    ("endings", "scope", "blind"),
    [
        (
            ("/git/",),
            "Code (read)",
            (*code_signals.SIGNALS, "repo.merged_changes_90d", "repo.reviewed_change_share_90d"),
        ),
        (
            ("/build/",),
            "Build (read)",
            (*ci_signals.SIGNALS, "ci.change_coverage_30d", *TRAINING_SIGNALS, *DEPLOY_SIGNALS),
        ),
        (("/distributedtask/",), "Environment (read and manage)", DEPLOY_SIGNALS),
        (("/test/",), "Test Management (read)", ("ci.tests_executed_p50",)),
    ],
)
def test_test_connection_names_the_missing_scope(
    azure: FakeAzure, endings: tuple[str, ...], scope: str, blind: tuple[str, ...]
) -> None:
    azure.refuse(*endings)
    connector, http = azure.connector()
    with http:
        assert connector.test().missing == {scope: blind}


def test_test_connection_with_a_refused_token(azure: FakeAzure) -> None:
    azure.answer("_apis/connectionData", payload("identity"), status=203)
    connector, http = azure.connector()
    with http, pytest.raises(SourceError) as caught:
        connector.test()
    assert caught.value.kind is Failure.UNAUTHORIZED
