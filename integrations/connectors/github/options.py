"""What people tell about their GitHub: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common import setup
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

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
CONNECTION_OPTIONS = (
    Option(
        "token",
        "Access token",
        "A fine-grained personal access token with read access to Contents, Metadata, Pull requests, Actions and "
        "Deployments of the team's repositories. Administration (read) also shows classic branch protection.",
        kind=OptionKind.SECRET,
        is_required=True,
    ),
)

SOURCE_OPTIONS = (
    Option(
        "repositories",
        "Repositories and their roles",
        "One a line: owner/name, a space, then app, training or infra, several by comma. Without a role: app,training.",
        kind=OptionKind.ROLES,
        is_required=True,
        choices=tuple(Role),
    ),
    Option(
        "training_workflows",
        "Training workflows",
        "One a line: the file name (train.yml) or the name of a workflow that trains. With owner/name: in front it counts "
        "in that repository only.",
        kind=OptionKind.LIST,
        feeds=TRAINING_SIGNALS,
        is_inner=True,
    ),
    Option(
        "production_environments",
        "Production environments",
        "One a line: the environment's name at GitHub (production). With owner/name: in front it counts there only.",
        kind=OptionKind.LIST,
        feeds=DEPLOY_SIGNALS,
        is_inner=True,
    ),
    Option(
        "preproduction_environments",
        "Pre-production environments",
        "One a line: environments that a commit passes before production (staging).",
        kind=OptionKind.LIST,
        feeds=("deploy.staged_share_90d",),
        is_inner=True,
    ),
    Option(
        "deploy_workflows",
        "Deploy workflows",
        "Only needed where deployments are recorded by a tool that does not link them to a workflow run. One a line.",
        kind=OptionKind.LIST,
        is_inner=True,
    ),
    TEST_STEP_WORDS,
    HOTFIX_MARKS,
    TEST_PATHS,
    PIPELINE_PATHS,
)


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The Setup that a source's answers mean. A line that cannot be used is kept with its problem, never dropped in silence."""
    return setup.read_setup(options, repository=REPOSITORY, problem="write owner/name.")
