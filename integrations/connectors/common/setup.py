"""What people tell about their repositories at any host: options that all forms share, and the answers read into a Setup. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common.globs import Globs, refusal
from integrations.connectors.common.places import Mapped, Named, Role

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


TEST_STEP_WORDS = Option(
    "test_step_words",
    "Words that mark a test step",
    "Whole words in the name of a job or step, parted by |; upper and lower case are the same.",
    default=TEST_WORDS,
    is_inner=True,
)
HOTFIX_MARKS = Option(
    "hotfix_marks",
    "Hotfix marks",
    "One a line: a label or the beginning of a branch name that marks a repair. Reverts count by themselves.",
    kind=OptionKind.LIST,
    default=HOTFIX_MARK,
    is_inner=True,
)
TEST_PATHS = Option(
    "test_paths",
    "Further test files",
    "One pattern a line, beside the usual ones: checks/**, *_spec.py.",
    kind=OptionKind.LIST,
    is_inner=True,
)
PIPELINE_PATHS = Option(
    "pipeline_paths",
    "Further pipeline definitions",
    "One pattern a line, beside the usual ones: jobs/train_*.yaml.",
    kind=OptionKind.LIST,
    is_inner=True,
)


@dataclass(frozen=True, slots=True)
class Setup:
    """The answers to a connector's source options, read. A training workflow is whatever the host calls what trains."""

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


def read_setup(
    options: Mapping[str, Any],
    *,
    repository: re.Pattern[str],
    problem: str,
    training: str = "training_workflows",
) -> Setup:
    """The Setup that a source's answers mean. A line that cannot be used is kept with its problem, never dropped in silence.

    `repository` is what a repository's name looks like at the host, `problem` what to say of another; `training` the option
    that names what trains.
    """
    repositories = tuple(mapped(line, repository, problem) for line in lines_of(options, "repositories"))
    known = {one.full_name.lower() for one in repositories}

    def named(option: str) -> tuple[Named, ...]:
        return tuple(named_in(line, known) for line in lines_of(options, option))

    test_paths, test_notes = usable_globs(lines_of(options, "test_paths"))
    pipeline_paths, pipeline_notes = usable_globs(lines_of(options, "pipeline_paths"))
    return Setup(
        repositories=without_repeats(repositories),
        training_workflows=named(training),
        production=named("production_environments"),
        preproduction=named("preproduction_environments"),
        deploy_workflows=named("deploy_workflows"),
        test_step=words_pattern(first_of(options, "test_step_words") or TEST_WORDS),
        hotfix_marks=tuple(line.lower() for line in lines_of(options, "hotfix_marks")) or (HOTFIX_MARK,),
        test_paths=test_paths,
        pipeline_paths=pipeline_paths,
        notes=(*(one.problem for one in repositories if one.problem), *test_notes, *pipeline_notes),
    )


def words_pattern(words: str) -> re.Pattern[str]:
    """A pattern for whole words. The words are taken literally, so that nobody's pattern can stall the worker.

    A word ends at anything that is not a letter or a digit: `unit_test` holds the word test, `latest` does not.
    """
    parts = [re.escape(word.strip()) for word in words.split("|") if word.strip()]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])" if parts else r"(?!)", re.IGNORECASE)


def lines_of(options: Mapping[str, Any], name: str) -> list[str]:
    """The lines of an answer, empty ones left out."""
    found = options.get(name) or ()
    lines: Sequence[Any] = found.splitlines() if isinstance(found, str) else tuple(found)
    return [str(line).strip() for line in lines if str(line).strip()]


def distinct_lines(options: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The lines of an answer, each once."""
    return tuple(dict.fromkeys(lines_of(options, name)))


def first_of(options: Mapping[str, Any], name: str) -> str:
    """The first line of an answer, empty without one."""
    return next(iter(lines_of(options, name)), "")


def mapped(line: str, repository: re.Pattern[str], problem: str) -> Mapped:
    """The repository and its roles on a line."""
    full_name, _, given = line.partition(" ")
    if not repository.fullmatch(full_name):
        return Mapped(full_name, problem=f"“{full_name[:80]}” is not the name of a repository; {problem}")
    words = [word.strip().lower() for word in given.replace(",", " ").split()]
    unknown = sorted(set(words) - set(Role))
    if unknown:
        return Mapped(
            full_name,
            problem=f"{full_name}: the role “{unknown[0][:40]}” is not one of app, training, infra.",
        )
    return Mapped(full_name, frozenset(Role(word) for word in words) or frozenset({Role.APP, Role.TRAINING}))


def without_repeats(named: Sequence[Mapped]) -> tuple[Mapped, ...]:
    """One entry for each repository: the same name on two lines holds the roles of both."""
    found: dict[str, Mapped] = {}
    for one in named:
        key = one.full_name.lower()
        before = found.get(key)
        found[key] = (
            Mapped(before.full_name, before.roles | one.roles, before.problem or one.problem)
            if before
            else one
        )
    return tuple(found.values())


def named_in(line: str, known: set[str]) -> Named:
    """The name on a line; with one of the `known` repositories and a colon in front it counts in that one only."""
    before, colon, after = line.partition(":")
    if colon and before.strip().lower() in known:
        return Named(after.strip(), before.strip().lower())
    return Named(line)


def usable_globs(lines: Sequence[str]) -> tuple[Globs, tuple[str, ...]]:
    """The patterns that can be used, and why the others are not."""
    problems = {line: refusal(line) for line in lines}
    return Globs(line for line in lines if not problems[line]), tuple(
        problem for problem in problems.values() if problem
    )
