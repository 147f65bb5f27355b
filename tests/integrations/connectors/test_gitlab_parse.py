"""The pure half of the GitLab connector: payloads in, items to remember and neutral values out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.connectors.common import runs
from integrations.connectors.common.places import Place
from integrations.connectors.common.runs import Outcome, StartedBy
from integrations.connectors.common.setup import TEST_WORDS, words_pattern
from integrations.connectors.gitlab.accounts import _MACHINE
from integrations.connectors.gitlab.commits import commit_data, commits_of
from integrations.connectors.gitlab.deployments import (
    approvers,
    deployment_item,
    releases_of,
    shows_approvals,
)
from integrations.connectors.gitlab.guards import is_closed_to_pushes, needs_approval, needs_checks
from integrations.connectors.gitlab.merge_requests import change_item, changes_of, is_approval
from integrations.connectors.gitlab.options import PROJECT, read_setup
from integrations.connectors.gitlab.pipelines import (
    details_item,
    details_of,
    downstream,
    ended_jobs,
    job_data,
    pipeline_item,
    reported_tests,
    run_of,
    steps_of,
)
from tests.integrations.connectors.gitlab_rows import (
    BOT,
    PAYLOADS,
    UNTIL,
    ago,
    approval_rule,
    bridge,
    change,
    deployment,
    details,
    job,
    key,
    payload,
    pipeline,
    protected,
    row,
    sha,
)

PLACE = Place(
    "team/app", frozenset(), "main", sha("head"), "https://gitlab.example.com/team/app", False, "projects/101"
)


def test_every_payload_says_where_it_is_from() -> None:
    files = sorted(PAYLOADS.glob("*.json"))
    assert len(files) == 23
    for file in files:
        found = json.loads(file.read_text())
        assert set(found) == {"label", "source", "body"}, file.name
        assert found["label"] in {"recorded", "documented", "made up"}, file.name
        assert len(found["source"]) > 20, file.name


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- pipelines


def test_the_documented_pipeline() -> None:
    item = pipeline_item(payload("pipeline"))
    assert item is not None
    assert (item.key, item.happened_at, item.is_final) == ("47", at("2026-06-20T11:38:34.169"), True)
    run = run_of(item, PLACE)
    assert (run.id, run.branch, run.sha, run.outcome, run.started_by) == (
        47, "main", "a91957a858320c0e17f3a0eca7cfacbff50ea29a", Outcome.SUCCESS, StartedBy.CHANGE,
    )  # fmt: skip
    assert (run.created_at, run.finished_at) == (at("2026-06-20T11:28:34.085"), at("2026-06-20T11:38:34.169"))
    assert run.url == "https://gitlab.example.com/team/app/-/pipelines/47"


def test_what_is_remembered_of_a_pipeline_names_nobody() -> None:
    item = details_item(payload("pipeline_details"), is_person=True)
    assert item is not None
    assert dict(item.data) == {
        "status": "success",
        "source": "push",
        "ref": "main",
        "sha": "a91957a858320c0e17f3a0eca7cfacbff50ea29a",
        "created_at": "2026-06-20T11:28:34.085000+00:00",
        "started_at": "2026-06-20T11:28:40.197000+00:00",
        "finished_at": "2026-06-20T11:38:34.175000+00:00",
        "starter": "11",
        "is_by_person": True,
    }


@pytest.mark.parametrize(
    ("source", "by_person", "expected"),
    [
        ("push", True, StartedBy.CHANGE),
        ("merge_request_event", True, StartedBy.CHANGE),
        ("external_pull_request_event", True, StartedBy.CHANGE),
        ("schedule", True, StartedBy.SCHEDULE),
        ("web", True, StartedBy.PERSON),
        ("api", True, StartedBy.PERSON),
        ("api", False, StartedBy.MACHINE),
        ("trigger", True, StartedBy.MACHINE),
        ("pipeline", True, StartedBy.MACHINE),
        ("container_registry_push", True, StartedBy.MACHINE),
        ("parent_pipeline", True, StartedBy.OTHER),
        ("security_orchestration_policy", True, StartedBy.OTHER),
        ("", True, StartedBy.OTHER),
    ],
)
def test_who_started_a_pipeline(source: str, by_person: bool, expected: StartedBy) -> None:
    item = details_item(details(1, ago(1), source=source), is_person=by_person)
    assert item is not None
    assert details_of(item, PLACE).run.started_by is expected


@pytest.mark.parametrize(
    ("status", "source", "expected"),
    [
        ("success", "push", Outcome.SUCCESS),
        ("failed", "push", Outcome.FAILED),
        ("canceled", "push", Outcome.LEFT_OUT),
        ("skipped", "push", Outcome.LEFT_OUT),
        ("running", "push", Outcome.RUNNING),
        ("manual", "push", Outcome.RUNNING),
        ("waiting_for_resource", "push", Outcome.RUNNING),
        ("success", "external", Outcome.LEFT_OUT),
    ],
)
def test_how_a_pipeline_ended(status: str, source: str, expected: Outcome) -> None:
    item = pipeline_item(pipeline(1, ago(1), status=status, source=source))
    assert item is not None
    assert run_of(item, PLACE).outcome is expected


@pytest.mark.parametrize("over", [{"id": None}, {"id": "7"}, {"created_at": None}, {"created_at": "soon"}])
def test_a_pipeline_without_number_or_time_is_none(over: dict[str, Any]) -> None:
    assert pipeline_item({**pipeline(1, ago(1)), **over}) is None


def test_a_pipeline_that_never_changed_has_the_time_it_was_made() -> None:
    item = pipeline_item(pipeline(1, ago(1), status="running", updated_at=None))
    assert item is not None
    assert (item.happened_at, item.is_final) == (ago(1), False)


def test_a_retried_pipeline_is_a_newer_word_of_the_same() -> None:
    first, again = (
        pipeline_item(pipeline(1, ago(3), minutes=minutes, status=status))
        for minutes, status in ((10, "failed"), (90, "success"))
    )
    assert first is not None
    assert again is not None
    assert first.key == again.key
    assert first.changed_at is not None
    assert again.changed_at == first.changed_at + timedelta(minutes=80)


# --- jobs


def test_jobs_are_steps_once_they_came_to_an_end() -> None:
    pattern = words_pattern(TEST_WORDS)

    def found(*rows: Any) -> tuple[bool, datetime | None]:
        steps = runs.tests_among(steps_of(job_data(rows)), pattern)
        return steps.has_run, steps.passed_at

    assert found(payload("job")) == (True, at("2026-06-20T11:33:00.895"))
    assert found(job(1, "build", ago(1)), job(2, "pytest", ago(2))) == (True, ago(2))
    assert found(job(1, "pytest", ago(1), "failed", allow_failure=True)) == (True, None)
    assert found(job(1, "pytest", ago(1), "skipped"), job(2, "pytest", ago(1), "manual")) == (False, None)
    assert found(job(1, "latest", ago(1))) == (False, None)
    # the stage of the documented job is named test; the job itself decides
    assert found({**payload("job"), "name": "compile"}) == (False, None)


def test_training_jobs_are_those_that_ended_by_name() -> None:
    rows = [
        job(1, "Train", ago(1), pipeline=10),
        job(2, "train", ago(1), "failed", pipeline=11),
        job(3, "train", ago(1), "manual", pipeline=12),
        job(4, "train", ago(1), "canceled", pipeline=13),
        job(5, "trainer", ago(1), pipeline=14),
        {**job(6, "train", ago(1)), "pipeline": None},
    ]
    found = ended_jobs(rows, frozenset({"train"}))
    assert [dict(item.data) for item in found] == [
        {"pipeline": 10, "name": "train"},
        {"pipeline": 11, "name": "train"},
    ]


def test_downstream_pipelines_and_reports() -> None:
    assert downstream([bridge(5), {**payload("bridge"), "downstream_pipeline": None}]) == [5]
    assert reported_tests(payload("test_report_summary")) == 3363
    assert reported_tests({"total": {"count": -1}}) == 0


# --- changes


def test_the_documented_merge_request() -> None:
    item = change_item(payload("merge_request"), ["hotfix"], is_by_person=True)
    assert item is not None
    assert dict(item.data) == {
        "merged_at": "2026-06-21T08:46:00+00:00",
        "author": "11",
        "is_by_person": True,
        "merge_sha": "9" * 40,
        "head_sha": "8" * 40,
        "is_marked": False,
    }
    (found,) = changes_of([item], ["hotfix"], UNTIL)
    assert (found.number, found.merged_at, found.author, found.labels) == (
        1,
        at("2026-06-21T08:46:00"),
        "11",
        frozenset(),
    )


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"labels": ["HotFix"]}, True),
        ({"source_branch": "hotfix/login"}, True),
        ({"labels": ["hotfix-later"], "source_branch": "no-hotfix"}, False),
        ({"labels": None}, False),
    ],
)
def test_marks_of_a_repair(over: dict[str, Any], expected: bool) -> None:
    item = change_item(change(1, ago(1), **over), ["hotfix"], is_by_person=True)
    assert item is not None
    assert item.data["is_marked"] is expected
    assert changes_of([item], ["hotfix"], UNTIL)[0].labels == (
        frozenset({"hotfix"}) if expected else frozenset()
    )


def test_a_squash_without_a_merge_commit_is_found_by_its_own() -> None:
    squashed = change(1, ago(1), merge_commit_sha=None, squash_commit_sha=sha("squash"))
    item = change_item(squashed, [], is_by_person=True)
    assert item is not None
    assert item.data["merge_sha"] == sha("squash")
    assert change_item(change(1, None), [], is_by_person=True) is None


def test_changes_are_newest_first_and_none_of_tomorrow() -> None:
    items = [
        change_item(change(iid, when), [], is_by_person=True)
        for iid, when in ((1, ago(3)), (2, ago(1)), (3, ago(-1)))
    ]
    assert [one.number for one in changes_of([item for item in items if item], [], UNTIL)] == [2, 1]


def test_an_approval_counts_from_another_before_the_merge() -> None:
    item = change_item(change(1, ago(1)), [], is_by_person=True)
    assert item is not None
    (merged,) = changes_of([item], [], UNTIL)
    before, after = ago(2).isoformat(), ago(0.5).isoformat()
    given = ((key("bob"), before), (key("bob"), ""), (key("bob"), after), (key("ann"), before), ("", before))
    assert [is_approval(merged, who, when) for who, when in given] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (BOT, True),
        ("project_101_bot", True),
        ("project_101_bot1", True),
        ("group_7_bot_0a1b", True),
        ("service_account_group_9_ab", True),
        ("gitlab-security-bot", True),
        ("renovate[bot]", True),
        ("project_manager", False),
        ("ann_bot", False),
        ("robot", False),
    ],
)
def test_names_that_gitlab_gives_to_machines(name: str, expected: bool) -> None:
    assert (_MACHINE.fullmatch(name) is not None) is expected


# --- deployments


def test_the_documented_deployment() -> None:
    item = deployment_item(payload("deployment"), "Production", lambda _: True)
    assert item is not None
    assert item.happened_at == at("2026-06-20T07:38:12")
    (release,) = releases_of([item], UNTIL)
    assert (release.sha, release.run_id, release.deployment.environment, release.deployment.creator) == (
        "99d03678b90d914dbb1b109132516d71a4a03ea8",
        47,
        "production",
        "11",
    )


def test_a_deployment_that_a_tool_recorded_ended_when_it_was_changed_last() -> None:
    item = deployment_item(deployment(1, "A", ago(3)), "production", lambda _: False)
    assert item is not None
    assert (item.happened_at, item.data["pipeline"], item.data["is_by_person"]) == (ago(3), 0, False)


@pytest.mark.parametrize(
    "over",
    [
        {"status": "failed"},
        {"status": "running"},
        {"sha": "../x"},
        {"id": None},
        {"environment": {"name": "staging"}},
    ],
)
def test_other_deployments_are_none(over: dict[str, Any]) -> None:
    assert deployment_item({**deployment(1, "A", ago(3)), **over}, "production", lambda _: True) is None


def test_approvals_of_a_deployment_of_both_kinds() -> None:
    one = row("deployment_approval")
    plain = {**deployment(1, "A", ago(1)), "approvals": [one, {**one, "status": "rejected"}]}
    ruled = {"approval_summary": {"rules": [{"deployment_approvals": [one]}, {"deployment_approvals": []}]}}
    assert [user["username"] for user in approvers(plain)] == ["ann"]
    assert [user["username"] for user in approvers(ruled)] == ["ann"]
    assert [shows_approvals(found) for found in (plain, ruled, deployment(1, "A", ago(1)))] == [
        True,
        True,
        False,
    ]


def test_commits_have_their_committers_date_and_of_their_message_only_the_mark() -> None:
    given = payload("comparison")["commits"]
    assert commit_data(given) == [[given[0]["id"], "2026-06-20T09:50:01+00:00", ""]]
    (revert,) = commits_of(commit_data([{**given[0], "title": 'Revert "Model"'}]))
    assert (revert.is_revert, revert.title) == (True, "Revert")


# --- the branch


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], False),
        ([protected("main")], True),
        ([protected("ma*")], True),
        ([protected("*")], True),
        ([protected("release/*")], False),
        ([protected("main", {"access_level": 40})], False),
        ([protected("main", {}, {"access_level": 40})], False),
        ([protected("main", {"user_id": 7})], False),
        ([protected("main", {"access_level": None, "group_id": 7})], False),
        ([protected("main", {"access_level": False})], False),
        ([protected("main"), protected("m*", {"access_level": 30})], False),
        ([{**protected("main"), "push_access_levels": []}], False),
        ([{**protected("main"), "push_access_levels": None}], False),
    ],
)
def test_who_may_push_past_a_merge_request(rules: list[Any], expected: bool) -> None:
    assert is_closed_to_pushes(rules, "main") is expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], False),
        ([approval_rule()], True),
        ([approval_rule(approvals_required=0)], False),
        ([approval_rule(rule_type="regular", approvals_required=2)], True),
        ([approval_rule(rule_type="code_owner")], False),
        ([approval_rule(rule_type="report_approver")], False),
        ([approval_rule(protected_branches=[{"name": "release"}])], False),
        ([approval_rule(protected_branches=[{"name": "ma*"}])], True),
        ([approval_rule(protected_branches=[{"name": "x"}], applies_to_all_protected_branches=True)], True),
    ],
)
def test_whether_every_change_needs_an_approval(rules: list[Any], expected: bool) -> None:
    assert needs_approval(rules, "main") is expected


def test_whether_a_merge_waits_for_a_pipeline() -> None:
    assert needs_checks(payload("project")) is True
    assert needs_checks({"only_allow_merge_if_pipeline_succeeds": False}) is False
    assert needs_checks({}) is None


# --- options


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("team/app", True),
        ("group/sub/deeper/app.py", True),
        ("102", True),
        ("_team/app", True),
        ("app", False),
        ("team/../app", False),
        ("team/.git", False),
        ("/team/app", False),
        ("https://gitlab.com/team/app", False),
        ("team/app?x=1", False),
        ("team/app#1", False),
        ("1" * 19, False),
    ],
)
def test_names_of_projects(name: str, expected: bool) -> None:
    assert (PROJECT.fullmatch(name) is not None) is expected


def test_setup_reads_projects_by_path_and_number() -> None:
    setup = read_setup(
        {"repositories": "g/s/app app\n102 training", "training_jobs": ["102:train", "nightly: big"]}
    )
    assert [one.full_name for one in setup.repositories] == ["g/s/app", "102"]
    assert [(one.name, one.repository) for one in setup.training_workflows] == [
        ("train", "102"),
        ("nightly: big", ""),
    ]
    assert (setup.notes, setup.production) == ((), ())
