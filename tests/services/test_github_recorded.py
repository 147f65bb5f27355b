"""Each signal that the catalogue says GitHub gives, against real recorded exchanges, with the value worked out by hand.

RECORDED rows rest on what api.github.com answered to PyGithub's own tests. Where no recording exists the row is
BUILT_BY_HAND: every answer of it is checked against GitHub's own description of its API.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from integrations.connectors.base import Collected, FactKind, Question
from tests.integrations.connectors.github_fake import Asked, FakeGithub
from tests.integrations.connectors.shipped import named_by
from tests.services import github_openapi, github_recordings
from tests.services.github_recordings import Recordings, missing
from tests.services.github_scenarios import SCENARIOS
from tests.services.hand_values import Expected, assert_as_worked_out

pytestmark = [pytest.mark.service, pytest.mark.slow]

RECORDED, BUILT_BY_HAND = "recorded", "built by hand"


def source_of(row: Expected) -> str:
    return BUILT_BY_HAND if row.scenario == "by_hand" else RECORDED


NO = "no path of the recorded tree is one"
TABLE = (
    Expected("repo.connected", "tree", True, "the repository answers, its branch has ecda065e"),
    Expected(
        "repo.code_files", "tree", 51, "9 .py above, 34 in GithubObjects/, 7 in GithubObject/, run_tests.sh"
    ),
    Expected("repo.notebook_share", "tree", 0.0, "no .ipynb", parts=(0, 51)),
    Expected(
        "repo.has_tests", "tree", False, "Github.UnitTest.py and IntegrationTest.py follow no known pattern"
    ),
    Expected("repo.test_file_ratio", "tree", 0.0, "no test file, 51 others", parts=(0, 51)),
    Expected("repo.has_lockfile", "tree", False, NO),
    Expected("repo.has_dependency_manifest", "tree", True, "setup.py"),
    Expected("repo.has_pipeline_definition", "tree", False, NO),
    Expected("repo.has_ci_config", "tree", False, NO),
    Expected("repo.has_container_definition", "tree", False, NO),
    Expected("repo.has_iac", "tree", False, NO),
    Expected("repo.has_data_checks", "tree", False, NO),
    Expected("repo.has_model_card", "tree", False, NO),
    Expected(
        "repo.merged_changes_90d", "changes", 17, "of 30 closed, 12 merged into dev_4_4, #231 never merged"
    ),
    Expected("repo.merged_changes_90d", "one_change", 1, "#538, merged 2017-03-25"),
    Expected(
        "repo.reviewed_change_share_90d",
        "one_change",
        None,
        "one change, five are needed",
        "insufficient_sample",
    ),
    Expected("repo.reviewed_change_share_90d", "by_hand", 4 / 6, "see github_world", parts=(4, 6)),
    Expected("repo.main_branch_guarded", "guarded", True, "one approval, check build (3.10)"),
    Expected("repo.main_branch_guarded", "unguarded", False, "two approvals, but no check is required"),
    Expected("repo.main_branch_guarded", "not_protected", None, "404 says nothing", "unauthorized"),
    Expected("ci.runs_30d", "runs", 10, "10 of the 30 listed ran on master, all on 2022-08-05"),
    Expected("ci.success_rate_30d", "runs", 1.0, "all ten succeeded", parts=(10, 10)),
    Expected(
        "ci.test_steps_share", "runs", 1.0, "jobs 'test (Python 3.7)', steps 'Run tests'", parts=(10, 10)
    ),
    Expected("ci.tests_executed_p50", "runs", None, "Actions reports no number of tests", "unsupported"),
    Expected(
        "ci.change_coverage_30d", "one_change", None, "one change, five are needed", "insufficient_sample"
    ),
    Expected("ci.change_coverage_30d", "by_hand", 4 / 6, "see github_world", parts=(4, 6)),
    Expected("ci.training_runs_90d", "training", 4, "four runs of check.yml, all completed"),
    Expected("ci.scheduled_training_runs_30d", "training", 0, "push and pull_request only"),
    Expected("ci.scheduled_training_runs_30d", "schedule", 1, "run 26365060973, schedule, success"),
    Expected("ci.event_training_runs_90d", "training", 0, "push and pull_request only"),
    Expected("ci.event_training_runs_90d", "by_hand", 2, "one repository_dispatch, one dispatch by an app"),
    Expected("ci.training_manual_share_90d", "training", 0.0, "none of four by hand", parts=(0, 4)),
    Expected(
        "ci.training_manual_share_90d", "schedule", None, "one run, three are needed", "insufficient_sample"
    ),
    Expected("ci.training_manual_share_90d", "by_hand", 2 / 7, "two of seven", parts=(2, 7)),
    Expected("deploy.frequency_30d", "deployments", 0, "one deployment to test, never a success"),
    Expected("deploy.frequency_30d", "by_hand", 5, "E, F, G, H, I"),
    Expected("deploy.count_90d", "deployments", 0, "one deployment to test, never a success"),
    Expected("deploy.count_90d", "by_hand", 9, "B, A, C, D, E, F, G, H, I; C twice on one day is one"),
    Expected(
        "deploy.automated_share_90d", "deployments", None, "none of three needed", "insufficient_sample"
    ),
    Expected("deploy.automated_share_90d", "by_hand", 7 / 9, "all but B and E", parts=(7, 9)),
    Expected("deploy.deployers_180d", "deployments", 0, "nobody deployed with success"),
    Expected("deploy.deployers_180d", "by_hand", 3, "ann, bea; dan approved"),
    Expected("deploy.lead_time_p50_h", "deployments", None, "none of three needed", "insufficient_sample"),
    Expected("deploy.lead_time_p50_h", "by_hand", 24.0, "median of 48 24 10 24 24 1 100 24 30"),
    Expected("deploy.tested_sha_share_90d", "by_hand", 6 / 9, "B, A, C, D, G, H", parts=(6, 9)),
    Expected("deploy.staged_share_90d", "by_hand", 5 / 9, "B, A, G, H, I", parts=(5, 9)),
    Expected("deploy.change_failure_rate", "by_hand", 2 / 9, "B taken back, E mended by F", parts=(2, 9)),
    Expected("deploy.rollback_time", "deployments", None, "nothing was taken back", "insufficient_sample"),
    Expected("deploy.rollback_time", "by_hand", 13.0, "median of 6 (B) and 20 (E) hours"),
    Expected("deploy.rollbacks_180d", "deployments", 0, "nothing was taken back"),
    Expected("deploy.rollbacks_180d", "by_hand", 1, "A came back after B"),
)

# A signal that a service joins from facts: what GitHub gives for it is a fact for each training run.
FACTS = {
    "mlflow.versions_from_ci_share_90d": (
        ("109950033", "61b6109", "2020-05-20T02:37:57", "2020-05-20T02:40:25"),
        ("109168419", "b1dd24b", "2020-05-19T10:39:04", "2020-05-19T10:41:34"),
        ("108934155", "30e7100", "2020-05-19T05:51:36", "2020-05-19T05:54:02"),
        ("108817672", "e79b901", "2020-05-19T02:28:36", "2020-05-19T02:30:56"),
    )
}


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    try:
        return Recordings(github_recordings.fetch_recordings())
    except (OSError, subprocess.SubprocessError) as error:
        missing(
            f"{github_recordings.PACKAGE}'s source distribution ({type(error).__name__})",
            github_recordings.INSTALL,
        )


@pytest.fixture(scope="session")
def description() -> github_openapi.Description:
    github_recordings.CACHE.mkdir(parents=True, exist_ok=True)
    try:
        return github_openapi.Description(github_openapi.fetch_description(github_recordings.CACHE))
    except (OSError, subprocess.SubprocessError) as error:
        missing(f"npm's {github_openapi.PACKAGE} ({type(error).__name__})", github_openapi.INSTALL)


@pytest.fixture(scope="session")
def collected(recordings: Recordings) -> dict[str, tuple[Collected, list[Asked]]]:
    """What the connector collected in every scenario, and what it asked."""
    found = {}
    for name, scenario in SCENARIOS.items():
        with FakeGithub() as fake:
            scenario.serve(fake, recordings)
            connector, http = fake.connector()
            with http:
                result = connector.collect(Question(until=scenario.until, options=scenario.options))
            found[name] = (result, fake.asked)
    return found


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.signal}-{source_of(row)}-{row.scenario}")
def test_signal_has_the_value_worked_out_by_hand(
    row: Expected, collected: dict[str, tuple[Collected, list[Asked]]]
) -> None:
    assert_as_worked_out(row, collected[row.scenario][0])


@pytest.mark.parametrize("signal", FACTS)
def test_joined_signal_has_the_facts_worked_out_by_hand(
    signal: str, collected: dict[str, tuple[Collected, list[Asked]]]
) -> None:
    facts = [fact for fact in collected["training"][0].facts if fact.kind is FactKind.TRAINING_RUN]
    got = [(fact.key, fact.sha[:7], fact.started_at, fact.finished_at) for fact in facts]

    def utc(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert got == [(key, sha, utc(started), utc(ended)) for key, sha, started, ended in FACTS[signal]]


def test_each_signal_that_names_github_has_a_row() -> None:
    assert {row.signal for row in TABLE} | set(FACTS) == named_by("github")


def test_answers_built_by_hand_are_as_github_describes_them(
    collected: dict[str, tuple[Collected, list[Asked]]], description: github_openapi.Description
) -> None:
    asked = collected["by_hand"][1]
    answered = [one for one in asked if one.status == 200]
    assert len(answered) > 100
    problems = [
        line for one in answered for line in description.problems(f"/{one.path}", one.status, one.body)
    ]
    assert problems == []


def test_every_question_is_one_that_github_describes(
    collected: dict[str, tuple[Collected, list[Asked]]], description: github_openapi.Description
) -> None:
    questions = [
        one for _, asked in collected.values() for one in asked if not one.path.startswith("repositories/")
    ]
    unknown = {
        (description.template(f"/{one.path}"), name)
        for one in questions
        for name in description.unknown_parameters(f"/{one.path}", set(one.query))
    }
    assert unknown == set()


def test_the_description_finds_a_wrong_answer(description: github_openapi.Description) -> None:
    """A check that cannot fail proves nothing: a deployment without its commit is no deployment."""
    broken = [{"id": 1, "environment": "production"}]
    assert any(
        "'sha' is a required property" in line
        for line in description.problems("/repos/o/r/deployments", 200, broken)
    )
