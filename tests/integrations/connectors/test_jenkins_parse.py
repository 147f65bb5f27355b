"""Rows of Jenkins' answers to builds: each field, what is kept of it, and real rows where they lie beside the repository."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors.common.runs import Outcome, StartedBy
from integrations.connectors.jenkins.builds import Build, Revision, digest, read_build, read_item
from integrations.connectors.jenkins.host import read_stages
from integrations.connectors.jenkins.jobs import path_of
from integrations.connectors.jenkins.options import job_name, read_setup
from tests.integrations.connectors.jenkins_rows import Row, ago, build, report, revision, sha

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "jenkins"


def read(row: Row) -> Build:
    item = read_item(row)
    assert item is not None
    return read_build(item)


def test_a_build_is_read_in_milliseconds() -> None:
    made = read(build(31, datetime(2026, 6, 1, 12, tzinfo=UTC), commit="c", minutes=10))
    assert (made.number, made.started_at, made.finished_at) == (
        31,
        datetime(2026, 6, 1, 12, tzinfo=UTC),
        datetime(2026, 6, 1, 12, 10, tzinfo=UTC),
    )
    assert made.revisions == (Revision(sha("c"), "main", "git.example.org/acme/churn"),)


@pytest.mark.parametrize(
    ("result", "is_building", "outcome", "is_final"),
    [
        ("SUCCESS", False, Outcome.SUCCESS, True),
        ("UNSTABLE", False, Outcome.FAILED, True),
        ("FAILURE", False, Outcome.FAILED, True),
        ("ABORTED", False, Outcome.LEFT_OUT, True),
        ("NOT_BUILT", False, Outcome.LEFT_OUT, True),
        ("SOMETHING_NEW", False, Outcome.OTHER, True),
        (None, True, Outcome.RUNNING, False),
        # a pipeline may carry a result while it still runs
        ("FAILURE", True, Outcome.RUNNING, False),
        (None, False, Outcome.RUNNING, False),
    ],
)
def test_outcome(result: str | None, is_building: bool, outcome: Outcome, is_final: bool) -> None:
    item = read_item(build(1, ago(1), result=result, building=is_building))
    assert item is not None
    assert (read_build(item).outcome, item.is_final) == (outcome, is_final)


@pytest.mark.parametrize(
    ("by", "started_by"),
    [
        ("push", StartedBy.CHANGE),
        ("poll", StartedBy.CHANGE),
        ("timer", StartedBy.SCHEDULE),
        ("upstream", StartedBy.MACHINE),
        ("step", StartedBy.MACHINE),
        ("remote", StartedBy.MACHINE),
        ("ann", StartedBy.PERSON),
        (("replay", "ann"), StartedBy.PERSON),
        (("timer", "ann"), StartedBy.PERSON),
        (("poll", "timer"), StartedBy.SCHEDULE),
        ("robot", StartedBy.MACHINE),
        (("robot", "ann"), StartedBy.PERSON),
        ("replay", StartedBy.OTHER),
    ],
)
def test_what_started_a_build(by: tuple[str, ...] | str, started_by: StartedBy) -> None:
    assert read(build(1, ago(1), by=by)).started_by(frozenset({digest("Robot")})) is started_by


def test_nothing_of_a_person_is_kept_in_the_clear() -> None:
    item = read_item(build(1, ago(1), by="ann.miller"))
    assert item is not None
    assert "ann" not in json.dumps(dict(item.data))
    assert item.data["users"] == [digest("Ann.Miller")]


@pytest.mark.parametrize(
    ("remote", "kept"),
    [
        ("https://git.example.org/acme/churn.git", "git.example.org/acme/churn"),
        ("https://bot:hunter2@git.example.org/acme/churn", "git.example.org/acme/churn"),
        ("git@git.example.org:acme/churn.git", "git.example.org/acme/churn"),
        ("ssh://git@git.example.org:2222/acme/Churn.git/", "git.example.org/acme/churn"),
        ("https://[bad", ""),
    ],
)
def test_a_repository_is_kept_without_a_credential(remote: str, kept: str) -> None:
    action = revision("c", remote=remote)
    made = read(build(1, ago(1), commit="", actions=[action]))
    assert made.revisions == (Revision(sha("c"), "main", kept),)


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("refs/remotes/origin/main", "main"),
        ("refs/heads/feature/x", "feature/x"),
        ("origin/dev", "dev"),
        ("main", "main"),
        ("detached", ""),
    ],
)
def test_branch(name: str, branch: str) -> None:
    assert read(build(1, ago(1), branch=name)).revisions[0].branch == branch


def test_two_repositories_tell_no_commit_unless_one_is_meant() -> None:
    made = read(build(1, ago(1), commit="c", actions=[revision("lib", remote="https://git.example.org/lib")]))
    assert made.revision("") is None
    assert made.revision("acme/churn") == Revision(sha("c"), "main", "git.example.org/acme/churn")
    assert made.revision("elsewhere") is None


def test_tests_are_those_of_reports() -> None:
    assert read(build(1, ago(1))).tests is None
    assert read(build(1, ago(1), tests=0)).tests == 0
    assert read(build(1, ago(1), tests=7, actions=[report(9)])).tests == 9
    other = {"_class": "io.jenkins.plugins.coverage.CoverageAction", "totalCount": 900}
    assert read(build(1, ago(1), actions=[other])).tests is None


@pytest.mark.parametrize(
    "over", [{"number": 0}, {"number": None}, {"timestamp": None}, {"timestamp": 10**18}]
)
def test_a_row_without_number_or_time_is_left_out(over: dict[str, Any]) -> None:
    assert read_item({**build(1, ago(1)), **over}) is None


def test_stages() -> None:
    rows = [
        {"name": "Unit tests", "status": "SUCCESS", "startTimeMillis": 1_000, "durationMillis": 500},
        {"name": "e2e", "status": "UNSTABLE", "startTimeMillis": 2_000, "durationMillis": 0},
        {"name": "Lint", "status": "NOT_EXECUTED"},
    ]
    found = [(step.name, step.outcome, step.ended_at) for step in read_stages({"stages": rows})]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert found == [
        ("Unit tests", Outcome.SUCCESS, epoch + timedelta(seconds=1.5)),
        ("e2e", Outcome.FAILED, epoch + timedelta(seconds=2)),
        ("Lint", Outcome.LEFT_OUT, None),
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("acme/train", "acme/train"),
        ("/acme/train/", "acme/train"),
        ("job/acme/job/train/", "acme/train"),
        ("job", "job"),
        ("job/train", "train"),
        ("acme/job/train", "acme/job/train"),
        (" acme / churn model ", "acme/churn model"),
        ("//", ""),
    ],
)
def test_job_names(line: str, name: str) -> None:
    assert job_name(line) == name


def test_the_path_of_a_job_cannot_leave_its_place() -> None:
    assert path_of("acme/feature%2Fx") == "job/acme/job/feature%252Fx"
    assert path_of("a b/../?x=1#y") == "job/a%20b/job/../job/%3Fx%3D1%23y"


def test_setup_reads_what_people_wrote() -> None:
    setup = read_setup(
        {"ci_jobs": ["a", "job/a", ""], "machine_users": "Bot\n\nRobot", "repository": " Acme/X "}
    )
    assert setup.ci == ("a",)
    assert setup.machine_users == {"bot", "robot"}
    assert (setup.repository, setup.branch, setup.hotfix_marks) == ("acme/x", "", ("hotfix",))


def samples(name: str) -> Iterator[dict[str, Any]]:
    with (SAMPLES / f"{name}.csv").open(newline="") as lines:
        for line in csv.DictReader(lines):
            yield json.loads(line["data"])


needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside this repository")


@needs_samples
def test_recorded_builds() -> None:
    builds = {made.number: made for row in samples("builds") for made in [read(row)]}
    assert len(builds) == 14
    assert {made.started_by(frozenset()) for made in builds.values()} == {StartedBy.PERSON}
    first = builds[31]
    assert first.started_at == datetime(2022, 4, 15, 12, 0, 49, 161_000, tzinfo=UTC)
    assert first.finished_at - first.started_at == timedelta(milliseconds=1_587)
    assert first.revision("") == Revision(
        "0f886c74949c3ee7e489188911c7dc0c1d547418", "main", "github.com/merico-dev/lake"
    )
    assert (first.is_pipeline, builds[23].is_pipeline, builds[23].revision("")) == (False, True, None)
    # Three of them still run: a result that stands in a running build is not its end.
    running = {number for number, made in builds.items() if made.outcome is Outcome.RUNNING}
    assert running == {27, 10001, 10002}
    assert {number: builds[number].outcome for number in (10003, 10004, 10005)} == {
        10003: Outcome.LEFT_OUT,
        10004: Outcome.OTHER,  # NOT_BUILD, as these rows spell it
        10005: Outcome.FAILED,
    }


@needs_samples
def test_recorded_stages() -> None:
    outcomes = [step.outcome for step in read_stages({"stages": list(samples("stages"))})]
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == {
        Outcome.SUCCESS: 12,
        Outcome.FAILED: 5,
        Outcome.LEFT_OUT: 7,
    }
