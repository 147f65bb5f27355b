"""Azure DevOps: what scopes a personal access token may lack."""

from __future__ import annotations

from tests.integrations.connectors import azure_devops_world
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.doctor.table import (
    COMMIT_JOINS,
    EVERYTHING,
    RELEASES,
    RUN_JOINS,
    RUNS,
    Permission,
    World,
)

WORLD = World(FakeAzure, azure_devops_world.build_world, azure_devops_world.OPTIONS, FakeAzure.connector)
PERMISSIONS = (
    Permission("azure_devops", "Code (read)", r"/?_apis/git/", EVERYTHING, joined=COMMIT_JOINS | RUN_JOINS),
    Permission(
        "azure_devops", "Build (read)", r"/_apis/(build|pipelines)/", RUNS | RELEASES, joined=RUN_JOINS
    ),
    Permission("azure_devops", "Environment (read and manage)", r"/_apis/distributedtask/", RELEASES),
    # The number of test cases decides no criterion.
    Permission("azure_devops", "Test Management (read)", r"/_apis/test/", frozenset()),
)
