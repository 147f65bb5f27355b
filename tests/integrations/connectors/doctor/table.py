"""What the table of the token doctor is made of: worlds in which everything is readable, and rows that take one right away.

`blind` and `half` are written by hand from SIGNALS 2.2; sets that several hosts share stand here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.connectors.base import Connector
from integrations.connectors.http import Http
from tests.integrations.connectors.github_rows import UNTIL


@dataclass(frozen=True)
class World:
    """A system in which every signal of its connector has a value, told by `options`, save those that never have one."""

    fake: Callable[[], Any]
    build: Callable[[Any], None]
    options: Mapping[str, Any]
    connect: Callable[[Any], tuple[Connector, Http]]
    never_known: frozenset[str] = frozenset()
    until: datetime = UNTIL


@dataclass(frozen=True)
class Permission:
    """`paths` answer "not allowed" without it, or `hide` makes the system look as it does then.

    `blind`: criteria that cannot be decided any more; `half`: one side only; `joined`: signals of two systems that it feeds.
    """

    kind: str
    name: str
    paths: str
    blind: frozenset[str]
    half: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()
    hide: Callable[[Any], None] | None = None


COMMIT_JOINS = frozenset({"mlflow.production_git_commit_share", "mlflow.lineage_complete_share"})
RUN_JOINS = frozenset({"mlflow.versions_from_ci_share_90d"})
BY_COMMIT = frozenset(
    {
        "reproducibility.code_versioned",
        "reproducibility.inputs_recorded",
        "lineage.to_run_and_code",
        "lineage.to_data",
    }
)
RELEASES = frozenset(
    {
        "ownership.two_releasers",
        "deployment.recorded",
        "deployment.short_wait",
        "deployment.automatic",
        "deployment.tests_gate",
        "deployment.few_faulty",
        "rollout.tried_before",
        "reliability.way_back_tried",
        "reliability.back_within_day",
        "reliability.back_within_hour",
    }
)
# Training runs and CI runs.
RUNS = frozenset(
    {
        "environment.managed_compute",
        "training.automated",
        "training.registers_result",
        "build.automated",
        "build.main_green",
        "tests.application",
        "tests.all_code",
    }
)
CHANGES = frozenset(
    {
        "collaboration.second_pair_of_eyes",
        "build.automated",
        "deployment.few_faulty",
        "reliability.back_within_day",
        "reliability.back_within_hour",
    }
)
FILES = frozenset(
    {"environment.dependencies_listed", "environment.versions_pinned", "training.workflow_in_code"}
)
# All that a host of code and CI can tell.
EVERYTHING = FILES | CHANGES | RUNS | RELEASES | BY_COMMIT | {"build.main_guarded"}
