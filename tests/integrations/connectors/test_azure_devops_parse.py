"""Rows of Azure DevOps' answers: each field, what is kept of it, and real rows where they lie beside the repository."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.azure_devops import changes, lines
from integrations.connectors.azure_devops.asking import project_of, repository_of, rows_of
from integrations.connectors.azure_devops.builds import Build, read_build, read_item, read_steps
from integrations.connectors.azure_devops.host import Retention, read_retention
from integrations.connectors.azure_devops.identities import is_person, who
from integrations.connectors.azure_devops.options import read_setup
from integrations.connectors.common.places import Role
from integrations.connectors.common.runs import Outcome, StartedBy
from integrations.connectors.common.unread import Unread
from integrations.connectors.http import Reply
from tests.integrations.connectors.azure_devops_rows import (
    APP_ID,
    Row,
    account,
    ago,
    build,
    deployment,
    payload,
    person_id,
    pull,
    record,
    sha,
    vote,
)

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "azure_devops"


def read(row: Row) -> Build:
    item = read_item(row)
    assert item is not None
    return read_build(item)


def test_a_build() -> None:
    made = read(build(12, ago(1), "c", branch="refs/heads/feature/x", definition=7))
    assert (made.run.id, made.run.branch, made.run.sha, made.run.definition_id, made.repository_id) == (
        12,
        "feature/x",
        sha("c"),
        7,
        APP_ID,
    )
    assert (made.run.created_at, made.run.finished_at) == (ago(1), ago(1, minutes=-10))
    assert made.run.url == "https://dev.azure.com/acme/churn/_build/results?buildId=12"


@pytest.mark.parametrize(
    ("status", "result", "outcome", "is_final"),
    [
        ("completed", "succeeded", Outcome.SUCCESS, True),
        ("completed", "partiallySucceeded", Outcome.FAILED, True),
        ("completed", "failed", Outcome.FAILED, True),
        ("completed", "canceled", Outcome.LEFT_OUT, True),
        ("completed", "none", Outcome.LEFT_OUT, True),
        ("completed", "somethingNew", Outcome.OTHER, True),
        ("inProgress", None, Outcome.RUNNING, False),
        ("cancelling", "canceled", Outcome.RUNNING, False),
        ("postponed", None, Outcome.RUNNING, False),
    ],
)
def test_outcome(status: str, result: str | None, outcome: Outcome, is_final: bool) -> None:
    item = read_item(build(1, ago(1), "c", status=status, result=result))
    assert item is not None
    assert (read_build(item).run.outcome, item.is_final) == (outcome, is_final)


@pytest.mark.parametrize(
    ("reason", "by", "started_by"),
    [
        ("manual", "ann", StartedBy.PERSON),
        ("userCreated", "ann", StartedBy.PERSON),
        ("manual", "release-app", StartedBy.MACHINE),
        ("schedule", "ann", StartedBy.SCHEDULE),
        ("scheduleForced", "ann", StartedBy.SCHEDULE),
        ("individualCI", "ann", StartedBy.CHANGE),
        ("batchedCI", "ann", StartedBy.CHANGE),
        ("pullRequest", "ann", StartedBy.CHANGE),
        ("buildCompletion", "ann", StartedBy.MACHINE),
        ("resourceTrigger", "ann", StartedBy.MACHINE),
        ("triggered", "ann", StartedBy.MACHINE),
        ("none", "ann", StartedBy.OTHER),
        ("somethingNew", "ann", StartedBy.OTHER),
    ],
)
def test_what_started_a_build(reason: str, by: str, started_by: StartedBy) -> None:
    assert read(build(1, ago(1), "c", reason=reason, by=by)).run.started_by is started_by


def test_nothing_of_a_person_is_kept_but_a_number() -> None:
    item = read_item(build(1, ago(1), "c", by="ann.miller"))
    assert item is not None
    assert "ann" not in json.dumps(dict(item.data))
    assert item.data["starter"] == person_id("ann.miller")


@pytest.mark.parametrize(
    "over", [{"id": 0}, {"id": "12"}, {"queueTime": None}, {"queueTime": "0001-01-01T00:00:00"}]
)
def test_a_build_without_number_or_time_is_left_out(over: dict[str, Any]) -> None:
    assert read_item({**build(1, ago(1), "c"), **over}) is None


@pytest.mark.parametrize(
    ("row", "is_one"),
    [
        (account("ann"), True),
        (account("build-service"), False),
        (account("release-app"), False),
        (account("reviewers"), False),
        ({"id": "a", "uniqueName": "Build\\5f"}, False),
        ({"id": "a", "uniqueName": "ACME\\ann"}, True),
        ({"uniqueName": "ann@example.org"}, False),
        ({}, False),
    ],
)
def test_people(row: Row, is_one: bool) -> None:
    assert is_person(row) is is_one
    assert who({"id": "A-1"}) == "a-1"


def test_a_pull_request() -> None:
    item = changes.read_item(
        pull(
            4, ago(3), votes={"bob": 10, "cat": 5, "dan": -5, "ann": 10, "reviewers": 10}, labels=("HotFix",)
        ),
        "main",
    )
    assert item is not None
    assert (item.key, item.happened_at) == ("4", ago(3))
    assert dict(item.data) == {
        "author": person_id("ann"),
        "is_by_person": True,
        "merge_sha": sha("merge-4"),
        "head_sha": sha("head-4"),
        "head_ref": "topic-4",
        "labels": ["hotfix"],
        "approvers": sorted([person_id("bob"), person_id("cat")]),
    }
    assert changes.read_item(pull(4, ago(3), into="release"), "main") is None
    assert changes.read_item(pull(4, ago(3), status="abandoned"), "main") is None


def test_votes_are_the_first_that_approve() -> None:
    threads = [
        vote("bob", ago(3), -5),
        vote("bob", ago(2), 10),
        vote("bob", ago(1), 10),
        vote("cat", ago(2), 5),
    ]
    assert changes.first_votes([*threads, {"id": 1}, {"id": 2, "properties": None, "comments": [None]}]) == {
        person_id("bob"): ago(2),
        person_id("cat"): ago(2),
    }


def test_steps_are_jobs_and_tasks() -> None:
    records = [
        record("Run tests", ago(1)),
        record("tests", ago(1), "succeededWithIssues", "Job"),
        record("tests", ago(1), "failed"),
        record("tests", ago(1), "skipped"),
        record("tests", ago(1), "abandoned"),
        record("Tests", ago(1), kind="Stage"),
        record("Approval", ago(1), kind="Checkpoint.Approval"),
    ]
    assert [(step.name, step.outcome) for step in read_steps(records)] == [
        ("Run tests", Outcome.SUCCESS),
        ("tests", Outcome.SUCCESS),
        ("tests", Outcome.FAILED),
        ("tests", Outcome.LEFT_OUT),
        ("tests", Outcome.LEFT_OUT),
    ]


def test_jobs_of_one_stage_are_one_deployment() -> None:
    rows = [
        deployment(1, 9, ago(3)),
        deployment(2, 9, ago(2), jobName="eu"),
        deployment(3, 9, ago(1), stageAttempt=2),
        deployment(4, 8, ago(1), result="failed"),
        deployment(5, 7, ago(1), result=None, finishTime=None),
    ]
    items = [item for row in rows if (item := lines.read_item(row)) is not None]
    assert [(one.id, one.build_id, one.finished_at, one.is_success) for one in lines.read_sent(items)] == [
        (1, 9, ago(2), True),
        (3, 9, ago(1), True),
        (4, 8, ago(1), False),
    ]


@pytest.mark.parametrize(
    ("over", "kept"),
    [
        ({}, Retention(365, 30)),
        ({"purgePullRequestRuns": None}, Retention(365, 365)),
        ({"purgePullRequestRuns": {"value": 400}}, Retention(365, 365)),
    ],
)
def test_retention(over: dict[str, Any], kept: Retention) -> None:
    assert read_retention({**payload("retention"), **over}) == kept


def test_retention_that_is_not_told() -> None:
    with pytest.raises(Unread):
        read_retention({"purgeRuns": {"value": 0}})


@pytest.mark.parametrize(
    "data", [None, [], {}, {"value": None}, {"value": {}}, {"value": [None]}, {"value": [{}]}]
)
def test_rows_of_another_shape_are_unread(data: Any) -> None:
    with pytest.raises(Unread) as caught:
        rows_of(Reply(200, data, {}, ""))
    assert caught.value.reason == "unreachable"


def test_setup_reads_what_people_wrote() -> None:
    setup = read_setup(
        {
            "repositories": ["Churn%20Model/app app", "churn", "a/b/c"],
            "training_pipelines": ["Churn%20Model/app: Train it", "retrain"],
        }
    )
    app = setup.repositories[0]
    assert (app.full_name, app.roles, app.problem) == ("Churn%20Model/app", frozenset({Role.APP}), "")
    assert (project_of(app.full_name), repository_of(app.full_name)) == ("Churn Model", "app")
    assert [one.name for one in setup.training_workflows] == ["Train it", "retrain"]
    assert setup.notes == (
        "“churn” is not the name of a repository; write project/repository.",
        "“a/b/c” is not the name of a repository; write project/repository.",
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside this repository")
def test_recorded_builds() -> None:
    with (SAMPLES / "builds.csv").open(newline="") as rows:
        builds = {
            made.run.id: made for row in csv.DictReader(rows) for made in [read(json.loads(row["data"]))]
        }
    assert {number: made.run.outcome for number, made in builds.items()} == {
        **dict.fromkeys((12, 13, 14, 15), Outcome.SUCCESS),
        16: Outcome.RUNNING,
        17: Outcome.RUNNING,
        18: Outcome.LEFT_OUT,
    }
    first = builds[12].run
    assert (first.branch, first.sha, first.definition_id) == (
        "main",
        "40c59264e73fc5e1a6cab192f1622d26b7bd5c2a",
        5,
    )
    assert first.created_at == datetime(2023, 2, 25, 6, 22, 21, 223_762, tzinfo=UTC)
    assert first.finished_at == datetime(2023, 2, 25, 6, 23, 4, 6_188, tzinfo=UTC)
    assert (first.started_by, first.starter) == (
        StartedBy.PERSON,
        "bc538feb-9fdd-6cf8-80e1-7c56950d0289",
    )
