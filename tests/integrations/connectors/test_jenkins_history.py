"""Builds that Jenkins has thrown away: a missing number makes counts lower bounds and shares unknown, never zero."""

from __future__ import annotations

import pytest

from integrations.connectors.base import Question
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.jenkins.connector import JenkinsConnector
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.jenkins_rows import UNTIL, ago, build, path
from tests.integrations.connectors.jenkins_world import (
    DEPLOY,
    FREESTYLE,
    MAIN,
    OPTIONS,
    TRAIN,
    collect,
    serve,
)
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound, by_signal, value
from tests.integrations.connectors.remembering import Remembering
from tests.integrations.connectors.test_jenkins_collect import EXPECTED

pytestmark = pytest.mark.slow


# --- History that Jenkins has thrown away ------------------------------------------------------------------------------


def test_a_missing_number_makes_counts_lower_bounds_and_shares_unknown(jenkins: FakeJenkins) -> None:
    builds = [one for one in jenkins.body(f"{path(MAIN)}/api/json")["allBuilds"] if one["number"] >= 8]
    # Jenkins keeps the last good build whatever its age: that an old one is left proves nothing.
    old = [one for one in jenkins.body(f"{path(MAIN)}/api/json")["allBuilds"] if one["number"] == 2]
    serve(jenkins, MAIN, *builds, *old)
    collected = collect(jenkins)
    assert_sound(collected, JenkinsConnector.signals)
    assert value(collected, "ci.runs_30d") == (9, "", "lower")
    assert value(collected, "ci.success_rate_30d") == (None, "history_discarded", "exact")
    assert value(collected, "ci.test_steps_share") == (None, "history_discarded", "exact")
    assert value(collected, "ci.tests_executed_p50") == (None, "history_discarded", "exact")
    assert value(collected, "deploy.tested_sha_share_90d") == (None, "history_discarded", "exact")
    assert value(collected, "deploy.count_90d") == (9, "", "exact")
    assert collected.notes == (f"{MAIN}: Jenkins has thrown builds away; all are there from 18 Jun 2026 on.",)


def test_a_gap_before_the_window_does_not_matter(jenkins: FakeJenkins) -> None:
    builds = [one for one in jenkins.body(f"{path(MAIN)}/api/json")["allBuilds"] if one["number"] >= 4]
    serve(jenkins, MAIN, *builds)
    collected = collect(jenkins)
    assert value(collected, "ci.runs_30d") == (12, "", "exact")
    assert value(collected, "ci.success_rate_30d") == (9 / 12, "", "exact")
    # but the tests of what was deployed then are gone
    assert value(collected, "deploy.tested_sha_share_90d") == (None, "history_discarded", "exact")


def test_a_job_whose_builds_are_all_gone_is_unknown_and_never_zero(jenkins: FakeJenkins) -> None:
    serve(jenkins, TRAIN, next_number=10)
    serve(jenkins, DEPLOY, next_number=14)
    collected = collect(jenkins)
    assert_sound(collected, JenkinsConnector.signals)
    for signal in TRAINING_SIGNALS:
        assert value(collected, signal) == (None, "history_discarded", "exact"), signal
    for signal in ("deploy.frequency_30d", "deploy.count_90d", "deploy.rollbacks_180d"):
        assert by_signal(collected)[signal].value is None, signal
    assert collected.facts == ()


def test_jobs_that_never_built_are_a_proven_zero_or_no_records(jenkins: FakeJenkins) -> None:
    serve(jenkins, TRAIN)
    serve(jenkins, DEPLOY)
    collected = collect(jenkins)
    assert value(collected, "ci.training_runs_90d") == (0, "", "exact")
    assert value(collected, "ci.scheduled_training_runs_30d") == (0, "", "exact")
    assert value(collected, "ci.training_manual_share_90d")[:2] == (None, "insufficient_sample")
    # a job that never deployed: the team deploys in another way
    assert {value(collected, signal)[:2] for signal in DEPLOY_SIGNALS} == {(None, "no_deployment_records")}


def test_a_deploy_job_at_rest_is_a_proven_zero(jenkins: FakeJenkins) -> None:
    serve(jenkins, DEPLOY, build(1, ago(150), by="upstream", commit="A", **FREESTYLE))
    collected = collect(jenkins)
    assert value(collected, "deploy.frequency_30d") == (0, "", "exact")
    assert value(collected, "deploy.count_90d") == (0, "", "exact")


def test_many_builds_are_read_slice_by_slice(jenkins: FakeJenkins) -> None:
    serve(jenkins, TRAIN, *(build(number, ago(60 - number / 5), by="timer") for number in range(1, 251)))
    collected = collect(jenkins)
    assert value(collected, "ci.training_runs_90d") == (250, "", "exact")
    # the last 30 days: 60 - n / 5 <= 30, so 150 to 250
    assert value(collected, "ci.scheduled_training_runs_30d") == (101, "", "exact")
    slices = [
        asked.query["tree"].rpartition("]")[2]
        for asked in jenkins.asked
        if asked.path == f"{path(TRAIN)}/api/json" and "allBuilds" in asked.query["tree"]
    ]
    assert slices == ["{0,100}", "{100,200}", "{200,300}"]


def test_what_was_read_before_jenkins_threw_it_away_still_counts(jenkins: FakeJenkins) -> None:
    memory = Remembering()
    connector, http = jenkins.connector()
    with http:
        first = connector.collect(Question(until=UNTIL, options=OPTIONS, memory=memory))
        main = f"{path(MAIN)}/api/json"
        kept = [one for one in jenkins.body(main)["allBuilds"] if one["number"] >= 14]
        done = build(17, ago(0.01), commit="x17", tests=130)
        serve(jenkins, MAIN, *(one for one in kept if one["number"] != 17), done, build(18, ago(-0.5)))
        asked = len(jenkins.asked)
        second = connector.collect(Question(until=ago(-1), options=OPTIONS, memory=memory))
    assert_as_worked_out(first, EXPECTED)
    # 17 came to its end, 18 is new
    assert value(second, "ci.runs_30d") == (14, "", "exact")
    assert value(second, "ci.success_rate_30d") == (11 / 14, "", "exact")
    assert value(second, "deploy.tested_sha_share_90d") == (5 / 9, "", "exact")
    # nothing is asked again that was over: two new builds by name or stage, lists and jobs
    stages = [one.path for one in jenkins.asked[asked:] if one.path.endswith("describe")]
    assert stages == [f"{path(MAIN)}/18/wfapi/describe"]


def test_builds_thrown_away_between_two_readings_are_missed(jenkins: FakeJenkins) -> None:
    memory = Remembering()
    connector, http = jenkins.connector()
    with http:
        connector.collect(Question(until=UNTIL, options=OPTIONS, memory=memory))
        serve(jenkins, TRAIN, build(12, ago(-0.5), by="timer"))
        second = connector.collect(Question(until=ago(-1), options=OPTIONS, memory=memory))
    # 10 and 11 were never seen
    assert value(second, "ci.training_runs_90d") == (9, "", "lower")
    assert value(second, "ci.training_manual_share_90d") == (None, "history_discarded", "exact")
