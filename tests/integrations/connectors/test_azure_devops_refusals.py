"""What Azure DevOps deletes, hides or delays: never a zero, and each missing permission blinds its signals and no others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.connectors.azure_devops.connector import AzureDevopsConnector
from integrations.connectors.base import Question
from integrations.connectors.common import change_signals, ci_signals, code_signals
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.http import Failure, SourceError
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.azure_devops_rows import (
    UNTIL,
    ago,
    build,
    row,
    sha,
)
from tests.integrations.connectors.azure_devops_world import (
    API,
    BUILDS,
    OPTIONS,
    collect,
)
from tests.integrations.connectors.observed import assert_sound, by_signal, value
from tests.integrations.connectors.remembering import Remembering
from tests.integrations.connectors.test_azure_devops_collect import EXPECTED

pytestmark = pytest.mark.slow


def _builds(azure: FakeAzure) -> list[Any]:
    return list(next(one.body["value"] for one in reversed(azure.answers) if one.path == BUILDS))


# --- What Azure DevOps deletes ------------------------------------------------------------------------------------------


def test_runs_that_were_deleted_make_counts_lower_bounds_and_shares_unknown(azure: FakeAzure) -> None:
    days = {"purgeRuns": {"min": 1, "max": 731, "value": 15}, "purgePullRequestRuns": {"value": 10}}
    azure.answer(f"{API}/build/retention", row("retention", **days))
    azure.rows(BUILDS, [one for one in _builds(azure) if one["queueTime"] > ago(15).isoformat()])
    collected = collect(azure, production_environments=[])
    assert_sound(collected, AzureDevopsConnector.signals)
    assert value(collected, "ci.runs_30d")[2] == "lower"
    for signal in ("ci.success_rate_30d", "ci.test_steps_share", "ci.tests_executed_p50"):
        assert value(collected, signal)[:2] == (None, "history_discarded"), signal
    # 301, 303, 304 are left
    assert value(collected, "ci.training_runs_90d") == (3, "", "lower")
    assert value(collected, "ci.training_manual_share_90d")[:2] == (None, "history_discarded")


def test_runs_of_pull_requests_go_first_so_coverage_is_a_lower_bound(azure: FakeAzure) -> None:
    azure.answer(f"{API}/build/retention", row("retention", purgePullRequestRuns={"value": 10}))
    found = by_signal(collect(azure))["ci.change_coverage_30d"]
    assert (found.value, found.bound) == (4 / 6, "lower")
    assert found.detail == "4 of 6. At least this share: runs of pull requests are deleted after 10 days."


def test_a_retention_that_is_not_told_leaves_lower_bounds(azure: FakeAzure) -> None:
    azure.answer(f"{API}/build/retention", {"purgeRuns": None})
    collected = collect(azure)
    assert_sound(collected, AzureDevopsConnector.signals)
    assert value(collected, "ci.runs_30d") == (20, "", "lower")
    assert value(collected, "ci.success_rate_30d")[:2] == (None, "unreachable")
    assert value(collected, "ci.training_runs_90d") == (7, "", "lower")
    # what went live was tested or not; of what was not, a deleted run may have been the test
    assert value(collected, "deploy.tested_sha_share_90d")[:2] == (None, "unreachable")


def test_an_environment_of_one_project_is_none_of_another(azure: FakeAzure) -> None:
    other = "22222222-aaaa-4bbb-8ccc-000000000003"
    azure.answer("lab/_apis/git/repositories/tool", row("repository", id=other, name="tool"))
    azure.rows(
        f"lab/_apis/git/repositories/{other}/refs", [{"name": "refs/heads/main", "objectId": sha("h")}]
    )
    azure.rows("lab/_apis/distributedtask/environments", [row("environment", id=9, name="sandbox")])
    collected = collect(azure, repositories=[*OPTIONS["repositories"], "lab/tool infra"])
    assert value(collected, "deploy.count_90d") == (9, "", "exact")
    assert value(collected, "deploy.staged_share_90d") == (5 / 9, "", "exact")


def test_deployments_before_a_deleted_build_are_not_known(azure: FakeAzure) -> None:
    azure.rows(BUILDS, [one for one in _builds(azure) if one["id"] != 906])
    collected = collect(azure)
    assert_sound(collected, AzureDevopsConnector.signals)
    # 40 days ago something went live, nobody knows of which repository
    assert value(collected, "deploy.frequency_30d") == (5, "", "exact")
    assert value(collected, "deploy.count_90d") == (8, "", "lower")
    assert value(collected, "deploy.automated_share_90d")[:2] == (None, "history_discarded")


def test_what_was_read_before_it_was_deleted_still_counts(azure: FakeAzure) -> None:
    memory, options = Remembering(), OPTIONS
    connector, http = azure.connector()
    with http:
        connector.collect(Question(until=UNTIL, options=options, memory=memory))
        days = {"purgeRuns": {"value": 30}, "purgePullRequestRuns": {"value": 30}}
        azure.answer(f"{API}/build/retention", row("retention", **days))
        azure.rows(
            BUILDS,
            [
                build(1019, ago(-0.5), "x"),
                build(1006, ago(0.01), "new"),
                *(one for one in _builds(azure) if one["id"] != 1006),
            ],
        )
        asked = len(azure.asked)
        second = connector.collect(Question(until=ago(-1), options=options, memory=memory))
    assert value(second, "ci.training_runs_90d") == (7, "", "exact")
    # the running one is over, another came
    assert value(second, "ci.runs_30d") == (22, "", "exact")
    timelines = [one.path for one in azure.asked[asked:] if one.path.endswith("/timeline")]
    # neither has one here: a 404 is no build without tests
    assert timelines == [f"{BUILDS}/1019/timeline"]


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endings", "blind"),
    [
        (("/items",), {*code_signals.SIGNALS} - {"repo.connected", "repo.main_branch_guarded"}),
        (("/policy/",), {"repo.main_branch_guarded"}),
        (
            ("/pullrequests",),
            {*change_signals.SIGNALS, "deploy.change_failure_rate", "deploy.rollback_time"},
        ),
        (("/threads",), {"repo.reviewed_change_share_90d"}),
        (
            ("/build/builds",),
            {*ci_signals.SIGNALS, "ci.change_coverage_30d", *TRAINING_SIGNALS, *DEPLOY_SIGNALS},
        ),
        (("/timeline",), {"ci.test_steps_share", "deploy.tested_sha_share_90d"}),
        (("/test/runs",), {"ci.tests_executed_p50"}),
        (("/distributedtask/",), {*DEPLOY_SIGNALS}),
        (("/commits",), {"deploy.lead_time_p50_h", "deploy.change_failure_rate", "deploy.rollback_time"}),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_each_missing_permission_blinds_its_signals_and_no_others(
    azure: FakeAzure, endings: tuple[str, ...], blind: set[str]
) -> None:
    azure.refuse(*endings)
    collected = collect(azure)
    assert_sound(collected, AzureDevopsConnector.signals)
    found = by_signal(collected)
    assert {name for name, one in found.items() if one.reason == "unauthorized"} == blind
    others = {name: EXPECTED[name][0] for name in EXPECTED if name not in blind}
    if endings == ("/timeline",):
        # dan's approval is found by the timeline
        assert value(collected, "deploy.deployers_180d") == (2, "", "lower")
        del others["deploy.deployers_180d"]
    assert {name: found[name].value for name in others} == {
        name: pytest.approx(one) if isinstance(one, float) else one for name, one in others.items()
    }


def test_a_refused_credential_ends_the_collection(azure: FakeAzure) -> None:
    azure.answer(f"{API}/git/repositories/app", {}, status=401)
    with pytest.raises(SourceError) as caught:
        collect(azure)
    assert caught.value.kind is Failure.UNAUTHORIZED
    assert len(azure.asked) == 1


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (203, {}),
        (302, {"Location": "https://spsprodcus5.vssps.visualstudio.com/_signin?realm=dev.azure.com"}),
        (302, {"Location": "/acme/_signin"}),
    ],
)
def test_a_sign_in_page_is_a_refused_credential(
    azure: FakeAzure, status: int, headers: dict[str, str]
) -> None:
    azure.answer(f"{API}/git/repositories/app", {}, status=status, headers=headers)
    with pytest.raises(SourceError) as caught:
        collect(azure)
    assert (caught.value.kind, caught.value.status) == (Failure.UNAUTHORIZED, status)
    assert caught.value.message.startswith("Azure DevOps asks to sign in")
    assert len(azure.asked) == 1


def test_a_delayed_answer_ends_the_collection_with_the_time_to_come_back(azure: FakeAzure) -> None:
    azure.answer(
        f"{API}/git/repositories/app",
        row("repository"),
        headers={"Retry-After": "30", "X-RateLimit-Delay": "2.5"},
    )
    with pytest.raises(SourceError) as caught:
        collect(azure)
    assert (caught.value.kind, caught.value.retry_at) == (
        Failure.RATE_LIMITED,
        UNTIL + timedelta(seconds=30),
    )


def test_a_hidden_repository_makes_counts_lower_bounds_and_shares_unknown(azure: FakeAzure) -> None:
    collected = collect(azure, repositories=[*OPTIONS["repositories"], "churn/hidden infra"])
    assert_sound(collected, AzureDevopsConnector.signals)
    for signal, number in (("repo.code_files", 7), ("ci.runs_30d", 20), ("deploy.count_90d", 9)):
        assert value(collected, signal) == (number, "", "lower")
    assert value(collected, "ci.success_rate_30d")[:2] == (None, "unauthorized")
    assert any("churn/hidden" in note for note in collected.notes)
