"""Servers made of recorded exchanges. Each function says what is served as it was recorded and what stands in for what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL, repository
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.services.github_recordings import Recordings

PYGITHUB = "repos/PyGithub/PyGithub"


@dataclass(frozen=True)
class Scenario:
    """What is served, what the source is told, and the end of all windows."""

    serve: Callable[[FakeGithub, Recordings], None]
    options: dict[str, Any]
    until: datetime


def _repository(fake: FakeGithub, recordings: Recordings, file: str, full_name: str) -> str:
    """A repository's own record and its newest commits; gives the name of the newest."""
    fake.answer(f"repos/{full_name}", recordings.body(file, f"/repos/{full_name}"))
    commits = recordings.body("Repository.testGetCommits", "/repos/PyGithub/PyGithub/commits")
    fake.answer(f"repos/{full_name}/commits", commits)
    return str(commits[0]["sha"])


def _tree(fake: FakeGithub, recordings: Recordings) -> None:
    """The tree was recorded under its own name; here it is the tree of the newest recorded commit."""
    head = _repository(fake, recordings, "Repository.setUp", "PyGithub/PyGithub")
    recorded = "/repos/PyGithub/PyGithub/git/trees/f492784d8ca837779650d1fb406a1a3587a764ad?recursive=1"
    fake.answer(
        f"{PYGITHUB}/git/trees/{head}", recordings.body("Repository.testGetGitTreeWithRecursive", recorded)
    )


def _changes(fake: FakeGithub, recordings: Recordings) -> None:
    """Thirty closed pull requests. The repository's own record was not recorded: it is built by hand."""
    base = "repos/openmicroscopy/ome-documentation"
    fake.answer(base, repository("openmicroscopy/ome-documentation", default_branch="develop"))
    fake.answer(
        f"{base}/commits", recordings.body("Repository.testGetCommits", "/repos/PyGithub/PyGithub/commits")
    )
    pulls = recordings.body("Issue131.testGetPullsWithOrgHeadUser", f"/{base}/pulls?state=closed")
    fake.answer(f"{base}/pulls", pulls)


def _one_change(fake: FakeGithub, recordings: Recordings) -> None:
    """One recorded pull request, served as a listing of one, with its recorded reviews."""
    _repository(fake, recordings, "Repository.testGetWorkflows", "PyGithub/PyGithub")
    change = recordings.body(
        "PullRequestReview.testDoesNotModifyPullRequest", "/repos/PyGithub/PyGithub/pulls/538"
    )
    fake.answer(f"{PYGITHUB}/pulls", [change])
    reviews = recordings.body(
        "PullRequestReview.testAttributes", "/repos/PyGithub/PyGithub/pulls/538/reviews"
    )
    fake.answer(f"{PYGITHUB}/pulls/538/reviews", reviews)


def _guarded(fake: FakeGithub, recordings: Recordings) -> None:
    """Classic protection; rulesets did not exist when it was recorded and are 404."""
    full_name = "curvewise-forks/PyGithub"
    _repository(fake, recordings, "BranchProtection.setUp", full_name)
    path = f"/repos/{full_name}/branches/master/protection"
    fake.answer(path.strip("/"), recordings.body("BranchProtection.setUp", path))


def _unguarded(fake: FakeGithub, recordings: Recordings) -> None:
    """Protection that asks for two approvals and for no check. It was recorded on `integrations`, here the default branch."""
    full_name = "jacquev6/PyGithub"
    _repository(fake, recordings, "Branch.setUp", full_name)
    path = f"/repos/{full_name}/branches/integrations/protection"
    fake.answer(
        f"repos/{full_name}/branches/main/protection", recordings.body("Branch.testEditProtection", path)
    )


def _not_protected(fake: FakeGithub, recordings: Recordings) -> None:
    """The recorded 404 of a branch without protection."""
    full_name = "jacquev6/PyGithub"
    _repository(fake, recordings, "Branch.setUp", full_name)
    recorded = recordings.exchange(
        "Branch.testRemoveProtection", f"/repos/{full_name}/branches/integrations/protection"
    )
    fake.answer(f"repos/{full_name}/branches/main/protection", recorded.body, status=recorded.status)


def _runs(fake: FakeGithub, recordings: Recordings) -> None:
    """A renamed repository: the recorded 301, then its runs.

    Workflows and jobs were not recorded for it: those of PyGithub (and of one of its runs) stand in.
    """
    moved = recordings.exchange("PullRequest2408.setUp", "/repos/ReDASers/Phishing-Detection")
    assert moved.status == 301
    fake.answer(
        "repos/ReDASers/Phishing-Detection",
        moved.body,
        status=301,
        headers={"Location": "/repositories/146139403"},
    )
    fake.answer("repositories/146139403", recordings.body("PullRequest2408.setUp", "/repositories/146139403"))
    base = "repos/ReDASers/PhishBench"
    fake.answer(
        f"{base}/commits", recordings.body("Repository.testGetCommits", "/repos/PyGithub/PyGithub/commits")
    )
    flows = recordings.body("Repository.testGetWorkflows", "/repos/PyGithub/PyGithub/actions/workflows")
    fake.answer(f"{base}/actions/workflows", flows)
    listed = recordings.body(
        "PullRequest2408.test_get_workflow_runs", f"/{base}/actions/runs?exclude_pull_requests=1"
    )
    fake.answer(f"{base}/actions/runs", listed, key="workflow_runs")
    jobs = recordings.body("WorkflowRun.test_jobs", "/repos/PyGithub/PyGithub/actions/runs/3881497935/jobs")
    for run in listed["workflow_runs"]:
        fake.answer(f"{base}/actions/runs/{run['id']}/jobs", jobs, key="jobs")


def _training(fake: FakeGithub, recordings: Recordings) -> None:
    """Two recorded workflows, and the runs of the one that the source names as training."""
    _repository(fake, recordings, "Repository.testGetWorkflows", "PyGithub/PyGithub")
    flows = recordings.body("Repository.testGetWorkflows", "/repos/PyGithub/PyGithub/actions/workflows")
    fake.answer(f"{PYGITHUB}/actions/workflows", flows)
    path = f"/{PYGITHUB}/actions/workflows/1026390/runs"
    fake.answer(
        path.strip("/"), recordings.body("Workflow.testGetRunsWithNoArguments", path), key="workflow_runs"
    )


def _schedule(fake: FakeGithub, recordings: Recordings) -> None:
    """A recorded run by schedule in its second attempt, served as the listing of its workflow."""
    full_name = "EnricoMi/PyGithub"
    _repository(fake, recordings, "WorkflowRun.testGetAttempt", full_name)
    flows = recordings.body("Repository.testGetWorkflows", "/repos/PyGithub/PyGithub/actions/workflows")
    fake.answer(f"repos/{full_name}/actions/workflows", flows)
    run = recordings.body("WorkflowRun.testGetAttempt", f"/repos/{full_name}/actions/runs/26365060973")
    listing = {"total_count": 1, "workflow_runs": [run]}
    fake.answer(f"repos/{full_name}/actions/workflows/1026390/runs", listing, key="workflow_runs")


def _deployments(fake: FakeGithub, recordings: Recordings) -> None:
    """Two recorded deployments, one to `test`, and its three recorded statuses, all `queued`."""
    _repository(fake, recordings, "Workflow.setUp", "PyGithub/PyGithub")
    fake.answer(
        f"{PYGITHUB}/deployments",
        recordings.body("Repository.testGetDeployments", f"/{PYGITHUB}/deployments"),
    )
    path = "/repos/jacquev6/PyGithub/deployments/263877258/statuses"
    fake.answer(
        f"{PYGITHUB}/deployments/263877258/statuses",
        recordings.body("DeploymentStatus.testGetStatuses", path),
    )


def _by_hand(fake: FakeGithub, _: Recordings) -> None:
    build_world(fake)


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


_ONE = {"repositories": ["PyGithub/PyGithub"]}

SCENARIOS: dict[str, Scenario] = {
    "tree": Scenario(_tree, _ONE, _at(2012, 6, 1)),
    "changes": Scenario(_changes, {"repositories": ["openmicroscopy/ome-documentation"]}, _at(2013, 2, 10)),
    "one_change": Scenario(_one_change, _ONE, _at(2017, 4, 1)),
    "guarded": Scenario(_guarded, {"repositories": ["curvewise-forks/PyGithub"]}, _at(2023, 2, 1)),
    "unguarded": Scenario(_unguarded, {"repositories": ["jacquev6/PyGithub"]}, _at(2022, 2, 1)),
    "not_protected": Scenario(_not_protected, {"repositories": ["jacquev6/PyGithub"]}, _at(2022, 2, 1)),
    "runs": Scenario(_runs, {"repositories": ["ReDASers/Phishing-Detection"]}, _at(2022, 8, 10)),
    "training": Scenario(_training, {**_ONE, "training_workflows": ["check.yml"]}, _at(2020, 5, 21)),
    "schedule": Scenario(
        _schedule,
        {"repositories": ["EnricoMi/PyGithub"], "training_workflows": ["check.yml"]},
        _at(2026, 6, 1),
    ),
    "deployments": Scenario(_deployments, {**_ONE, "production_environments": ["test"]}, _at(2020, 9, 1)),
    "by_hand": Scenario(_by_hand, OPTIONS, UNTIL),
}
