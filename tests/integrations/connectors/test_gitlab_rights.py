"""What a credential does not show: each missing right blinds its own signals, and nothing hidden becomes a zero or a no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.connectors.common.setup import TRAINING_SIGNALS
from integrations.connectors.gitlab.connector import GitlabConnector
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.memory import Memory
from tests.integrations.connectors.gitlab_expected import EXPECTED
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import (
    ago,
    approval_rule,
    change,
    deployment,
    project,
    protected,
)
from tests.integrations.connectors.gitlab_world import APP, OPTIONS, TRAINING, build_world
from tests.integrations.connectors.observed import assert_sound, by_signal

pytestmark = pytest.mark.slow


@pytest.fixture
def gitlab(memory: Callable[[], Memory]) -> Iterator[FakeGitlab]:
    with FakeGitlab() as fake:
        fake.memory = memory
        build_world(fake)
        yield fake


def test_one_hidden_project_makes_counts_lower_bounds_and_shares_unknown(gitlab: FakeGitlab) -> None:
    options = {**OPTIONS, "repositories": [*OPTIONS["repositories"], "team/hidden infra"]}
    collected = gitlab.collect(options)
    assert_sound(collected, GitlabConnector.signals)
    found = by_signal(collected)
    assert (found["repo.code_files"].value, found["repo.code_files"].bound) == (7, "lower")
    assert (found["ci.runs_30d"].value, found["ci.runs_30d"].bound) == (12, "lower")
    assert (found["deploy.count_90d"].value, found["deploy.count_90d"].bound) == (9, "lower")
    shares = {
        found[name].reason
        for name in found
        if "share" in name or name.endswith(("_rate", "_rate_30d", "_ratio"))
    }
    assert shares == {"unauthorized"}
    assert found["repo.has_model_card"].value is True
    assert (found["repo.has_iac"].value, found["repo.has_iac"].reason) == (None, "unauthorized")
    assert any("team/hidden" in note for note in collected.notes)


def test_all_projects_hidden_is_unauthorized_everywhere_and_never_zero() -> None:
    with FakeGitlab() as fake:
        collected = fake.collect(OPTIONS)
    assert_sound(collected, GitlabConnector.signals)
    assert {found.reason for found in collected.observations} == {"unauthorized"}


def test_role_that_may_not_read_code_is_unauthorized_and_no_empty_project(gitlab: FakeGitlab) -> None:
    """To a guest GitLab shows the project, and leaves its default branch out."""
    guest = project(101, "team/app")
    del guest["default_branch"]
    gitlab.answer("projects/team/app", guest)
    collected = gitlab.collect({"repositories": ["team/app"]})
    assert_sound(collected, GitlabConnector.signals)
    assert {
        (found.value, found.reason)
        for found in collected.observations
        if found.signal not in (*TRAINING_SIGNALS, "deploy.staged_share_90d")
    } == {(None, "unauthorized")}
    assert collected.notes == (
        "team/app: GitLab does not show its code to the credential: it needs the role Reporter.",
    )


def test_a_refused_credential_ends_the_collection(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects/team/app", {"message": "401 Unauthorized"}, code=401)
    with pytest.raises(SourceError) as caught:
        gitlab.collect(OPTIONS)
    assert caught.value.kind is Failure.UNAUTHORIZED
    assert len(gitlab.asked) == 1


@pytest.mark.parametrize("page", [1, 2])
def test_the_limit_ends_the_collection_with_the_time_to_come_back(gitlab: FakeGitlab, page: int) -> None:
    many = [change(iid, ago(10)) for iid in range(1_000, 1_150)]
    gitlab.answer(f"{APP}/merge_requests", many, state="merged", target_branch="main")
    asked = {"page": 2} if page == 2 else {}
    gitlab.answer(
        f"{APP}/merge_requests", {"message": "429"}, code=429, headers={"Retry-After": "90"}, **asked
    )
    with pytest.raises(SourceError) as caught:
        gitlab.collect(OPTIONS)
    assert caught.value.kind is Failure.RATE_LIMITED
    assert caught.value.retry_at is not None


def test_a_server_in_trouble_ends_the_collection() -> None:
    with FakeGitlab() as fake:
        for path in ("projects/team/app", "projects/102"):
            fake.answer(path, {"message": "500"}, code=503)
        with pytest.raises(SourceError) as caught:
            fake.collect(OPTIONS)
    assert caught.value.kind is Failure.UNAVAILABLE


CI_SIGNALS = frozenset(name for name in EXPECTED if name.startswith("ci."))
CODE_SIGNALS = frozenset(
    name for name in EXPECTED
    if name.startswith("repo.")
    and name not in ("repo.connected", "repo.merged_changes_90d", "repo.reviewed_change_share_90d", "repo.main_branch_guarded")
)  # fmt: skip

# One right removed: the paths below a project that answer 403 without it, and the signals that go blind by it.
RIGHTS: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "CI/CD": (
        ("pipelines", "jobs"),
        CI_SIGNALS | {"deploy.tested_sha_share_90d", "deploy.automated_share_90d"},
    ),
    "files": (("repository/tree",), CODE_SIGNALS),
    "merge requests": (
        ("merge_requests",),
        frozenset(
            {
                "repo.merged_changes_90d",
                "repo.reviewed_change_share_90d",
                "ci.change_coverage_30d",
                "deploy.change_failure_rate",
                "deploy.rollback_time",
            }
        ),
    ),
    "environments": (
        ("environments",),
        frozenset(name for name in EXPECTED if name.startswith("deploy.")),
    ),
    "deployments": (("deployments",), frozenset(name for name in EXPECTED if name.startswith("deploy."))),
    "protected branches": (("protected_branches",), frozenset({"repo.main_branch_guarded"})),
    "approval rules": (("approval_rules",), frozenset({"repo.main_branch_guarded"})),
    "comparisons": (
        ("repository/compare",),
        frozenset({"deploy.lead_time_p50_h", "deploy.change_failure_rate", "deploy.rollback_time"}),
    ),
}


@pytest.mark.parametrize("right", RIGHTS)
def test_a_missing_right_blinds_its_signals_only(gitlab: FakeGitlab, right: str) -> None:
    paths, blinded = RIGHTS[right]
    for base in (APP, TRAINING):
        for path in paths:
            gitlab.refuse(f"{base}/{path}")
    collected = gitlab.collect(OPTIONS)
    assert_sound(collected, GitlabConnector.signals)
    found = by_signal(collected)
    assert {name for name in found if found[name].reason == "unauthorized"} == blinded
    others = {name: found[name].value for name in found if name not in blinded}
    assert others == {name: pytest.approx(EXPECTED[name][0]) for name in others}


def test_a_403_of_ci_is_told_as_switched_off_or_a_low_role_and_never_as_a_bad_token(
    gitlab: FakeGitlab,
) -> None:
    for base in (APP, TRAINING):
        gitlab.refuse(f"{base}/pipelines")
    detail = by_signal(gitlab.collect(OPTIONS))["ci.runs_30d"].detail
    assert detail == (
        "team/app: CI/CD is switched off for this project, or the role of the token is below Reporter."
    )


@pytest.mark.parametrize("code", [403, 404])
def test_an_edition_that_hides_approvals_leaves_reviews_unknown(gitlab: FakeGitlab, code: int) -> None:
    gitlab.refuse(f"{APP}/merge_requests/1/approvals", code)
    found = by_signal(gitlab.collect(OPTIONS))["repo.reviewed_change_share_90d"]
    assert (found.value, found.reason) == (None, "unauthorized")
    assert "edition" in found.detail


def test_an_edition_without_approvals_of_deployments_is_asked_once(gitlab: FakeGitlab) -> None:
    for id_ in range(901, 912):
        gitlab.answer(f"{APP}/deployments/{id_}", deployment(id_, "x", ago(1)))
    found = by_signal(gitlab.collect(OPTIONS))["deploy.deployers_180d"]
    # ann, bea, carl
    assert (found.value, found.bound) == (3, "exact")
    assert sum(path.startswith(f"{APP}/deployments/") for path in gitlab.paths()) == 1


# --- the branch


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("projects/team/app", project(101, "team/app", only_allow_merge_if_pipeline_succeeds=False)),
        (f"{APP}/protected_branches", []),
        (f"{APP}/protected_branches", [protected("main", {"access_level": 40})]),
        (f"{APP}/protected_branches", [protected("main"), protected("*", {"access_level": 30})]),
        (f"{APP}/protected_branches", [protected("main", {}, {"deploy_key_id": 3})]),
        (f"{APP}/approval_rules", []),
        (f"{APP}/approval_rules", [approval_rule(approvals_required=0)]),
        (f"{APP}/approval_rules", [approval_rule(rule_type="code_owner")]),
        (f"{APP}/approval_rules", [approval_rule(protected_branches=[{"name": "release"}])]),
    ],
)
def test_a_gap_in_the_guard_is_a_no(gitlab: FakeGitlab, path: str, answer: Any) -> None:
    gitlab.answer(path, answer)
    assert by_signal(gitlab.collect(OPTIONS))["repo.main_branch_guarded"].value is False


def test_a_proven_no_stands_where_another_setting_is_hidden(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects/team/app", project(101, "team/app", only_allow_merge_if_pipeline_succeeds=False))
    gitlab.refuse(f"{APP}/protected_branches")
    assert by_signal(gitlab.collect(OPTIONS))["repo.main_branch_guarded"].value is False
