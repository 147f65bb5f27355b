"""Systems of a team on loopback, filled with their worlds; and the two memories that a source may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from integrations.connectors.memory import Forgetful, Memory
from tests.integrations.connectors import azure_devops_world, jenkins_world
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import build_world
from tests.integrations.streams import fresh_memory


@pytest.fixture
def mlflow() -> Iterator[FakeMlflow]:
    with FakeMlflow() as fake:
        build_world(fake)
        yield fake


@pytest.fixture(params=["forgetful", pytest.param("database", marks=pytest.mark.django_db)])
def memory(request: pytest.FixtureRequest) -> Callable[[], Memory]:
    """Makes the memory of a source that was never read: what is collected is the same under both."""
    if request.param == "forgetful":
        return Forgetful
    request.getfixturevalue("db")
    request.getfixturevalue("fake_kinds")
    return fresh_memory


@pytest.fixture
def azure() -> Iterator[FakeAzure]:
    with FakeAzure() as fake:
        azure_devops_world.build_world(fake)
        yield fake


@pytest.fixture
def jenkins() -> Iterator[FakeJenkins]:
    with FakeJenkins() as fake:
        jenkins_world.build_world(fake)
        yield fake
