"""Each permission taken away in turn: the test of the connection names exactly what a collection can then no longer tell.

A kind of system joins with one row for each of its permissions in PERMISSIONS and one World in WORLDS. The signals are proven
by collecting with and without the permission; the criteria are written by hand from SIGNALS 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from assessments.catalog.schema import MaturityModelFile
from assessments.catalog.shipped import shipped_model
from assessments.queries.blinding import blinded_by
from integrations.connectors.base import Collected, Connector, Found, Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Http
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.services.joins import JOINED
from integrations.services.retraining import TO_LIVE
from tests.integrations.connectors import github_world, mlflow_world
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL, row
from tests.integrations.connectors.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class World:
    """A system in which every signal of its connector has a value, told by `options`, save those that never have one."""

    fake: Callable[[], Any]
    build: Callable[[Any], None]
    options: Mapping[str, Any]
    connect: Callable[[Any], tuple[Connector, Http]]
    never_known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Permission:
    """`paths` answer "not allowed" without it. `blind`: criteria that cannot be decided any more; `half`: one side only."""

    kind: str
    name: str
    paths: str
    blind: frozenset[str]
    half: frozenset[str] = frozenset()
    joined: frozenset[str] = frozenset()


def _github(fake: FakeGithub) -> None:
    github_world.build_world(fake)
    fake.answer("user", row("user", login="portal"))
    training = row(
        "user_repository", full_name="octo/training", default_branch="main", permissions={"admin": False}
    )
    fake.answer("user/repos", [training])
    fake.answer("repos/octo/training/environments", {"total_count": 0, "environments": []})


def _mlflow(fake: FakeMlflow) -> None:
    mlflow_world.build_world(fake)
    fake.serve("version", "version_text")
    fake.serve("experiments/search", "experiments")
    # Prompts are asked for by a filter of their own; the test of a connection lists models.
    fake.serve("registered-models/search", "models")
    fake.serve("registered-models/search", "prompts", filter="tags.`mlflow.prompt.is_prompt` = 'true'")


def _connect_mlflow(fake: FakeMlflow) -> tuple[Connector, Http]:
    http = Http(fake.url, policy=EgressPolicy.from_text(fake.url))
    return MlflowConnector(http), http


WORLDS = {
    "github": World(
        FakeGithub,
        _github,
        github_world.OPTIONS,
        FakeGithub.connector,
        never_known=frozenset({"ci.tests_executed_p50"}),
    ),
    "mlflow": World(FakeMlflow, _mlflow, {**mlflow_world.OPTIONS, "prompts": ["*"]}, _connect_mlflow),
}

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
PERMISSIONS = (
    Permission(
        "github",
        "Contents: read",
        r"^repos/[^/]+/[^/]+/(commits|git/|contents/|compare/)",
        frozenset(
            {
                "collaboration.second_pair_of_eyes",
                "environment.dependencies_listed",
                "environment.versions_pinned",
                "environment.managed_compute",
                "training.automated",
                "training.workflow_in_code",
                "training.registers_result",
                "build.automated",
                "build.main_green",
                "build.main_guarded",
                "tests.application",
                "tests.all_code",
                *RELEASES,
                *BY_COMMIT,
            }
        ),
        joined=COMMIT_JOINS | RUN_JOINS,
    ),
    Permission(
        "github",
        "Pull requests: read",
        r"^repos/[^/]+/[^/]+/pulls",
        frozenset(
            {
                "collaboration.second_pair_of_eyes",
                "build.automated",
                "deployment.few_faulty",
                "reliability.back_within_day",
                "reliability.back_within_hour",
            }
        ),
    ),
    Permission(
        "github",
        "Actions: read",
        r"^repos/[^/]+/[^/]+/(actions|environments)",
        frozenset(
            {
                "environment.managed_compute",
                "training.automated",
                "training.registers_result",
                "build.automated",
                "build.main_green",
                "deployment.automatic",
                "deployment.tests_gate",
                "tests.application",
                "tests.all_code",
            }
        ),
        half=frozenset({"ownership.two_releasers"}),
        joined=RUN_JOINS,
    ),
    Permission("github", "Deployments: read", r"^repos/[^/]+/[^/]+/deployments", RELEASES),
    Permission(
        "github",
        "Administration: read (only where no ruleset guards the branch)",
        r"/protection$",
        frozenset({"build.main_guarded"}),
    ),
    Permission(
        "mlflow",
        "Experiments: READ",
        r"^(experiments|runs|traces|logged-models)/",
        frozenset(
            {
                "data.snapshot_named",
                "environment.recorded_per_run",
                "tracking.results_written",
                "tracking.central",
                "tracking.comparable",
                "tracking.used_at_release",
                "training.one_command",
                "training.registers_result",
                "evaluation.scripted",
                "evaluation.in_every_training",
                "registry.in_use",
                "genai.calls_traced",
                "genai.fixed_cases",
                *BY_COMMIT,
            }
        ),
        joined=COMMIT_JOINS | RUN_JOINS | {TO_LIVE},
    ),
    Permission(
        "mlflow",
        "Registered models: READ",
        r"^(registered-models|model-versions)/",
        frozenset(
            {
                "tracking.central",
                "tracking.used_at_release",
                "training.one_command",
                "training.registers_result",
                "evaluation.in_every_training",
                "registry.stored_centrally",
                "registry.in_use",
                "registry.live_marked",
                "registry.versions_described",
                "genai.prompts_versioned",
                *BY_COMMIT,
            }
        ),
        joined=COMMIT_JOINS | RUN_JOINS | {TO_LIVE},
    ),
)


@pytest.fixture(scope="module")
def model() -> MaturityModelFile:
    return shipped_model()


@contextmanager
def system(kind: str) -> Iterator[Any]:
    with WORLDS[kind].fake() as fake:
        WORLDS[kind].build(fake)
        yield fake


def look(kind: str, fake: Any) -> Found:
    connector, http = WORLDS[kind].connect(fake)
    with http:
        return connector.test()


def collected(kind: str, fake: Any) -> Collected:
    connector, http = WORLDS[kind].connect(fake)
    with http:
        return connector.collect(Question(until=UNTIL, options=WORLDS[kind].options))


def known(found: Collected) -> set[str]:
    return {one.signal for one in found.observations if one.value is not None}


@pytest.mark.parametrize("kind", list(WORLDS))
def test_a_credential_that_may_read_everything_misses_nothing(kind: str) -> None:
    world = WORLDS[kind]
    with system(kind) as fake:
        connector, http = world.connect(fake)
        http.close()
        assert look(kind, fake).missing == {}
        assert known(collected(kind, fake)) == connector.signals - world.never_known


@pytest.mark.parametrize("permission", PERMISSIONS, ids=lambda one: f"{one.kind}-{one.name.split(':')[0]}")
def test_each_permission_that_is_missing_names_exactly_what_it_blinds(
    permission: Permission, model: MaturityModelFile
) -> None:
    with system(permission.kind) as fake:
        before = known(collected(permission.kind, fake))
        fake.denied = re.compile(permission.paths)
        missing = look(permission.kind, fake).missing
        lost = before - known(collected(permission.kind, fake))

    assert list(missing) == [permission.name]
    signals = set(missing[permission.name])
    assert len(missing[permission.name]) == len(signals)
    # What was lost by reading; joined signals are made later, of facts that are then not there.
    made_later = JOINED | {TO_LIVE}
    assert signals - made_later == lost
    assert signals & made_later == permission.joined
    blinded = blinded_by(model, signals)
    assert {one.id for one in blinded if not one.still} == permission.blind
    assert {one.id for one in blinded if one.still} == permission.half


def test_every_permission_that_a_connector_probes_has_a_row() -> None:
    rows = {kind: {one.name for one in PERMISSIONS if one.kind == kind} for kind in WORLDS}
    probed = {}
    for kind in WORLDS:
        with system(kind) as fake:
            fake.denied = re.compile(
                r"^repos/[^/]+/[^/]+/|^(experiments|runs|traces|logged-models|registered-models|model-versions)/"
            )
            probed[kind] = set(look(kind, fake).missing)
    assert probed == rows
