"""The form of a connection speaks of the system that it is for. No database."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from integrations.connectors.registry import load
from integrations.forms.connection import ConnectionForm

# The system's own example beside those that all share.
OWN = {
    "azure_devops": ["https://dev.azure.com/acme", "https://azure.example.org/DefaultCollection"],
    "github": ["https://github.example.org/api/v3"],
    "gitlab": ["https://gitlab.example.org"],
    "jenkins": ["https://jenkins.example.org", "https://ci.example.org/jenkins"],
    "mlflow": ["https://mlflow.example.org", "http://localhost:5000"],
    "prometheus": ["https://prometheus.example.org", "http://localhost:9090"],
}


def test_every_built_in_kind_is_here() -> None:
    assert set(OWN) == set(settings.PORTAL_CONNECTORS)


@pytest.mark.parametrize("kind", list(OWN))
def test_the_address_is_explained_with_an_example_of_that_system(kind: str) -> None:
    connector = load(kind, settings.PORTAL_CONNECTORS)
    fields = ConnectionForm(kind=connector).fields
    address, name = str(fields["base_url"].help_text), str(fields["name"].help_text)

    assert re.findall(r"https?://[^\s,]*[^\s,.]", address) == OWN[kind]
    assert name == f"What people call this system, such as: {connector.label} of the lab."
