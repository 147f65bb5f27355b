"""What people tell about their Jenkins: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common.setup import (
    DEPLOY_SIGNALS,
    HOTFIX_MARK,
    HOTFIX_MARKS,
    TEST_STEP_WORDS,
    TEST_WORDS,
    TRAINING_SIGNALS,
    first_of,
    lines_of,
    words_pattern,
)

CI_SIGNALS = (
    "ci.runs_30d",
    "ci.success_rate_30d",
    "ci.test_steps_share",
    "ci.tests_executed_p50",
)
_NAMES = (
    "One a line: the full name as in the address of its page, folders in front (models/churn/train). A folder stands for "
    "every job in it."
)

CONNECTION_OPTIONS = (
    Option(
        "user",
        "User",
        "The user that the token belongs to. One that may only read (Overall/Read and Job/Read) is enough.",
        is_required=True,
    ),
    Option(
        "token",
        "API token",
        "Made at Jenkins under the user's name, Security, API Token. A password is not needed.",
        kind=OptionKind.SECRET,
        is_required=True,
    ),
)

SOURCE_OPTIONS = (
    Option(
        "ci_jobs",
        "Jobs that build and test",
        f"{_NAMES} A multibranch project stands for its default branch.",
        kind=OptionKind.LIST,
        feeds=(*CI_SIGNALS, "deploy.tested_sha_share_90d"),
    ),
    Option(
        "training_jobs",
        "Training jobs",
        f"{_NAMES} A multibranch project stands for all its branches.",
        kind=OptionKind.LIST,
        feeds=TRAINING_SIGNALS,
    ),
    Option(
        "production_jobs",
        "Jobs that deploy to production",
        f"{_NAMES} Each line is one production environment; every successful build counts as a deployment.",
        kind=OptionKind.LIST,
        feeds=DEPLOY_SIGNALS,
    ),
    Option(
        "preproduction_jobs",
        "Jobs that deploy before production",
        "One a line: jobs that bring a commit to staging.",
        kind=OptionKind.LIST,
        feeds=("deploy.staged_share_90d",),
    ),
    Option(
        "default_branch",
        "Default branch",
        "Only its builds count as CI runs. Empty: the branch that Jenkins marks as the primary one, else main or master.",
        is_inner=True,
    ),
    Option(
        "repository",
        "Repository of the code",
        "Only where builds check out several: a part of the address of the one whose commits go live (acme/churn).",
        is_inner=True,
    ),
    Option(
        "machine_users",
        "Users that are no people",
        "One a line: accounts at Jenkins by which other systems start builds.",
        kind=OptionKind.LIST,
    ),
    TEST_STEP_WORDS,
    HOTFIX_MARKS,
)


@dataclass(frozen=True, slots=True)
class Setup:
    """The answers to SOURCE_OPTIONS, read. Names of jobs are full names, folders parted by a slash."""

    ci: tuple[str, ...]
    training: tuple[str, ...]
    production: tuple[str, ...]
    preproduction: tuple[str, ...]
    branch: str
    repository: str
    machine_users: frozenset[str]
    test_words: str
    test_step: re.Pattern[str]
    hotfix_marks: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no job is named, so that there is nothing to ask."""
        return not (self.ci or self.training or self.production or self.preproduction)


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The Setup that a source's answers mean."""

    def jobs(option: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for line in lines_of(options, option) if (name := job_name(line))))

    words = first_of(options, "test_step_words") or TEST_WORDS
    return Setup(
        ci=jobs("ci_jobs"),
        training=jobs("training_jobs"),
        production=jobs("production_jobs"),
        preproduction=jobs("preproduction_jobs"),
        branch=first_of(options, "default_branch"),
        repository=first_of(options, "repository").lower(),
        machine_users=frozenset(line.lower() for line in lines_of(options, "machine_users")),
        test_words=words,
        test_step=words_pattern(words),
        hotfix_marks=tuple(line.lower() for line in lines_of(options, "hotfix_marks")) or (HOTFIX_MARK,),
    )


def job_name(line: str) -> str:
    """A job's full name out of what people copy: the name itself, or the path of its page (job/models/job/train/)."""
    parts = [part.strip() for part in line.strip().strip("/").split("/") if part.strip()]
    if len(parts) > 1 and len(parts) % 2 == 0 and set(parts[::2]) == {"job"}:
        parts = parts[1::2]
    return "/".join(parts)
