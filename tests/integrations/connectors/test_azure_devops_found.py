"""What the test of a connection to Azure DevOps lists, and which signals a missing scope blinds."""

from __future__ import annotations

import pytest

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


def test_projects_are_named_by_their_code_where_their_list_is_refused(azure: FakeAzure) -> None:
    """Nothing that is collected needs that list, so a token without it is as good."""
    azure.refuse("_apis/projects")
    connector, http = azure.connector()
    with http:
        found = connector.test()
    assert found.choices["training_pipelines"] == ["ci", "Deploy", "Train"]
    assert (found.missing, found.notes) == ({}, ())


def test_a_token_that_shows_neither_projects_nor_code_is_an_error(azure: FakeAzure) -> None:
    azure.refuse("_apis/projects", "_apis/git/")
    connector, http = azure.connector()
    with http, pytest.raises(SourceError) as caught:
        connector.test()
    assert caught.value.kind is Failure.FORBIDDEN


def test_test_connection_with_a_refused_token(azure: FakeAzure) -> None:
    azure.answer("_apis/connectionData", payload("identity"), status=203)
    connector, http = azure.connector()
    with http, pytest.raises(SourceError) as caught:
        connector.test()
    assert caught.value.kind is Failure.UNAUTHORIZED
