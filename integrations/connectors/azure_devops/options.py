"""What people tell about their Azure DevOps: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common.places import Role
from integrations.connectors.common.setup import (
    DEPLOY_SIGNALS,
    HOTFIX_MARKS,
    PIPELINE_PATHS,
    TEST_PATHS,
    TEST_STEP_WORDS,
    TRAINING_SIGNALS,
    Setup,
)
from integrations.connectors.common.setup import read_setup as read_common

REPOSITORY = re.compile(r"[^/\s:]{1,64}/[^/\s:]{1,64}")

CONNECTION_OPTIONS = (
    Option(
        "token",
        "Personal access token",
        "A token with the scopes Code (read), Build (read), Environment (read and manage; there is no narrower "
        "one) and Test Management (read). The address ends with the organisation: https://dev.azure.com/acme.",
        kind=OptionKind.SECRET,
        is_required=True,
    ),
)

SOURCE_OPTIONS = (
    Option(
        "repositories",
        "Repositories and their roles",
        "One a line: project/repository, a space, then app, training or infra, several by comma. Without a role: "
        "app,training. Write %20 for a space in a name.",
        kind=OptionKind.ROLES,
        is_required=True,
        choices=tuple(Role),
    ),
    Option(
        "training_pipelines",
        "Training pipelines",
        "One a line: the name or number of a pipeline that trains. With project/repository: in front it counts in that "
        "repository only.",
        kind=OptionKind.LIST,
        feeds=TRAINING_SIGNALS,
        is_inner=True,
    ),
    Option(
        "production_environments",
        "Production environments",
        "One a line: the name or number of an environment under Pipelines. With project/repository: in front it counts "
        "there only. Classic releases are not read.",
        kind=OptionKind.LIST,
        feeds=DEPLOY_SIGNALS,
        is_inner=True,
    ),
    Option(
        "preproduction_environments",
        "Pre-production environments",
        "One a line: environments that a commit passes before production.",
        kind=OptionKind.LIST,
        feeds=("deploy.staged_share_90d",),
        is_inner=True,
    ),
    TEST_STEP_WORDS,
    HOTFIX_MARKS,
    TEST_PATHS,
    PIPELINE_PATHS,
)


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The Setup that a source's answers mean."""
    return read_common(
        options, repository=REPOSITORY, problem="write project/repository.", training="training_pipelines"
    )
