"""A team's MLflow on loopback, filled with the world of mlflow_world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import build_world


@pytest.fixture
def mlflow() -> Iterator[FakeMlflow]:
    with FakeMlflow() as fake:
        build_world(fake)
        yield fake
