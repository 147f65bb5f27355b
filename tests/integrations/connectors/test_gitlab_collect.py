"""End to end over loopback: a team's GitLab as rows, and the value worked out by hand for every signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.connectors.base import FactKind
from integrations.connectors.gitlab.connector import JOINED, GitlabConnector
from integrations.connectors.memory import Forgetful, Memory
from tests.integrations.connectors.gitlab_expected import EXPECTED
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import (
    BOT,
    ago,
    change,
    content,
    deployment,
    environment,
    payload,
    pipeline,
    project,
    row,
    sha,
    tree,
)
from tests.integrations.connectors.gitlab_world import APP, OPTIONS, TRAINING, build_world
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound, by_signal
from tests.integrations.connectors.shipped import named_by

pytestmark = pytest.mark.slow


@pytest.fixture
def gitlab(memory: Callable[[], Memory]) -> Iterator[FakeGitlab]:
    with FakeGitlab() as fake:
        fake.memory = memory
        build_world(fake)
        yield fake


def test_collect_gives_the_values_worked_out_by_hand(gitlab: FakeGitlab) -> None:
    collected = gitlab.collect(OPTIONS)
    assert_sound(collected, GitlabConnector.signals)
    assert_as_worked_out(collected, EXPECTED)
    assert collected.notes == ()


def test_signals_are_those_of_the_catalogue_that_name_gitlab() -> None:
    named = named_by("gitlab")
    assert GitlabConnector.signals | JOINED == named
    assert set(EXPECTED) == GitlabConnector.signals


def test_collect_gives_a_fact_for_each_training_run(gitlab: FakeGitlab) -> None:
    facts = {fact.key: fact for fact in gitlab.collect(OPTIONS).facts if fact.kind is FactKind.TRAINING_RUN}
    assert set(facts) == {*(str(id_) for id_ in range(301, 311)), "314"}
    manual = facts["303"]
    assert (manual.sha, manual.started_at, manual.finished_at, manual.url) == (
        sha("t303"),
        ago(20, minutes=-1),
        ago(20, hours=-2),
        "https://gitlab.example.com/team/training/-/pipelines/303",
    )


def test_collect_finds_wanted_commits_and_leaves_out_the_others(gitlab: FakeGitlab) -> None:
    commit = {**payload("commit"), "id": sha("live")}
    gitlab.answer(f"{TRAINING}/repository/commits/{sha('live')}", commit)
    collected = gitlab.collect(OPTIONS, wanted=(sha("live"), sha("gone"), "../../evil"))
    assert [(fact.key, fact.sha) for fact in collected.facts if fact.kind is FactKind.COMMIT] == [
        (sha("live"), sha("live"))
    ]
    assert collected.checked_shas == (sha("live"), sha("gone"), "../../evil")
    assert not any("evil" in path for path in gitlab.paths())


def test_the_token_goes_as_a_bearers_and_projects_are_asked_by_number(gitlab: FakeGitlab) -> None:
    gitlab.collect(OPTIONS)
    assert {asked.headers["Authorization"] for asked in gitlab.asked} == {"Bearer glpat-loopback"}
    assert not any("PRIVATE-TOKEN" in name.upper() for asked in gitlab.asked for name in asked.headers)
    assert [path for path in gitlab.paths() if "team/" in path] == ["projects/team/app"]


@pytest.mark.parametrize("ending", ["", "/", "/api/v4", "/api/v4/"])
def test_an_installation_below_a_path_is_asked_there(ending: str) -> None:
    with FakeGitlab("/tools/git") as fake:
        build_world(fake)
        collected = fake.collect(OPTIONS, address=f"{fake.url}/tools/git{ending}")
    assert by_signal(collected)["ci.runs_30d"].value == 12


def test_pages_are_followed_by_their_question_at_our_own_address(gitlab: FakeGitlab) -> None:
    gitlab.memory = Forgetful  # one span, so that its pages can be counted
    many = [change(iid, ago(10)) for iid in range(1_000, 1_230)]
    gitlab.answer(f"{APP}/merge_requests", many, state="merged", target_branch="main")
    files = tree(*(f"src/m{at}.py" for at in range(150)))
    gitlab.answer(f"{APP}/repository/tree", files)
    found = by_signal(gitlab.collect({"repositories": ["team/app"]}))
    assert found["repo.merged_changes_90d"].value == 230
    assert found["repo.code_files"].value == 150
    asked = [one.query for one in gitlab.asked if one.path == f"{APP}/merge_requests"]
    assert [one.get("page") for one in asked] == [None, "2", "3"]
    assert {one["updated_after"] for one in asked} == {"2025-12-25T12:00:00Z"}
    trees = [one.query for one in gitlab.asked if one.path == f"{APP}/repository/tree"]
    assert [(one["pagination"], one.get("cursor")) for one in trees] == [("keyset", None), ("keyset", "100")]


def test_a_page_that_names_itself_as_the_next_does_not_go_on_for_ever(gitlab: FakeGitlab) -> None:
    gitlab.memory = Forgetful  # one span, so that its pages can be counted
    own = '<https://gitlab.example.com/x?state=merged&scope=all&target_branch=main&updated_after=2025-12-25T12%3A00%3A00Z&order_by=updated_at&sort=desc&per_page=100>; rel="next"'
    gitlab.answer(f"{APP}/merge_requests", [change(1, ago(3))], headers={"Link": own}, state="merged")
    found = by_signal(gitlab.collect(OPTIONS))["repo.merged_changes_90d"]
    assert (found.value, found.bound) == (2, "lower")
    assert gitlab.paths().count(f"{APP}/merge_requests") == 1


def test_a_listing_cut_off_in_the_middle_is_a_lower_bound(gitlab: FakeGitlab) -> None:
    gitlab.memory = Forgetful  # one span, so that its pages can be counted
    many = [change(iid, ago(10)) for iid in range(1_000, 1_150)]
    gitlab.answer(f"{APP}/merge_requests", many, state="merged", target_branch="main")
    gitlab.answer(f"{APP}/merge_requests", {"message": "500"}, code=502, page=2)
    found = by_signal(gitlab.collect(OPTIONS))
    assert (found["repo.merged_changes_90d"].value, found["repo.merged_changes_90d"].bound) == (101, "lower")
    assert found["repo.reviewed_change_share_90d"].reason == "unreachable"
    assert found["deploy.change_failure_rate"].reason == "unreachable"


def test_without_projects_nothing_is_asked_and_said_so(gitlab: FakeGitlab) -> None:
    collected = gitlab.collect({"repositories": []})
    assert_sound(collected, GitlabConnector.signals)
    assert {found.reason for found in collected.observations} == {"not_configured"}
    assert gitlab.asked == []


def test_with_only_projects_named_the_tier_names_production_and_training_stays_unknown(
    gitlab: FakeGitlab,
) -> None:
    found = by_signal(gitlab.collect({"repositories": OPTIONS["repositories"]}))
    silent = {name for name, observation in found.items() if observation.reason == "not_configured"}
    assert silent == {
        "deploy.staged_share_90d",
        "ci.training_runs_90d",
        "ci.scheduled_training_runs_30d",
        "ci.event_training_runs_90d",
        "ci.training_manual_share_90d",
    }
    assert found["deploy.count_90d"].value == 9


def test_named_environments_count_whatever_their_tier_in_either_case(gitlab: FakeGitlab) -> None:
    gitlab.answer(
        f"{APP}/environments", [environment("Live", "other"), environment("production", "production")]
    )
    gitlab.answer(
        f"{APP}/deployments", [deployment(1, "A", ago(3), env="Live", by="ann")], environment="Live"
    )
    gitlab.answer(f"{APP}/deployments", [], environment="Live", per_page=1)
    found = by_signal(gitlab.collect({**OPTIONS, "production_environments": ["team/app:live"]}))
    assert (found["deploy.count_90d"].value, found["deploy.automated_share_90d"].reason) == (
        1,
        "insufficient_sample",
    )


def test_no_environment_of_the_tier_is_not_configured(gitlab: FakeGitlab) -> None:
    gitlab.answer(f"{APP}/environments", [environment("staging", "staging")])
    found = by_signal(gitlab.collect(OPTIONS))
    assert {found[name].reason for name in found if name.startswith("deploy.")} == {"not_configured"}


def test_environments_without_any_record_are_unknown_not_zero(gitlab: FakeGitlab) -> None:
    gitlab.answers = [one for one in gitlab.answers if one.path != f"{APP}/deployments"]
    gitlab.answer(f"{APP}/deployments", [])
    found = by_signal(gitlab.collect(OPTIONS))
    assert {found[name].reason for name in found if name.startswith("deploy.")} == {"no_deployment_records"}


def test_no_release_in_the_window_is_zero_where_the_environment_was_used_before(gitlab: FakeGitlab) -> None:
    gitlab.answers = [one for one in gitlab.answers if one.path != f"{APP}/deployments"]
    gitlab.answer(f"{APP}/deployments", [])
    gitlab.answer(f"{APP}/deployments", [deployment(900, "P0", ago(200))], per_page=1)
    found = by_signal(gitlab.collect(OPTIONS))
    assert (found["deploy.frequency_30d"].value, found["deploy.count_90d"].value) == (0, 0)
    assert (found["deploy.rollbacks_180d"].value, found["deploy.rollback_time"].reason) == (
        0,
        "insufficient_sample",
    )


def test_deployments_are_asked_by_the_time_of_their_end_as_gitlab_wants_it(gitlab: FakeGitlab) -> None:
    gitlab.collect(OPTIONS)
    bounded = [
        one.query
        for one in gitlab.asked
        if one.path == f"{APP}/deployments" and "finished_after" in one.query
    ]
    assert {(one["order_by"], one["status"], one["environment"]) for one in bounded} == {
        ("finished_at", "success", "production"),
        ("finished_at", "success", "staging"),
    }
    listed = [
        one.query for one in gitlab.asked if one.path == f"{APP}/pipelines" and "updated_after" in one.query
    ]
    assert {one["order_by"] for one in listed} == {"updated_at"}


# --- CI and training


def test_a_project_without_a_pipeline_of_its_own_is_left_out_of_ci(gitlab: FakeGitlab) -> None:
    gitlab.memory = Forgetful  # collected twice
    gitlab.answer(f"{TRAINING}/pipelines", [pipeline(1, ago(1), source="external")], per_page=20)
    found = by_signal(gitlab.collect({"repositories": OPTIONS["repositories"]}))
    assert (found["ci.runs_30d"].value, found["ci.runs_30d"].bound) == (10, "exact")
    gitlab.answer(f"{APP}/pipelines", [], per_page=20)
    found = by_signal(gitlab.collect({"repositories": OPTIONS["repositories"]}))
    names = (
        "ci.runs_30d",
        "ci.success_rate_30d",
        "ci.test_steps_share",
        "ci.tests_executed_p50",
        "ci.change_coverage_30d",
    )
    assert {found[name].reason for name in names} == {"not_configured"}


def test_pipelines_without_a_report_leave_the_number_of_tests_unknown(gitlab: FakeGitlab) -> None:
    for base, ids in ((APP, range(201, 211)), (TRAINING, range(221, 223))):
        for id_ in ids:
            gitlab.answer(
                f"{base}/pipelines/{id_}/test_report_summary", {"total": {"count": 0}, "test_suites": []}
            )
    found = by_signal(gitlab.collect(OPTIONS))["ci.tests_executed_p50"]
    assert (found.value, found.reason) == (None, "no_report_published")


def test_a_training_job_that_nothing_answers_to_is_not_configured(gitlab: FakeGitlab) -> None:
    for base in (APP, TRAINING):
        gitlab.answer(f"{base}/ci/lint", payload("lint"))
    found = by_signal(gitlab.collect({**OPTIONS, "training_jobs": ["trian"]}))["ci.training_runs_90d"]
    assert (found.reason, "trian" in found.detail) == ("not_configured", True)


def test_a_training_job_that_is_configured_and_did_not_run_is_a_zero(gitlab: FakeGitlab) -> None:
    gitlab.answer(f"{TRAINING}/jobs", [])
    gitlab.answer(f"{APP}/ci/lint", {**payload("lint"), "jobs": []})
    gitlab.answer(f"{TRAINING}/ci/lint", payload("lint"))
    found = by_signal(gitlab.collect({**OPTIONS, "training_jobs": ["train"]}))
    assert (found["ci.training_runs_90d"].value, found["ci.training_runs_90d"].bound) == (0, "exact")
    assert found["ci.training_manual_share_90d"].reason == "insufficient_sample"


def test_a_child_whose_parent_is_gone_makes_the_starts_unknown(gitlab: FakeGitlab) -> None:
    gitlab.answer(f"{TRAINING}/pipelines/317/bridges", [])
    found = by_signal(gitlab.collect(OPTIONS))
    assert (found["ci.training_runs_90d"].value, found["ci.training_runs_90d"].bound) == (11, "lower")
    assert (found["ci.scheduled_training_runs_30d"].value, found["ci.scheduled_training_runs_30d"].bound) == (
        2,
        "lower",
    )
    assert found["ci.training_manual_share_90d"].reason == "unreachable"


def test_jobs_are_read_back_to_the_window_and_no_further(gitlab: FakeGitlab) -> None:
    old = [row("job", id=id_, name="x", created_at="2026-03-01T00:00:00Z") for id_ in range(1, 300)]
    gitlab.answer(f"{TRAINING}/jobs", old)
    gitlab.collect({**OPTIONS, "training_jobs": ["102:train"]})
    asked = [one.query for one in gitlab.asked if one.path == f"{TRAINING}/jobs"]
    assert [(one["pagination"], one["order_by"], one["sort"]) for one in asked] == [("keyset", "id", "desc")]
    assert f"{APP}/jobs" not in gitlab.paths()


def test_features_that_are_switched_off_hide_nothing(gitlab: FakeGitlab) -> None:
    off = {f"{name}_access_level": "disabled" for name in ("builds", "environments", "merge_requests")}
    gitlab.answer("projects/102", project(102, "team/training", **off))
    for path in ("pipelines", "jobs", "environments", "deployments", "merge_requests"):
        gitlab.refuse(f"{TRAINING}/{path}")
    found = by_signal(gitlab.collect({"repositories": OPTIONS["repositories"]}))
    assert (found["ci.runs_30d"].value, found["ci.runs_30d"].bound) == (10, "exact")
    assert (found["deploy.count_90d"].value, found["deploy.count_90d"].bound) == (9, "exact")
    assert (found["repo.merged_changes_90d"].value, found["repo.merged_changes_90d"].bound) == (5, "exact")


# --- files and projects


@pytest.mark.parametrize("body", [None, {}, {"message": "ok"}, "text", [1], [{}]])
def test_a_tree_of_another_shape_is_unread_not_empty(gitlab: FakeGitlab, body: Any) -> None:
    for base in (APP, TRAINING):
        gitlab.answer(f"{base}/repository/tree", body)
    found = by_signal(gitlab.collect(OPTIONS))
    names = ("repo.code_files", "repo.has_tests", "repo.has_iac")
    assert {found[name].reason for name in names} == {"unreachable"}


def test_a_tree_cut_off_proves_presence_and_never_absence(gitlab: FakeGitlab) -> None:
    gitlab.answer(f"{APP}/repository/tree", tree("Dockerfile", *(f"f{at}.txt" for at in range(120))))
    gitlab.answer(f"{APP}/repository/tree", {"message": "500"}, code=502, cursor=100)
    found = by_signal(gitlab.collect(OPTIONS))
    assert found["repo.has_container_definition"].value is True
    assert (found["repo.has_tests"].value, found["repo.has_tests"].reason) == (None, "truncated")
    assert (found["repo.code_files"].value, found["repo.code_files"].bound) == (4, "lower")


def test_an_empty_project_is_read_as_empty(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects/team/new", project(103, "team/new", default_branch=None, empty_repo=True))
    gitlab.answer("projects/103/pipelines", [])
    gitlab.answer("projects/103/merge_requests", [])
    gitlab.answer("projects/103/environments", [])
    collected = gitlab.collect({"repositories": ["team/new"]})
    found = by_signal(collected)
    assert found["repo.connected"].value is False
    assert (found["repo.code_files"].value, found["repo.code_files"].bound) == (0, "exact")
    assert collected.notes == ("team/new has no commit yet.",)


def test_a_pinned_requirements_file_is_a_lock_file(gitlab: FakeGitlab) -> None:
    gitlab.answer(f"{TRAINING}/repository/files/requirements.txt", content("numpy==2.1.0\n"))
    assert by_signal(gitlab.collect(OPTIONS))["repo.has_lockfile"].value is True


def test_one_project_by_its_path_and_its_number_counts_once_with_both_roles(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects/101", project(101, "team/app"))
    found = by_signal(gitlab.collect({"repositories": ["team/app app", "101 training"]}))
    assert found["repo.code_files"].value == 3
    # app has no lock file, and as a training project it should
    assert found["repo.has_lockfile"].value is False


def test_a_moved_project_is_named_by_where_it_is(gitlab: FakeGitlab) -> None:
    gitlab.answer("projects/team/app", project(101, "group/sub/app"))
    gitlab.refuse(f"{APP}/pipelines")
    assert by_signal(gitlab.collect(OPTIONS))["ci.runs_30d"].detail.startswith(
        "At least this many: group/sub/app: "
    )


def test_an_unusable_line_is_told_and_never_left_out(gitlab: FakeGitlab) -> None:
    options = {
        **OPTIONS,
        "repositories": [*OPTIONS["repositories"], "https://gitlab.com/team/app", "../x app"],
    }
    collected = gitlab.collect(options)
    assert_sound(collected, GitlabConnector.signals)
    assert by_signal(collected)["repo.code_files"].bound == "lower"
    assert len(collected.notes) == 2


def test_accounts_that_gitlab_hides_are_told_by_their_names(gitlab: FakeGitlab) -> None:
    gitlab.answers = [one for one in gitlab.answers if not one.path.startswith("users/")]
    found = by_signal(gitlab.collect(OPTIONS))
    # the service account of an ordinary name passes for a person now, the token's bot does not
    assert found["repo.merged_changes_90d"].value == 7
    assert BOT.startswith("project_101_bot")


def test_each_account_is_asked_for_once(gitlab: FakeGitlab) -> None:
    gitlab.collect(OPTIONS)
    asked = [path for path in gitlab.paths() if path.startswith("users/")]
    assert len(asked) == len(set(asked)) == 7
