"""End to end over loopback: a team's Azure DevOps as rows, and the value worked out by hand for every signal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.connectors.azure_devops.connector import JOINED, AzureDevopsConnector
from integrations.connectors.base import Fact, FactKind
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.azure_devops_rows import (
    ago,
    commit,
    deployment,
    policy,
    row,
    sha,
)
from tests.integrations.connectors.azure_devops_world import (
    API,
    APP,
    PRODUCTION,
    TRAINING,
    collect,
)
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound, by_signal, value
from tests.integrations.connectors.shipped import named_by

pytestmark = pytest.mark.slow


# Worked out by hand from tests/integrations/connectors/azure_devops_world.py: (value, reason, bound, numerator, denominator).
EXPECTED: dict[str, tuple[Any, ...]] = {
    "repo.connected": (True, "", "exact", None, None),
    # app: app.py, model.py, test_app.py; training: train.py, explore.ipynb, tests/test_train.py, load.sql
    "repo.code_files": (7, "", "exact", None, None),
    "repo.notebook_share": (1 / 7, "", "exact", 1, 7),
    "repo.has_tests": (True, "", "exact", None, None),
    "repo.test_file_ratio": (0.5, "", "exact", 2, 4),
    # training has no lock file, and its requirements.txt has a line that is not pinned
    "repo.has_lockfile": (False, "", "exact", None, None),
    "repo.has_dependency_manifest": (True, "", "exact", None, None),
    "repo.has_pipeline_definition": (True, "", "exact", None, None),
    "repo.has_ci_config": (True, "", "exact", None, None),
    "repo.has_container_definition": (True, "", "exact", None, None),
    "repo.has_iac": (False, "", "exact", None, None),
    "repo.has_data_checks": (False, "", "exact", None, None),
    "repo.has_model_card": (True, "", "exact", None, None),
    # app 1 to 5 and training 11; a service's, the old, the abandoned and the one into another branch are not counted
    "repo.merged_changes_90d": (6, "", "exact", None, None),
    # 1, 2, 3 and 11; 4 has its author's, a group's and a service's vote, 5 was approved after the merge
    "repo.reviewed_change_share_90d": (4 / 6, "", "exact", 4, 6),
    "repo.main_branch_guarded": (True, "", "exact", None, None),
    # app: 1001, 1003, 1004, the tests of E F G H I, their deployments and J's: 14; training: 301, 303, 304, 306, 307, 606
    "ci.runs_30d": (20, "", "exact", None, None),
    # without I's tests, J's deployment and the partly succeeded 304
    "ci.success_rate_30d": (17 / 20, "", "exact", 17, 20),
    # 1 and 3 by their merge commits, 2 by its head in a pull request build, 11; 4 by hand only, 5 by a cancelled one
    "ci.change_coverage_30d": (4 / 6, "", "exact", 4, 6),
    # 1001, F, G, H, I (it failed, but ran), 606
    "ci.test_steps_share": (6 / 20, "", "exact", 6, 20),
    # the middle of 130, 100 and 110
    "ci.tests_executed_p50": (110, "", "exact", None, None),
    "ci.training_runs_90d": (7, "", "exact", None, None),
    "ci.scheduled_training_runs_30d": (1, "", "exact", None, None),
    # 306, and 307 that an application started through the API
    "ci.event_training_runs_90d": (2, "", "exact", None, None),
    # 301 and 302
    "ci.training_manual_share_90d": (2 / 7, "", "exact", 2, 7),
    # E, F, G, H, I
    "deploy.frequency_30d": (5, "", "exact", None, None),
    # and B, A, C, D; C sent twice on one day counts once, J failed
    "deploy.count_90d": (9, "", "exact", None, None),
    # all but B and E
    "deploy.automated_share_90d": (7 / 9, "", "exact", 7, 9),
    # ann and bea; dan approved C, an application did too, eve turned it down
    "deploy.deployers_180d": (3, "", "exact", None, None),
    # the middle of 48 24, 10, 24 24, 1 1, 100, 24, 30
    "deploy.lead_time_p50_h": (24, "", "exact", None, None),
    # B, A, C, D, G, H; E tested nothing, F too late, I failed
    "deploy.tested_sha_share_90d": (6 / 9, "", "exact", 6, 9),
    # B, A, G, H, I; C two minutes before, D afterwards
    "deploy.staged_share_90d": (5 / 9, "", "exact", 5, 9),
    # B taken back by A, E mended by F, which brought the change with the mark
    "deploy.change_failure_rate": (2 / 9, "", "exact", 2, 9),
    # 6 hours and 20
    "deploy.rollback_time": (13, "", "exact", None, None),
    "deploy.rollbacks_180d": (1, "", "exact", None, None),
}


def test_collect_gives_the_values_worked_out_by_hand(azure: FakeAzure) -> None:
    collected = collect(azure)
    assert_sound(collected, AzureDevopsConnector.signals)
    assert_as_worked_out(collected, EXPECTED)
    assert collected.notes == ()


def test_signals_are_those_of_the_catalogue_that_name_azure_devops() -> None:
    named = named_by("azure_devops")
    assert AzureDevopsConnector.signals | JOINED == named
    assert set(EXPECTED) == AzureDevopsConnector.signals


def test_small_pages_give_the_same(azure: FakeAzure) -> None:
    azure.page_size = 3
    collected = collect(azure)
    assert_as_worked_out(collected, EXPECTED)
    pages = [asked.query.get("continuationToken") for asked in azure.asked if asked.path == PRODUCTION]
    assert pages == [None, "3", "6", "9", "12"]


def test_collect_gives_a_fact_for_each_training_run_and_wanted_commit(azure: FakeAzure) -> None:
    azure.answer(f"{TRAINING}/commits/{sha('live')}", commit("live", ago(9)))
    collected = collect(azure, wanted=(sha("live"), sha("gone"), "../../evil"))
    trainings = {fact.key: fact for fact in collected.facts if fact.kind is FactKind.TRAINING_RUN}
    assert set(trainings) == {str(id_) for id_ in (301, 302, 303, 304, 305, 306, 307)}
    assert (trainings["301"].sha, trainings["301"].started_at, trainings["301"].finished_at) == (
        sha("t1"),
        ago(3),
        ago(3) + timedelta(hours=2),
    )
    commits = [fact for fact in collected.facts if fact.kind is FactKind.COMMIT]
    assert [(fact.key, fact.happened_at) for fact in commits] == [(sha("live"), ago(9))]
    assert collected.checked_shas == (sha("live"), sha("gone"), "../../evil")
    assert not any("evil" in path for path in azure.paths())


def test_collect_gives_a_fact_for_each_deployment_that_succeeded(azure: FakeAzure) -> None:
    facts = {fact.key: fact for fact in collect(azure).facts if fact.kind is FactKind.DEPLOYMENT}
    # 1012 failed, the build of 90 was deleted, 1100 is a second job of 1011.
    assert sorted(facts) == [f"churn/app/{number}" for number in range(1001, 1012)]
    assert facts["churn/app/1011"] == Fact(
        FactKind.DEPLOYMENT,
        key="churn/app/1011",
        happened_at=ago(1),
        sha=sha("I"),
        url="https://dev.azure.com/acme/churn/_build/results?buildId=911",
        name="production",
        number="1011",
    )
    assert [
        (facts[f"churn/app/{number}"].sha, facts[f"churn/app/{number}"].happened_at)
        for number in (1002, 1003)
    ] == [
        (sha("B"), ago(70)),
        (sha("A"), ago(69.75)),
    ]


def test_deployments_of_another_repository_are_nobodys_facts(azure: FakeAzure) -> None:
    """Environments belong to a project, whose other repositories are not the team's."""
    collected = collect(azure, repositories=["churn/training training"])
    assert [fact for fact in collected.facts if fact.kind is FactKind.DEPLOYMENT] == []


def test_every_question_names_the_version_and_the_token(azure: FakeAzure) -> None:
    collect(azure)
    assert {asked.query["api-version"] for asked in azure.asked} == {"7.1"}
    assert {asked.headers["Authorization"] for asked in azure.asked} == {"Basic Omxvb3BiYWNrLXBhdA=="}
    assert {asked.headers["X-TFS-FedAuthRedirect"] for asked in azure.asked} == {"Suppress"}
    # E's history was rewritten; nothing else is asked for in vain
    assert [asked.path for asked in azure.asked if asked.status != 200] == [f"{APP}/commits"]


def test_without_repositories_nothing_is_asked(azure: FakeAzure) -> None:
    collected = collect(azure, repositories=[])
    assert_sound(collected, AzureDevopsConnector.signals)
    assert {one.reason for one in collected.observations} == {"not_configured"}
    assert azure.asked == []


def test_with_only_repositories_named_what_was_not_told_stays_unknown(azure: FakeAzure) -> None:
    silent: dict[str, Any] = {
        "training_pipelines": [],
        "production_environments": [],
        "preproduction_environments": [],
    }
    found = by_signal(collect(azure, **silent))
    assert {name for name, one in found.items() if one.reason == "not_configured"} == {
        *DEPLOY_SIGNALS,
        *TRAINING_SIGNALS,
    }


def test_names_that_nothing_answers_to_are_questions(azure: FakeAzure) -> None:
    collected = collect(azure, training_pipelines=["retrain"], production_environments=["live"])
    assert_sound(collected, AzureDevopsConnector.signals)
    found = by_signal(collected)
    assert {found[name].reason for name in (*TRAINING_SIGNALS, *DEPLOY_SIGNALS)} == {"not_configured"}
    assert found["ci.training_runs_90d"].detail == "No pipeline answers to “retrain”."
    assert found["deploy.count_90d"].detail == "No environment is called “live”."


def test_numbers_name_pipelines_and_environments_too(azure: FakeAzure) -> None:
    collected = collect(azure, training_pipelines=["churn/training: 2"], production_environments=["3"])
    assert value(collected, "ci.training_runs_90d") == (7, "", "exact")
    assert value(collected, "deploy.count_90d") == (9, "", "exact")


# --- Small things ------------------------------------------------------------------------------------------------------


def test_an_empty_repository_is_no_code_and_no_commit(azure: FakeAzure) -> None:
    empty = {name: part for name, part in row("repository").items() if name != "defaultBranch"}
    azure.answer(f"{API}/git/repositories/app", empty)
    collected = collect(azure, repositories=["churn/app"], production_environments=[])
    assert value(collected, "repo.connected") == (False, "", "exact")
    assert value(collected, "repo.code_files") == (0, "", "exact")


@pytest.mark.parametrize(
    ("policies", "is_guarded"),
    [
        ([], False),
        ([policy("reviewers", minimumApproverCount=1)], False),
        ([policy("reviewers", minimumApproverCount=1, creatorVoteCounts=True), policy("build")], False),
        ([policy("reviewers", minimumApproverCount=1, isBlocking=False), policy("build")], False),
        ([policy("reviewers", minimumApproverCount=1), policy("build", isEnabled=False)], False),
        ([policy("reviewers", minimumApproverCount=1), policy("status")], True),
    ],
)
def test_a_guarded_branch_needs_somebody_else_and_a_check(
    azure: FakeAzure, policies: list[Any], is_guarded: bool
) -> None:
    azure.rows(f"{API}/git/policy/configurations", policies)
    assert value(collect(azure), "repo.main_branch_guarded") == (is_guarded, "", "exact")


def test_an_approval_without_a_time_is_unknown(azure: FakeAzure) -> None:
    azure.rows(f"{APP}/pullRequests/1/threads", [])
    found = by_signal(collect(azure))["repo.reviewed_change_share_90d"]
    assert (found.value, found.reason) == (None, "unreachable")
    assert found.detail == "churn/app: Change 1 does not show when it was approved."


def test_an_approval_that_cannot_be_read_leaves_a_lower_bound(azure: FakeAzure) -> None:
    azure.refuse("/pipelines/approvals")
    assert value(collect(azure), "deploy.deployers_180d") == (2, "", "lower")
    azure.rows(f"{API}/pipelines/approvals", [])
    assert value(collect(azure), "deploy.deployers_180d") == (2, "", "lower")


def test_a_comparison_that_does_not_hold_the_released_commit_is_none(azure: FakeAzure) -> None:
    query = {
        "searchCriteria.itemVersion.version": sha("G"),
        "searchCriteria.compareVersion.version": sha("H"),
    }
    azure.rows(f"{APP}/commits", [commit("other", ago(5, hours=1))], **query)
    found = by_signal(collect(azure))["deploy.lead_time_p50_h"]
    # without H's 24: 1 1 10 24 24 24 30 48 100
    assert found.value == 24
    assert found.detail == (
        "6 releases compared with the one before; 0 without new commits and 2 that cannot be compared were left out."
    )


def test_a_deployment_of_several_jobs_succeeds_with_all_of_them(azure: FakeAzure) -> None:
    rows = next(one.body["value"] for one in azure.answers if one.path == PRODUCTION)
    azure.rows(PRODUCTION, [deployment(1102, 910, ago(5), jobName="deploy-us", result="failed"), *rows])
    # H is not live everywhere
    assert value(collect(azure), "deploy.frequency_30d") == (4, "", "exact")


def test_an_environment_that_never_saw_a_deployment_has_no_records(azure: FakeAzure) -> None:
    azure.rows(PRODUCTION, [])
    collected = collect(azure)
    assert {value(collected, name)[:2] for name in DEPLOY_SIGNALS} == {(None, "no_deployment_records")}


def test_projects_with_a_space_are_asked_for_by_their_name(azure: FakeAzure) -> None:
    azure.answer("Churn Model/_apis/git/repositories/app", {"message": "no"}, status=403)
    collect(azure, repositories=["Churn%20Model/app"])
    assert azure.paths() == ["Churn Model/_apis/git/repositories/app"]
