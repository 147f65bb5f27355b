"""End to end over loopback: a team's GitHub as rows, and the value worked out by hand for every signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.connectors.base import Collected, FactKind, Question
from integrations.connectors.github.connector import JOINED, GithubConnector
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.memory import Forgetful, Memory
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import (
    UNTIL,
    ago,
    content,
    payload,
    repository,
    row,
    runs,
    sha,
    tree,
    user,
)
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound, by_signal
from tests.integrations.connectors.shipped import named_by

pytestmark = pytest.mark.slow


@pytest.fixture
def github(memory: Callable[[], Memory]) -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        fake.memory = memory
        yield fake


def collect(
    fake: FakeGithub, options: dict[str, Any] | None = None, wanted: tuple[str, ...] = ()
) -> Collected:
    connector, http = fake.connector()
    with http:
        return connector.collect(
            Question(until=UNTIL, options=options or OPTIONS, wanted_shas=wanted, memory=fake.memory())
        )


# Worked out by hand from tests/integrations/connectors/github_world.py: (value, reason, bound, numerator, denominator).
EXPECTED: dict[str, tuple[Any, ...]] = {
    "repo.connected": (True, "", "exact", None, None),
    # app: app.py, model.py, test_app.py; training: train.py, explore.ipynb, tests/test_train.py, load.sql
    "repo.code_files": (7, "", "exact", None, None),
    "repo.notebook_share": (1 / 7, "", "exact", 1, 7),
    "repo.has_tests": (True, "", "exact", None, None),
    # two test files, four other code files without the notebook
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
    # app 1-5 and training 11; the bot's, the old one, the unmerged one and the one into another branch are not counted
    "repo.merged_changes_90d": (6, "", "exact", None, None),
    # 1, 2, 3 and 11; 4 is approved by its author and a bot, 5 after the merge
    "repo.reviewed_change_share_90d": (4 / 6, "", "exact", 4, 6),
    # app by a ruleset; training by classic protection
    "repo.main_branch_guarded": (True, "", "exact", None, None),
    # app 10 + training 2; cancelled, skipped, neutral, a fork's and another branch's are not counted
    "ci.runs_30d": (12, "", "exact", None, None),
    "ci.success_rate_30d": (9 / 12, "", "exact", 9, 12),
    # 1 by its merge commit, 2 by its head, 3 by a merge queue, 4 only by a manual run, 5 only by a cancelled one; 11 by push
    "ci.change_coverage_30d": (4 / 6, "", "exact", 4, 6),
    # app 8 of 10: one skipped its test step, one has "Build latest" only; training 2 of 2
    "ci.test_steps_share": (10 / 12, "", "exact", 10, 12),
    "ci.tests_executed_p50": (None, "unsupported", "exact", None, None),
    "ci.training_runs_90d": (7, "", "exact", None, None),
    "ci.scheduled_training_runs_30d": (1, "", "exact", None, None),
    "ci.event_training_runs_90d": (2, "", "exact", None, None),
    "ci.training_manual_share_90d": (2 / 7, "", "exact", 2, 7),
    "deploy.frequency_30d": (5, "", "exact", None, None),
    # C sent twice on one day counts once
    "deploy.count_90d": (9, "", "exact", None, None),
    "deploy.automated_share_90d": (7 / 9, "", "exact", 7, 9),
    # ann and bea started by hand, dan approved
    "deploy.deployers_180d": (3, "", "exact", None, None),
    "deploy.lead_time_p50_h": (24, "", "exact", None, None),
    "deploy.tested_sha_share_90d": (6 / 9, "", "exact", 6, 9),
    "deploy.staged_share_90d": (5 / 9, "", "exact", 5, 9),
    "deploy.change_failure_rate": (2 / 9, "", "exact", 2, 9),
    "deploy.rollback_time": (13, "", "exact", None, None),
    "deploy.rollbacks_180d": (1, "", "exact", None, None),
}


def test_collect_gives_the_values_worked_out_by_hand(github: FakeGithub) -> None:
    build_world(github)
    collected = collect(github)
    assert_sound(collected, GithubConnector.signals)
    assert_as_worked_out(collected, EXPECTED)


def test_collect_gives_a_fact_for_each_training_run(github: FakeGithub) -> None:
    build_world(github)
    facts = [fact for fact in collect(github).facts if fact.kind is FactKind.TRAINING_RUN]
    assert len(facts) == 7
    manual = next(fact for fact in facts if fact.key == "301")
    assert (manual.sha, manual.started_at, manual.finished_at) == (
        sha("t1"),
        ago(3),
        ago(3) + timedelta(hours=2),
    )


def test_collect_gives_a_fact_for_each_deployment_that_succeeded(github: FakeGithub) -> None:
    build_world(github)
    facts = {fact.key: fact for fact in collect(github).facts if fact.kind is FactKind.DEPLOYMENT}
    # 912 failed; 900 was live when the window began.
    assert sorted(facts) == [f"octo/app/{number}" for number in range(900, 912)]
    linked, plain = facts["octo/app/902"], facts["octo/app/901"]
    assert (linked.sha, linked.name, linked.number, linked.happened_at) == (
        sha("B"),
        "production",
        "902",
        ago(70),
    )
    assert linked.url == "https://github.com/octo/app/actions/runs/501"
    assert plain.url == "https://github.com/octo/app/deployments"


def test_collect_finds_wanted_commits_and_leaves_out_the_others(github: FakeGithub) -> None:
    build_world(github)
    commit = payload("commit")
    github.answer(f"repos/octo/training/commits/{sha('live')}", {**commit, "sha": sha("live")})
    github.answer(f"repos/octo/app/commits/{sha('live')}", {"message": "No commit found"}, status=422)
    collected = collect(github, wanted=(sha("live"), sha("gone"), "../../evil"))
    assert [(fact.key, fact.sha) for fact in collected.facts if fact.kind is FactKind.COMMIT] == [
        (sha("live"), sha("live"))
    ]
    assert not any("evil" in path for path in github.paths())


def test_signals_are_those_of_the_catalogue_that_name_github() -> None:
    named = named_by("github")
    assert GithubConnector.signals | JOINED == named


def test_headers_follow_githubs_rules_and_reach_the_server(github: FakeGithub) -> None:
    build_world(github)
    collect(github)
    headers = github.asked[0].headers
    assert headers["Authorization"] == "Bearer github_pat_loopback"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert headers["Accept"] == "application/vnd.github+json, application/json;q=0.9"
    assert headers["User-Agent"] == "mlops-portal"


def test_collect_without_repositories_asks_nothing_and_says_so(github: FakeGithub) -> None:
    collected = collect(github, {"repositories": []})
    assert_sound(collected, GithubConnector.signals)
    assert {found.reason for found in collected.observations} == {"not_configured"}
    assert github.asked == []


def test_collect_with_only_repositories_named_leaves_what_was_not_told_unknown(github: FakeGithub) -> None:
    build_world(github)
    found = by_signal(collect(github, {"repositories": OPTIONS["repositories"]}))
    silent = {name for name, observation in found.items() if observation.reason == "not_configured"}
    assert silent == {name for name in found if name.startswith("deploy.")} | {
        "ci.training_runs_90d",
        "ci.scheduled_training_runs_30d",
        "ci.event_training_runs_90d",
        "ci.training_manual_share_90d",
    }


def test_one_hidden_repository_makes_counts_lower_bounds_and_shares_unknown(github: FakeGithub) -> None:
    build_world(github)
    options = {**OPTIONS, "repositories": [*OPTIONS["repositories"], "octo/hidden infra"]}
    collected = collect(github, options)
    assert_sound(collected, GithubConnector.signals)
    found = by_signal(collected)
    assert (found["repo.code_files"].value, found["repo.code_files"].bound) == (7, "lower")
    assert (found["ci.runs_30d"].value, found["ci.runs_30d"].bound) == (12, "lower")
    assert (found["deploy.count_90d"].value, found["deploy.count_90d"].bound) == (9, "lower")
    shares = {
        name: found[name].reason
        for name in found
        if "share" in name or name.endswith(("_rate", "_rate_30d", "_ratio"))
    }
    assert set(shares.values()) == {"unauthorized"}
    # a true stands, a false becomes unknown
    assert found["repo.has_model_card"].value is True
    assert (found["repo.has_iac"].value, found["repo.has_iac"].reason) == (None, "unauthorized")
    # the hidden one is neither app nor training
    assert found["repo.has_tests"].value is True
    assert any("octo/hidden" in note for note in collected.notes)


def test_all_repositories_hidden_is_unauthorized_everywhere_and_never_zero(github: FakeGithub) -> None:
    collected = collect(github)
    assert_sound(collected, GithubConnector.signals)
    found = by_signal(collected)
    assert {found[name].reason for name in found} == {"unauthorized", "unsupported"}
    assert found["ci.tests_executed_p50"].reason == "unsupported"


def test_a_refused_credential_ends_the_collection(github: FakeGithub) -> None:
    github.answer("repos/octo/app", {"message": "Bad credentials"}, status=401)
    with pytest.raises(SourceError) as caught:
        collect(github)
    assert caught.value.kind is Failure.UNAUTHORIZED
    assert len(github.asked) == 1


def test_the_rate_limit_in_the_middle_ends_the_collection_with_the_time_to_come_back(
    github: FakeGithub,
) -> None:
    build_world(github)
    limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800", "Retry-After": "90"}
    github.answer("repos/octo/app/pulls", {"message": "API rate limit exceeded"}, status=403, headers=limit)
    with pytest.raises(SourceError) as caught:
        collect(github)
    assert caught.value.kind is Failure.RATE_LIMITED
    assert caught.value.retry_at is not None


def test_a_server_in_trouble_ends_the_collection(github: FakeGithub) -> None:
    for name in ("app", "training"):
        github.answer(f"repos/octo/{name}", {"message": "Server Error"}, status=503)
    with pytest.raises(SourceError) as caught:
        collect(github)
    assert caught.value.kind is Failure.UNAVAILABLE


def test_missing_actions_permission_blinds_ci_only(github: FakeGithub) -> None:
    build_world(github)
    for name in ("app", "training"):
        refused = {"message": "Resource not accessible by personal access token"}
        github.answer(f"repos/octo/{name}/actions/workflows", refused, status=403)
        github.answer(f"repos/octo/{name}/actions/runs", refused, status=403)
    collected = collect(github)
    assert_sound(collected, GithubConnector.signals)
    found = by_signal(collected)
    blind = {name for name in found if found[name].reason == "unauthorized"}
    assert blind == {name for name in found if name.startswith("ci.") and name != "ci.tests_executed_p50"} | {
        "deploy.tested_sha_share_90d"
    }


@pytest.mark.parametrize("body", [None, {}, {"message": "ok"}, [], "text", {"tree": None}])
def test_a_tree_of_another_shape_is_unread_not_empty(github: FakeGithub, body: Any) -> None:
    build_world(github)
    for name in ("app", "training"):
        github.answer(f"repos/octo/{name}/git/trees/{sha('head')}", body)
    found = by_signal(collect(github))
    assert {
        found[name].reason for name in found if name in ("repo.code_files", "repo.has_tests", "repo.has_iac")
    } == {"unreachable"}


def test_a_truncated_tree_proves_presence_and_never_absence(github: FakeGithub) -> None:
    build_world(github)
    github.answer(f"repos/octo/app/git/trees/{sha('head')}", tree("Dockerfile", "a.py", truncated=True))
    found = by_signal(collect(github))
    assert found["repo.has_container_definition"].value is True
    assert (found["repo.has_tests"].value, found["repo.has_tests"].reason) == (None, "truncated")
    assert (found["repo.has_iac"].value, found["repo.has_iac"].reason) == (None, "truncated")
    assert (found["repo.notebook_share"].value, found["repo.notebook_share"].reason) == (None, "truncated")
    assert (found["repo.code_files"].value, found["repo.code_files"].bound) == (5, "lower")


def test_an_empty_repository_is_read_as_empty(github: FakeGithub) -> None:
    github.answer("repos/octo/new", repository("octo/new"))
    github.answer("repos/octo/new/commits", {"message": "Git Repository is empty."}, status=409)
    collected = collect(github, {"repositories": ["octo/new"]})
    found = by_signal(collected)
    assert found["repo.connected"].value is False
    assert (found["repo.code_files"].value, found["repo.code_files"].bound) == (0, "exact")
    assert (found["repo.notebook_share"].value, found["repo.notebook_share"].reason) == (
        None,
        "insufficient_sample",
    )
    assert collected.notes == ("octo/new has no commit yet.",)


def test_a_pinned_requirements_file_is_a_lock_file(github: FakeGithub) -> None:
    build_world(github)
    github.answer(
        "repos/octo/training/contents/requirements.txt",
        content("# tools\nnumpy==2.1.0\npandas==2.2.3 \\\n  --hash=sha256:ab\n"),
    )
    assert by_signal(collect(github))["repo.has_lockfile"].value is True


def test_environments_without_any_record_are_unknown_not_zero(github: FakeGithub) -> None:
    build_world(github)
    github.answer("repos/octo/app/deployments", [])
    found = by_signal(collect(github))
    deploys = {found[name].reason for name in found if name.startswith("deploy.")}
    assert deploys == {"no_deployment_records"}


def test_no_release_in_the_window_is_zero_where_the_environment_was_used_before(github: FakeGithub) -> None:
    build_world(github)
    old = [
        deployment
        for deployment in github_rows_of(github, "repos/octo/app/deployments")
        if deployment["id"] == 900
    ]
    github.answer("repos/octo/app/deployments", old, environment="production")
    found = by_signal(collect(github))
    assert (found["deploy.frequency_30d"].value, found["deploy.count_90d"].value) == (0, 0)
    assert (found["deploy.rollbacks_180d"].value, found["deploy.rollback_time"].reason) == (
        0,
        "insufficient_sample",
    )
    assert found["deploy.staged_share_90d"].reason == "insufficient_sample"


def github_rows_of(fake: FakeGithub, path: str) -> list[Any]:
    return next(answer.body for answer in fake.answers if answer.path == path)


def test_a_training_workflow_that_does_not_exist_is_not_configured(github: FakeGithub) -> None:
    build_world(github)
    found = by_signal(collect(github, {**OPTIONS, "training_workflows": ["trian.yml"]}))
    assert found["ci.training_runs_90d"].reason == "not_configured"
    assert "trian.yml" in found["ci.training_runs_90d"].detail


def test_a_repository_without_workflows_is_left_out_of_ci(github: FakeGithub) -> None:
    build_world(github)
    github.answer("repos/octo/training/actions/workflows", {"total_count": 0, "workflows": []})
    found = by_signal(collect(github))
    assert (found["ci.runs_30d"].value, found["ci.runs_30d"].bound) == (10, "exact")
    github.answer("repos/octo/app/actions/workflows", {"total_count": 0, "workflows": []})
    found = by_signal(collect(github))
    assert {
        found[name].reason for name in ("ci.runs_30d", "ci.success_rate_30d", "ci.change_coverage_30d")
    } == {"not_configured"}


def test_a_renamed_repository_is_asked_by_its_new_name(github: FakeGithub) -> None:
    github.answer("repos/octo/old", repository("octo/new"))
    github.answer("repos/octo/new/commits", [{**payload("commit"), "sha": sha("head")}])
    github.answer(f"repos/octo/new/git/trees/{sha('head')}", tree("a.py"))
    found = by_signal(collect(github, {"repositories": ["octo/old app"]}))
    assert found["repo.code_files"].value == 1
    assert [path for path in github.paths() if "octo/old" in path] == ["repos/octo/old"]


def test_more_results_than_github_lists_are_read_in_halves(github: FakeGithub) -> None:
    github.memory = Forgetful
    build_world(github)
    capped = {**runs(), "total_count": 1_001}
    whole = f"{(UNTIL - timedelta(days=30)).strftime('%Y-%m-%dT%H:%M:%SZ')}..{UNTIL.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    github.answer("repos/octo/app/actions/runs", capped, branch="main", created=whole)
    found = by_signal(collect(github))
    # both halves answer with the same ten runs: each counts once
    assert (found["ci.runs_30d"].value, found["ci.runs_30d"].bound) == (12, "exact")
    asked = [
        a.query["created"]
        for a in github.asked
        if a.path == "repos/octo/app/actions/runs" and "created" in a.query
    ]
    middle = (UNTIL - timedelta(days=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert asked[0] == whole
    assert asked[1].startswith(middle)
    assert asked[2].endswith(middle)


def test_a_listing_cut_off_in_the_middle_is_a_lower_bound(github: FakeGithub) -> None:
    build_world(github)
    many = [row("pull_request", number=n, state="closed", merged_at="2026-06-20T00:00:00Z", updated_at="2026-06-20T00:00:00Z",
                base={"ref": "main"}, user=user("ann")) for n in range(1_000, 1_150)]  # fmt: skip
    github.answer("repos/octo/app/pulls", many)
    github.answer("repos/octo/app/pulls", {"message": "Server Error"}, status=502, page=2)
    found = by_signal(collect(github))
    assert (found["repo.merged_changes_90d"].value, found["repo.merged_changes_90d"].bound) == (101, "lower")
    assert found["repo.reviewed_change_share_90d"].reason == "unreachable"


def test_an_unusable_line_is_told_and_never_left_out(github: FakeGithub) -> None:
    build_world(github)
    options = {
        **OPTIONS,
        "repositories": [*OPTIONS["repositories"], "https://github.com/octo/app", "octo/app data"],
    }
    collected = collect(github, options)
    assert_sound(collected, GithubConnector.signals)
    assert by_signal(collected)["repo.code_files"].bound == "lower"
    assert sum("https://github.com/octo/app" in note or "“data”" in note for note in collected.notes) == 2
