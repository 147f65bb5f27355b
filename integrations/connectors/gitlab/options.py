"""What people tell about their GitLab: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common import setup
from integrations.connectors.common.places import Role
from integrations.connectors.common.setup import (
    HOTFIX_MARKS,
    PIPELINE_PATHS,
    TEST_PATHS,
    TEST_STEP_WORDS,
    TRAINING_SIGNALS,
    Setup,
)

# A number, or a path of at least one group and the project. No part begins with a dot, so that none leads elsewhere.
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"
PROJECT = re.compile(rf"[0-9]{{1,18}}|{_PART}(?:/{_PART}){{1,20}}")

CONNECTION_OPTIONS = (
    Option(
        "token",
        "Access token",
        "A project, group or personal access token with the scope read_api and the role Reporter. The role Maintainer also "
        "shows how the default branch is protected.",
        kind=OptionKind.SECRET,
        is_required=True,
    ),
)

SOURCE_OPTIONS = (
    Option(
        "repositories",
        "Projects and their roles",
        "One a line: group/project or the project's number, a space, then app, training or infra, several by comma. Without a "
        "role: app,training.",
        kind=OptionKind.ROLES,
        is_required=True,
        choices=tuple(Role),
    ),
    Option(
        "training_jobs",
        "Training jobs",
        "One a line: the name of a job that trains (train), or of a pipeline (workflow:name). With group/project: in front it "
        "counts in that project only.",
        kind=OptionKind.LIST,
        feeds=TRAINING_SIGNALS,
        is_inner=True,
    ),
    Option(
        "production_environments",
        "Production environments",
        "One a line: the environment's name at GitLab. With group/project: in front it counts there only. Left empty: all "
        "environments of the tier production.",
        kind=OptionKind.LIST,
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
    TEST_STEP_WORDS,
    HOTFIX_MARKS,
    TEST_PATHS,
    PIPELINE_PATHS,
)


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The Setup that a source's answers mean. A line that cannot be used is kept with its problem, never dropped in silence."""
    return setup.read_setup(
        options, repository=PROJECT, problem="write group/project or its number.", training="training_jobs"
    )
