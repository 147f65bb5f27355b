"""End to end over loopback: a team's Jenkins as rows, and the value worked out by hand for every signal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from integrations.connectors.base import FactKind, Question
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.jenkins.connector import JOINED, JenkinsConnector
from integrations.connectors.jenkins.options import CI_SIGNALS
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.jenkins_rows import UNTIL, ago, build, path, sha
from tests.integrations.connectors.jenkins_world import (
    CI,
    DEPLOY,
    FREESTYLE,
    LINT,
    MAIN,
    OPTIONS,
    STAGE,
    TRAIN,
    build_world,
    collect,
    serve,
)
from tests.integrations.connectors.loopback import Said
from tests.integrations.connectors.observed import assert_as_worked_out, assert_sound, by_signal, value
from tests.integrations.connectors.shipped import shipped_signals

pytestmark = pytest.mark.slow


# Worked out by hand from tests/integrations/connectors/jenkins_world.py: (value, reason, bound, numerator, denominator).
EXPECTED: dict[str, tuple[Any, ...]] = {
    # main: 5, 6, 7, 8, 10 and 12 to 16; lint: 1 and 3. Aborted, not built, running, of another branch: not counted
    "ci.runs_30d": (12, "", "exact", None, None),
    # main: 7, 10, 12 to 16; the unstable 8 is no success; lint: both
    "ci.success_rate_30d": (9 / 12, "", "exact", 9, 12),
    "ci.change_coverage_30d": (None, "not_configured", "exact", None, None),
    # by report: main 8, 14, 16 and lint 3; by stage: main 6, 7, 10, 15
    "ci.test_steps_share": (8 / 12, "", "exact", 8, 12),
    # the middle of 40, 100, 118 and 120
    "ci.tests_executed_p50": (109, "", "exact", None, None),
    # 1 to 9 without the aborted 3
    "ci.training_runs_90d": (8, "", "exact", None, None),
    # 7; 6 failed, 1 is older
    "ci.scheduled_training_runs_30d": (1, "", "exact", None, None),
    # 4 from afar, 5 by another job, 9 by a user that is no person
    "ci.event_training_runs_90d": (3, "", "exact", None, None),
    # 2 and 8
    "ci.training_manual_share_90d": (2 / 8, "", "exact", 2, 8),
    # E, F, G, H, I
    "deploy.frequency_30d": (5, "", "exact", None, None),
    # and B, A, C, D; C sent twice on one day counts once, X failed
    "deploy.count_90d": (9, "", "exact", None, None),
    # all but B, C and E
    "deploy.automated_share_90d": (6 / 9, "", "exact", 6, 9),
    # ann and bea; cat's failed
    "deploy.deployers_180d": (2, "", "exact", None, None),
    "deploy.lead_time_p50_h": (None, "shas_not_comparable", "exact", None, None),
    # B, A, F, G, I; C and E failed, D and H tested nothing
    "deploy.tested_sha_share_90d": (5 / 9, "", "exact", 5, 9),
    # B, A, H; G two minutes before is no trial, I went to staging afterwards, D failed there
    "deploy.staged_share_90d": (3 / 9, "", "exact", 3, 9),
    # B taken back by A, E mended by F from a hotfix branch
    "deploy.change_failure_rate": (2 / 9, "", "exact", 2, 9),
    # 6 hours and 20
    "deploy.rollback_time": (13, "", "exact", None, None),
    "deploy.rollbacks_180d": (1, "", "exact", None, None),
}


def test_collect_gives_the_values_worked_out_by_hand(jenkins: FakeJenkins) -> None:
    collected = collect(jenkins)
    assert_sound(collected, JenkinsConnector.signals)
    assert_as_worked_out(collected, EXPECTED)
    assert collected.notes == ()


def test_signals_are_those_of_the_catalogue_that_jenkins_can_give() -> None:
    given = {
        name
        for name, signal in shipped_signals().items()
        if not signal["providers"].get("jenkins", "unsupported").startswith("unsupported")
    }
    assert JenkinsConnector.signals | JOINED == given
    assert set(EXPECTED) == JenkinsConnector.signals


def test_collect_gives_a_fact_for_each_training_build(jenkins: FakeJenkins) -> None:
    told = collect(jenkins).facts
    facts = {fact.key: fact for fact in told if fact.kind is FactKind.TRAINING_RUN}
    assert set(facts) == {f"{TRAIN}#{number}" for number in (1, 2, 4, 5, 6, 7, 8, 9)}
    assert {fact.kind for fact in told} == {FactKind.TRAINING_RUN, FactKind.DEPLOYMENT}
    manual = facts[f"{TRAIN}#8"]
    assert (manual.sha, manual.started_at, manual.finished_at) == (
        sha("t1"),
        ago(3),
        ago(3) + timedelta(hours=2),
    )
    assert manual.url == "https://jenkins.example.org/job/acme/job/train/8/"


def test_every_question_names_its_fields(jenkins: FakeJenkins) -> None:
    collect(jenkins)
    assert {asked.status for asked in jenkins.asked} == {200}
    without = [asked.path for asked in jenkins.asked if "tree" not in asked.query]
    assert without == [one for one in without if one.endswith("wfapi/describe")]
    # Stages are asked for where no report tells it, once for each build: 5, 6, 7, 10, 12, 13, 15, and 2 and 4 for releases.
    assert sorted(without) == sorted(
        f"{path(MAIN)}/{number}/wfapi/describe" for number in (5, 6, 7, 10, 12, 13, 15, 2, 4)
    )


def test_without_any_job_nothing_is_asked(jenkins: FakeJenkins) -> None:
    connector, http = jenkins.connector()
    with http:
        collected = connector.collect(Question(until=UNTIL, options={}))
    assert_sound(collected, JenkinsConnector.signals)
    assert {one.reason for one in collected.observations} == {"not_configured"}
    assert jenkins.asked == []


@pytest.mark.parametrize(
    ("option", "blind"),
    [
        ("ci_jobs", (*CI_SIGNALS, "deploy.tested_sha_share_90d")),
        ("training_jobs", TRAINING_SIGNALS),
        ("production_jobs", DEPLOY_SIGNALS),
        ("preproduction_jobs", ("deploy.staged_share_90d",)),
    ],
)
def test_what_is_not_told_stays_unknown_and_nothing_else(
    jenkins: FakeJenkins, option: str, blind: tuple[str, ...]
) -> None:
    found = by_signal(collect(jenkins, **{option: []}))
    silent = {name for name, one in found.items() if one.reason == "not_configured"}
    assert silent == {*blind, "ci.change_coverage_30d"}
    assert {name for name, (given, *_) in EXPECTED.items() if given is not None} - silent == {
        name for name, one in found.items() if one.value is not None
    }


# --- Where a job is found ------------------------------------------------------------------------------------------------


def test_a_folder_stands_for_its_jobs_and_an_address_for_a_name(jenkins: FakeJenkins) -> None:
    collected = collect(jenkins, ci_jobs=["job/acme/job/churn/", "acme/lint"], training_jobs=["acme/train/"])
    assert value(collected, "ci.runs_30d") == (12, "", "exact")
    everything = collect(jenkins, ci_jobs=["acme"])
    # of the last 30 days: main 10, lint 2, train 4 to 9, stage G H I, deploy E G H I (F is of a hotfix branch)
    assert value(everything, "ci.runs_30d") == (10 + 2 + 6 + 3 + 4, "", "exact")


def test_the_default_branch_is_the_primary_one_or_the_one_told(jenkins: FakeJenkins) -> None:
    assert value(collect(jenkins, ci_jobs=["acme/churn"], default_branch="feature/drift"), "ci.runs_30d") == (
        2,
        "",
        "exact",
    )
    found = by_signal(collect(jenkins, ci_jobs=["acme/churn"], default_branch="trunk"))["ci.runs_30d"]
    assert (found.value, found.reason) == (None, "not_configured")
    assert found.detail == "acme/churn: It has no branch trunk."


def test_a_job_of_other_branches_only_is_a_question_and_no_zero(jenkins: FakeJenkins) -> None:
    serve(jenkins, LINT, build(1, ago(2), branch="refs/remotes/origin/trunk"))
    found = by_signal(collect(jenkins, ci_jobs=["acme/lint"]))["ci.runs_30d"]
    assert (found.value, found.reason) == (None, "not_configured")
    assert found.detail == "acme/lint builds trunk and not main or master; name the default branch."
    assert value(collect(jenkins, ci_jobs=["acme/lint"], default_branch="trunk"), "ci.runs_30d")[0] == 1


def test_a_hidden_job_makes_counts_lower_bounds_and_shares_unknown(jenkins: FakeJenkins) -> None:
    collected = collect(
        jenkins,
        ci_jobs=["acme/churn", "acme/lint", "acme/hidden"],
        training_jobs=["acme/train", "acme/hidden"],
        production_jobs=["acme/deploy", "acme/hidden"],
    )
    assert_sound(collected, JenkinsConnector.signals)
    assert value(collected, "ci.runs_30d") == (12, "", "lower")
    assert value(collected, "ci.success_rate_30d")[:2] == (None, "unauthorized")
    assert value(collected, "ci.training_runs_90d") == (8, "", "lower")
    assert value(collected, "ci.training_manual_share_90d")[:2] == (None, "unauthorized")
    assert value(collected, "deploy.count_90d") == (9, "", "lower")
    assert value(collected, "deploy.automated_share_90d")[:2] == (None, "unauthorized")
    assert any("acme/hidden" in note for note in collected.notes)


# --- What builds do not tell ----------------------------------------------------------------------------------------------


def test_deployments_without_a_commit_are_a_lower_bound(jenkins: FakeJenkins) -> None:
    serve(
        jenkins,
        DEPLOY,
        build(1, ago(9), by="upstream", commit="", **FREESTYLE),
        build(2, ago(6), by="ann", commit="", **FREESTYLE),
        build(3, ago(5.99), by="upstream", commit="", **FREESTYLE),
        build(4, ago(3), by="upstream", commit="", **FREESTYLE),
    )
    collected = collect(jenkins)
    assert_sound(collected, JenkinsConnector.signals)
    # 2 and 3 may have sent the same commit on one day
    assert value(collected, "deploy.count_90d") == (3, "", "lower")
    assert value(collected, "deploy.automated_share_90d") == (3 / 4, "", "exact")
    for signal in ("tested_sha_share_90d", "staged_share_90d", "rollback_time", "rollbacks_180d"):
        assert value(collected, f"deploy.{signal}")[:2] == (None, "no_deployment_records"), signal


def test_the_repository_that_is_meant_tells_the_commit(jenkins: FakeJenkins) -> None:
    library = {
        "_class": "hudson.plugins.git.util.BuildData",
        "lastBuiltRevision": {"SHA1": sha("library"), "branch": [{"name": "refs/remotes/origin/main"}]},
        "remoteUrls": ["git@git.example.org:acme/pipeline-library.git"],
    }
    serve(
        jenkins,
        DEPLOY,
        *(
            build(number, ago(days), by="upstream", commit=commit, actions=[library], **FREESTYLE)
            for number, (commit, days) in enumerate((("B", 70), ("A", 69), ("B", 68)), 1)
        ),
    )
    assert value(collect(jenkins), "deploy.rollbacks_180d")[:2] == (None, "no_deployment_records")
    assert value(collect(jenkins, repository="acme/churn"), "deploy.rollbacks_180d") == (1, "", "exact")


def test_who_let_a_pipeline_go_on_is_not_seen_so_deployers_are_a_lower_bound(jenkins: FakeJenkins) -> None:
    serve(jenkins, DEPLOY, build(1, ago(9), by="ann"), build(2, ago(8), by="bea"))
    assert value(collect(jenkins), "deploy.deployers_180d") == (2, "", "lower")


def test_a_build_that_does_not_say_what_started_it_leaves_the_share_unknown(jenkins: FakeJenkins) -> None:
    builds = [build(number, ago(10 - number), by="upstream", **FREESTYLE) for number in (1, 2, 3, 4)]
    builds[0]["actions"][0]["causes"] = []
    serve(jenkins, DEPLOY, *builds)
    found = by_signal(collect(jenkins))["deploy.automated_share_90d"]
    assert (found.value, found.reason) == (None, "unreachable")
    assert found.detail == "acme/deploy: 1 builds do not say what started them."


def test_a_server_without_stages_cannot_tell_of_tests(jenkins: FakeJenkins) -> None:
    jenkins.answers = [one for one in jenkins.answers if not one.path.endswith("wfapi/describe")]
    collected = collect(jenkins)
    assert_sound(collected, JenkinsConnector.signals)
    assert value(collected, "ci.test_steps_share") == (None, "unsupported", "exact")
    assert value(collected, "deploy.tested_sha_share_90d") == (None, "unsupported", "exact")
    assert value(collected, "ci.runs_30d") == (12, "", "exact")


def test_builds_that_never_publish_a_report_have_no_number_of_tests(jenkins: FakeJenkins) -> None:
    serve(jenkins, LINT, build(1, ago(5), **FREESTYLE), build(2, ago(4), **FREESTYLE))
    collected = collect(jenkins, ci_jobs=["acme/lint"])
    assert value(collected, "ci.tests_executed_p50")[:2] == (None, "no_report_published")
    # five runs are needed before anything is asked
    assert value(collected, "ci.test_steps_share")[:2] == (None, "insufficient_sample")
    many = [build(number, ago(6 - number), **FREESTYLE) for number in range(1, 6)]
    serve(jenkins, LINT, *many)
    assert value(collect(jenkins, ci_jobs=["acme/lint"]), "ci.test_steps_share")[:2] == (None, "unsupported")


# --- Refusals ----------------------------------------------------------------------------------------------------------------


def test_a_refused_credential_ends_the_collection(jenkins: FakeJenkins) -> None:
    connector, http = jenkins.connector(user="nobody")
    with http, pytest.raises(SourceError) as caught:
        connector.collect(Question(until=UNTIL, options=OPTIONS))
    assert caught.value.kind is Failure.UNAUTHORIZED
    assert len(jenkins.asked) == 1


def test_a_server_in_trouble_ends_the_collection(jenkins: FakeJenkins) -> None:
    for name in ("acme/churn", LINT, TRAIN, STAGE, DEPLOY):
        jenkins.answer(f"{path(name)}/api/json", {}, status=503)
    with pytest.raises(SourceError) as caught:
        collect(jenkins)
    assert caught.value.kind is Failure.UNAVAILABLE


def test_a_list_of_builds_of_another_shape_is_unread_and_never_zero(jenkins: FakeJenkins) -> None:
    shapes: tuple[Any, ...] = (None, {}, [None], [{}], "text", 7)
    for wrong in shapes:
        jenkins.answer(
            f"{path(TRAIN)}/api/json", {**jenkins.body(f"{path(TRAIN)}/api/json"), "allBuilds": wrong}
        )
        collected = collect(jenkins)
        assert {value(collected, signal)[:2] for signal in TRAINING_SIGNALS} == {(None, "unreachable")}, wrong


class _BreaksOff(FakeJenkins):
    """Fails from the second slice of a list on."""

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        is_second = "{100,200}" in unquote(target)
        return (500, b"{}", {}) if is_second else super().serve_request(target, headers, body)


def test_a_second_slice_that_fails_makes_a_lower_bound() -> None:
    with _BreaksOff() as fake:
        build_world(fake)
        serve(fake, TRAIN, *(build(number, ago(60 - number / 5), by="timer") for number in range(1, 251)))
        collected = collect(fake)
    assert value(collected, "ci.training_runs_90d") == (100, "", "lower")
    assert value(collected, "ci.training_manual_share_90d")[:2] == (None, "unreachable")


def test_the_world_speaks_of_every_kind_of_build() -> None:
    assert {result for _, _, result, _ in CI.values()} == {
        "SUCCESS",
        "UNSTABLE",
        "FAILURE",
        "ABORTED",
        "NOT_BUILT",
    }
