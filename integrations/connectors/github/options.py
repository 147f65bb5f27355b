"""What people tell about their GitHub: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.github.globs import Globs, refusal

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
# Plurals stand beside the words, since "Run tests" is the commonest name of a test step.
TEST_WORDS = "test|tests|pytest|unittest|unittests|tox|nox|integration|e2e"
HOTFIX_MARK = "hotfix"

TRAINING_SIGNALS = (
    "ci.training_runs_90d",
    "ci.scheduled_training_runs_30d",
    "ci.event_training_runs_90d",
    "ci.training_manual_share_90d",
)
DEPLOY_SIGNALS = (
    "deploy.frequency_30d",
    "deploy.count_90d",
    "deploy.automated_share_90d",
    "deploy.deployers_180d",
    "deploy.lead_time_p50_h",
    "deploy.tested_sha_share_90d",
    "deploy.staged_share_90d",
    "deploy.change_failure_rate",
    "deploy.rollback_time",
    "deploy.rollbacks_180d",
)


class Role(StrEnum):
    """What a repository is for. A line without a role means application and training, the commonest single repository."""

    APP = "app"
    TRAINING = "training"
    INFRA = "infra"


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
    ),
    Option(
        "production_environments",
        "Production environments",
        "One a line: the environment's name at GitHub (production). With owner/name: in front it counts there only.",
        kind=OptionKind.LIST,
        feeds=DEPLOY_SIGNALS,
    ),
    Option(
        "preproduction_environments",
        "Pre-production environments",
        "One a line: environments that a commit passes before production (staging).",
        kind=OptionKind.LIST,
        feeds=("deploy.staged_share_90d",),
    ),
    Option(
        "deploy_workflows",
        "Deploy workflows",
        "Only needed where deployments are recorded by a tool that does not link them to a workflow run. One a line.",
        kind=OptionKind.LIST,
    ),
    Option(
        "test_step_words",
        "Words that mark a test step",
        "Whole words in the name of a job or step, parted by |; upper and lower case are the same.",
        default=TEST_WORDS,
    ),
    Option(
        "hotfix_marks",
        "Hotfix marks",
        "One a line: a label or the beginning of a branch name that marks a repair. Reverts count by themselves.",
        kind=OptionKind.LIST,
        default=HOTFIX_MARK,
    ),
    Option(
        "test_paths",
        "Further test files",
        "One pattern a line, beside the usual ones: checks/**, *_spec.py.",
        kind=OptionKind.LIST,
    ),
    Option(
        "pipeline_paths",
        "Further pipeline definitions",
        "One pattern a line, beside the usual ones: jobs/train_*.yaml.",
        kind=OptionKind.LIST,
    ),
)


@dataclass(frozen=True, slots=True)
class Named:
    """A workflow or an environment by name, in one repository or (empty) in all of the team's."""

    name: str
    repository: str = ""

    def is_in(self, full_name: str) -> bool:
        return self.repository in ("", full_name.lower())


@dataclass(frozen=True, slots=True)
class Mapped:
    """A repository that the team named. `problem` says why the line cannot be used."""

    full_name: str
    roles: frozenset[Role] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """The answers to SOURCE_OPTIONS, read."""

    repositories: tuple[Mapped, ...]
    training_workflows: tuple[Named, ...]
    production: tuple[Named, ...]
    preproduction: tuple[Named, ...]
    deploy_workflows: tuple[Named, ...]
    test_step: re.Pattern[str]
    hotfix_marks: tuple[str, ...]
    test_paths: Globs
    pipeline_paths: Globs
    notes: tuple[str, ...] = ()


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The Setup that a source's answers mean. A line that cannot be used is kept with its problem, never dropped in silence."""
    repositories = tuple(_mapped(line) for line in _lines(options, "repositories"))
    known = {mapped.full_name.lower() for mapped in repositories}

    def named(option: str) -> tuple[Named, ...]:
        return tuple(_named(line, known) for line in _lines(options, option))

    test_paths, test_notes = _globs(_lines(options, "test_paths"))
    pipeline_paths, pipeline_notes = _globs(_lines(options, "pipeline_paths"))
    return Setup(
        repositories=_without_repeats(repositories),
        training_workflows=named("training_workflows"),
        production=named("production_environments"),
        preproduction=named("preproduction_environments"),
        deploy_workflows=named("deploy_workflows"),
        test_step=words_pattern(_first(options, "test_step_words") or TEST_WORDS),
        hotfix_marks=tuple(line.lower() for line in _lines(options, "hotfix_marks")) or (HOTFIX_MARK,),
        test_paths=test_paths,
        pipeline_paths=pipeline_paths,
        notes=(*(mapped.problem for mapped in repositories if mapped.problem), *test_notes, *pipeline_notes),
    )


def words_pattern(words: str) -> re.Pattern[str]:
    """A pattern for whole words. The words are taken literally, so that nobody's pattern can stall the worker.

    A word ends at anything that is not a letter or a digit: `unit_test` holds the word test, `latest` does not.
    """
    parts = [re.escape(word.strip()) for word in words.split("|") if word.strip()]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])" if parts else r"(?!)", re.IGNORECASE)


def _lines(options: Mapping[str, Any], name: str) -> list[str]:
    found = options.get(name) or ()
    lines: Sequence[Any] = found.splitlines() if isinstance(found, str) else tuple(found)
    return [str(line).strip() for line in lines if str(line).strip()]


def _first(options: Mapping[str, Any], name: str) -> str:
    return next(iter(_lines(options, name)), "")


def _mapped(line: str) -> Mapped:
    full_name, _, given = line.partition(" ")
    if not REPOSITORY.fullmatch(full_name):
        return Mapped(
            full_name, problem=f"“{full_name[:80]}” is not the name of a repository; write owner/name."
        )
    words = [word.strip().lower() for word in given.replace(",", " ").split()]
    unknown = sorted(set(words) - set(Role))
    if unknown:
        return Mapped(
            full_name,
            problem=f"{full_name}: the role “{unknown[0][:40]}” is not one of app, training, infra.",
        )
    return Mapped(full_name, frozenset(Role(word) for word in words) or frozenset({Role.APP, Role.TRAINING}))


def _without_repeats(mapped: Sequence[Mapped]) -> tuple[Mapped, ...]:
    """One entry for each repository: the same name on two lines holds the roles of both."""
    found: dict[str, Mapped] = {}
    for one in mapped:
        key = one.full_name.lower()
        before = found.get(key)
        found[key] = (
            Mapped(before.full_name, before.roles | one.roles, before.problem or one.problem)
            if before
            else one
        )
    return tuple(found.values())


def _named(line: str, known: set[str]) -> Named:
    before, colon, after = line.partition(":")
    if colon and before.strip().lower() in known:
        return Named(after.strip(), before.strip().lower())
    return Named(line)


def _globs(lines: Sequence[str]) -> tuple[Globs, tuple[str, ...]]:
    problems = {line: refusal(line) for line in lines}
    return Globs(line for line in lines if not problems[line]), tuple(
        problem for problem in problems.values() if problem
    )
