"""GitHub: what a fine-grained token may lack."""

from __future__ import annotations

from tests.integrations.connectors import github_world
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
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import row


def _build(fake: FakeGithub) -> None:
    github_world.build_world(fake)
    fake.answer("user", row("user", login="portal"))
    training = row(
        "user_repository", full_name="octo/training", default_branch="main", permissions={"admin": False}
    )
    fake.answer("user/repos", [training])
    fake.answer("repos/octo/training/environments", {"total_count": 0, "environments": []})


def _grant_no_repository(fake: FakeGithub) -> None:
    """GitHub lists nothing then, and answers 404 for each repository."""
    fake.answers = [one for one in fake.answers if not one.path.startswith("repos/")]
    fake.answer("user/repos", [])


WORLD = World(
    FakeGithub,
    _build,
    github_world.OPTIONS,
    FakeGithub.connector,
    never_known=frozenset({"ci.tests_executed_p50"}),
)
PERMISSIONS = (
    Permission(
        "github",
        "Access to a repository",
        "",
        EVERYTHING,
        joined=COMMIT_JOINS | RUN_JOINS,
        hide=_grant_no_repository,
    ),
    Permission(
        "github",
        "Contents: read",
        r"^repos/[^/]+/[^/]+/(commits|git/|contents/|compare/)",
        EVERYTHING,
        joined=COMMIT_JOINS | RUN_JOINS,
    ),
    Permission("github", "Pull requests: read", r"^repos/[^/]+/[^/]+/pulls", CHANGES),
    Permission(
        "github",
        "Actions: read",
        r"^repos/[^/]+/[^/]+/(actions|environments)",
        RUNS | {"deployment.automatic", "deployment.tests_gate"},
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
)
