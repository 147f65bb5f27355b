"""A connection to GitHub and one to GitLab, each with a webhook and due in an hour."""

from __future__ import annotations

import pytest

from tests.integrations.hooked import KINDS, make_hooked, rest


@pytest.fixture(autouse=True)
def kinds(settings, fake_kinds):
    settings.PORTAL_CONNECTORS = KINDS


@pytest.fixture
def github():
    made = make_hooked("github")
    rest(made)
    return made


@pytest.fixture
def gitlab():
    made = make_hooked("gitlab")
    rest(made)
    return made
