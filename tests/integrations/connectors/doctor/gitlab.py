"""GitLab: what a token, its role or the edition may lack."""

from __future__ import annotations

from tests.integrations.connectors import gitlab_world
from tests.integrations.connectors.doctor.table import (
    CHANGES,
    COMMIT_JOINS,
    EVERYTHING,
    RELEASES,
    RUN_JOINS,
    RUNS,
    Permission,
    World,
)
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import ago, change, deployment, payload, project
from tests.integrations.connectors.gitlab_world import APP

_BELOW = r"^projects/[^/]+(/[^/]+)?/"


def _build(fake: FakeGitlab) -> None:
    # What the test of a connection asks for without a filter; the world's own answers, told later, go before these.
    fake.answer(f"{APP}/deployments", [deployment(911, "I", ago(1))])
    fake.answer(f"{APP}/merge_requests", [change(1, ago(3))])
    gitlab_world.build_world(fake)
    fake.answer("user", payload("user"))
    fake.answer("personal_access_tokens/self", payload("token"))
    fake.answer("projects", [project(101, "team/app"), project(102, "team/training")])


def _leave_all_projects(fake: FakeGitlab) -> None:
    """GitLab lists nothing then, and answers 404 for each private project."""
    fake.answers = [one for one in fake.answers if not one.path.startswith("projects/")]
    fake.answer("projects", [])


WORLD = World(FakeGitlab, _build, gitlab_world.OPTIONS, FakeGitlab.connector)
PERMISSIONS = (
    Permission("gitlab", "Scope: read_api", r"^projects(/|$)", EVERYTHING, joined=COMMIT_JOINS | RUN_JOINS),
    Permission(
        "gitlab",
        "Membership: role Reporter in a project",
        "",
        EVERYTHING,
        joined=COMMIT_JOINS | RUN_JOINS,
        hide=_leave_all_projects,
    ),
    Permission(
        "gitlab",
        "Repository: role Reporter",
        f"{_BELOW}repository/",
        EVERYTHING,
        joined=COMMIT_JOINS | RUN_JOINS,
    ),
    Permission("gitlab", "Merge requests: role Reporter", f"{_BELOW}merge_requests", CHANGES),
    Permission(
        "gitlab",
        "CI/CD: role Reporter, and CI/CD switched on",
        f"{_BELOW}(pipelines|jobs|ci/lint)",
        RUNS | {"deployment.automatic", "deployment.tests_gate"},
        half=frozenset({"ownership.two_releasers"}),
        joined=RUN_JOINS,
    ),
    Permission("gitlab", "Environments: role Reporter", f"{_BELOW}(environments|deployments)", RELEASES),
    Permission(
        "gitlab",
        "Protected branches: role Maintainer",
        f"{_BELOW}protected_branches",
        frozenset({"build.main_guarded"}),
    ),
    Permission(
        "gitlab",
        "Approval rules: GitLab Premium",
        f"{_BELOW}approval_rules",
        frozenset({"build.main_guarded"}),
    ),
    Permission(
        "gitlab",
        "Approvals of merge requests",
        f"{_BELOW}merge_requests/[0-9]+/approvals",
        frozenset({"collaboration.second_pair_of_eyes"}),
    ),
)
