"""Each signal that the catalogue says MLflow gives, read from a real server that MLflow's own client filled (mlflow_fill).

Values are worked out by hand from the list of runs and models there; `why` says how.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from assessments.models import Reading
from integrations.connectors.base import Collected, Found, Question
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, SourceError
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.models import Connection
from integrations.services import joins
from integrations.services.retraining import TO_LIVE
from teams.models import Team
from tests.factories import make_team
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import payload, repository, row, runs, workflow
from tests.integrations.connectors.shipped import named_by
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.standing import levels, standing
from tests.services.hand_values import Expected, assert_as_worked_out
from tests.services.mlflow_fill import COMMIT
from tests.services.mlflow_server import MlflowServer, mlflow_server
from tests.services.servers import NotInstalled

pytestmark = [pytest.mark.service, pytest.mark.slow]

TEAM = {
    "experiments": ["churn-*"],
    "models": ["churn", "churn-*"],
    "gate_metrics": ["auc", "f1"],
    "evaluation_tag": "stage=evaluation",
}
# What the source is told, and how many days after the filling it is asked.
SCENARIOS: dict[str, tuple[dict[str, Any], int]] = {
    "team": (TEAM, 0),
    # The same world 100 days later: nothing happened since, and that is proven.
    "later": (TEAM, 100),
    "much_later": (TEAM, 400),
    "untold": ({}, 0),
    "no_tag": ({"experiments": ["churn [empty]"], "models": ["churn"]}, 0),
    "empty": ({**TEAM, "experiments": ["churn [empty]"], "models": ["churn"]}, 0),
    "misspelt": ({**TEAM, "experiments": ["chrun"], "models": ["chrun"], "prompts": ["chrun"]}, 0),
    "misspelt_id": ({**TEAM, "experiments": ["99999999999999999999999"]}, 0),
    "retired": ({**TEAM, "experiments": ["churn-retired"], "models": ["chrun-*"]}, 0),
    "half": ({**TEAM, "experiments": ["churn-*", "chrun"], "models": ["churn", "chrun"]}, 0),
    "no_gate": ({**TEAM, "gate_metrics": [], "experiments": []}, 0),
    "unseen_evaluations": ({**TEAM, "experiments": []}, 0),
}

RUNS_90 = "a1-a11 and b1, b2; not a12 (91 days), the deleted, the child, another team's"
TABLE = (
    Expected("mlflow.runs_30d", "team", 8, "a1-a7 and b1"),
    Expected("mlflow.runs_90d", "team", 13, RUNS_90),
    Expected("mlflow.runs_complete_share", "team", 0.5, "a1 a2 a8 a11 b1 of a1-a4 a6 a8 a9 a11 b1 b2", parts=(5, 10)),
    Expected("mlflow.runs_with_git_commit_share", "team", 10 / 13, "all but a3, a10, b2", parts=(10, 13)),
    Expected("mlflow.runs_with_dataset_share", "team", 5 / 13, "a1 a2 a3 a7 a11", parts=(5, 13)),
    Expected("mlflow.runs_from_notebook_share", "team", 3 / 13, "a2, a3 (ipykernel), a6 (colab)", parts=(3, 13)),
    Expected("mlflow.registered_models", "team", 3, "churn, churn-scores, churn-old; no prompt"),
    Expected("mlflow.versions_90d", "team", 6, "churn 2-5, churn-scores 1, churn-old 1; churn 1 is 200 days old"),
    Expected("mlflow.versions_with_run_share", "team", 5 / 7, "all but churn 4 and 5", parts=(5, 7)),
    Expected("mlflow.versions_with_alias", "team", 5, "churn 2, 3, 5, churn-scores 1; churn-old 1 by its stage"),
    Expected("mlflow.champion_challenger", "team", True, "churn 2 and 3"),
    Expected("mlflow.production_versions", "team", 3, "churn 2 champion, churn-scores 1 prod, churn-old 1 by stage"),
    Expected("mlflow.production_from_notebook_share", "team", 1 / 3, "churn-scores 1 is of a3", parts=(1, 3)),
    Expected("mlflow.production_described_share", "team", 1 / 3, "churn 2; churn-old has 79 characters", parts=(1, 3)),
    Expected(
        "mlflow.versions_evaluated_share_90d", "team", 0.5,
        "churn 2 by its run, churn 3 by b1 through the logged model, churn-old 1 named by b2", parts=(3, 6),
    ),
    Expected("mlflow.evaluations_30d", "team", 3, "a4 (its data), b1 (genai), the child of a1 (tag)"),
    Expected("mlflow.traces_30d", "team", 3, "0.5, 1, 29 days; not 31, not those inside b1, not another team's"),
    Expected("mlflow.prompts", "team", 1, "churn-greet; not fraud-greet"),
    Expected("mlflow.retrain_interval_365d", "team", 45.0, "churn trained 91, 3 and 1 days ago: 88 and 2 between"),
    Expected("mlflow.live_version_age", "team", 0, "all were made just now"),
    # Proven zeros, and samples that are too small.
    Expected("mlflow.retrain_interval_365d", "empty", 45.0, "runs of versions are asked for by their ids"),
    Expected("mlflow.retrain_interval_365d", "much_later", None, "no version in a year", "insufficient_sample"),
    Expected("mlflow.retrain_interval_365d", "half", None, "one of two is not there", "model_not_found"),
    Expected("mlflow.live_version_age", "later", 100, "made just before, asked 100 days later"),
    Expected("mlflow.live_version_age", "half", 0, "one of two is not there: at least", bound="lower"),
    Expected("mlflow.runs_30d", "later", 0, "the newest is 101 days old"),
    Expected("mlflow.runs_complete_share", "later", None, "no run in 90 days", "insufficient_sample"),
    Expected("mlflow.evaluations_30d", "later", 0, "the tag is agreed, none has it"),
    Expected("mlflow.traces_30d", "later", 0, "the newest is 100 days old"),
    Expected("mlflow.versions_90d", "later", 0, "the newest is 100 days old"),
    Expected("mlflow.versions_with_run_share", "later", 5 / 7, "all seven in 365 days", parts=(5, 7)),
    Expected("mlflow.versions_evaluated_share_90d", "later", None, "no version", "insufficient_sample"),
    Expected("mlflow.production_versions", "later", 3, "aliases do not age"),
    Expected("mlflow.versions_with_run_share", "much_later", None, "no version", "insufficient_sample"),
    Expected("mlflow.runs_90d", "empty", 0, "the experiment is there and holds nothing"),
    Expected("mlflow.runs_with_dataset_share", "empty", None, "no run", "insufficient_sample"),
    Expected("mlflow.runs_with_git_commit_share", "empty", None, "no run", "insufficient_sample"),
    Expected("mlflow.runs_from_notebook_share", "empty", None, "no run", "insufficient_sample"),
    Expected("mlflow.traces_30d", "empty", 0, "the experiment is there and holds nothing"),
    Expected("mlflow.evaluations_30d", "empty", 0, "the tag is agreed, none has it"),
    Expected("mlflow.evaluations_30d", "no_tag", None, "no tag agreed: none proves nothing", "not_configured"),
    Expected("mlflow.prompts", "empty", None, "two prompts, none like 'churn'", "not_configured"),
    Expected("mlflow.prompts", "misspelt", None, "named, and not there", "model_not_found"),
    Expected("mlflow.runs_90d", "misspelt", None, "runs/search would say 200 {}", "experiment_not_found"),
    Expected("mlflow.runs_90d", "misspelt_id", None, "get would say 500", "experiment_not_found"),
    Expected("mlflow.runs_90d", "retired", None, "runs/search would say 200 {}", "experiment_deleted"),
    Expected("mlflow.traces_30d", "retired", None, "deleted", "experiment_deleted"),
    Expected("mlflow.versions_90d", "misspelt", None, "model-versions/search would say 200 {}", "model_not_found"),
    Expected("mlflow.registered_models", "retired", None, "the pattern fits nothing", "model_not_found"),
    Expected("mlflow.runs_30d", "half", 8, "one of two entries is not there: at least", bound="lower"),
    Expected("mlflow.runs_with_dataset_share", "half", None, "one of two is not there", "experiment_not_found"),
    Expected("mlflow.production_versions", "half", 1, "one of two entries is not there: at least", bound="lower"),
    Expected("mlflow.production_described_share", "half", None, "one of two is not there", "model_not_found"),
    Expected("mlflow.champion_challenger", "half", True, "one that has both is enough"),
    Expected("mlflow.versions_evaluated_share_90d", "no_gate", None, "no gate metric named", "not_configured"),
    Expected(
        "mlflow.versions_evaluated_share_90d", "unseen_evaluations", 2 / 6,
        "churn 2, churn 3 by the logged model; b2 was not read, so at least", bound="lower", parts=(2, 6),
    ),
)  # fmt: skip
# Named runs and versions in `TEAM` that a service joins with GitHub's: test_joined_signals.
JOINED = {
    # churn 2 inside run 1 with the grace; churn 3 ends 6 minutes after run 2; churn-old 1 inside run 3; three without commit
    joins.FROM_CI: (2 / 6, 2, 6),
    # churn 2 and churn-old 1; churn-scores 1 has no commit
    joins.WITH_COMMIT: (2 / 3, 2, 3),
    # only churn 2: the run of churn-old 1 has evaluation data alone
    joins.LINEAGE: (1 / 3, 1, 3),
}


@pytest.fixture(scope="module")
def server() -> Iterator[MlflowServer]:
    try:
        with mlflow_server() as running:
            yield running
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def filled_at(server: MlflowServer) -> datetime:
    """The moment from which the ages of runs count."""
    now_ms = int(time.time() * 1000)
    server.fill(now_ms)
    return datetime.fromtimestamp(now_ms / 1000, UTC)


@dataclass(frozen=True)
class Seen:
    """What the connector collected in each scenario, what "Test connection" saw, and what it says of an unknown Host."""

    collected: dict[str, Collected]
    found: Found
    of_unknown_host: SourceError


@pytest.fixture(scope="module")
def seen(server: MlflowServer, filled_at: datetime) -> Seen:
    """All that tests ask of the running server, asked at once: one of them stops it."""
    collected = {}
    with door(server) as http:
        for name, (options, days) in SCENARIOS.items():
            # Versions and prompts bear the server's time of the filling.
            until = timezone.now() + timedelta(days=days)
            collected[name] = MlflowConnector(http).collect(Question(until=until, options=options))
        found = MlflowConnector(http).test()
    with door(server, Host="mlflow.example.org") as http, pytest.raises(SourceError) as caught:
        MlflowConnector(http).collect(Question(until=timezone.now(), options=TEAM))
    return Seen(collected, found, caught.value)


def door(server: MlflowServer, **headers: str) -> Http:
    return Http(server.url, policy=EgressPolicy.from_text(server.url), headers=headers)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.signal}-{row.scenario}")
def test_signal_has_the_value_worked_out_by_hand(row: Expected, seen: Seen) -> None:
    assert_as_worked_out(row, seen.collected[row.scenario])


def test_each_signal_that_names_mlflow_has_a_row() -> None:
    with_value = {row.signal for row in TABLE if row.value is not None}
    # test_retraining has the values of what is joined with alerts.
    assert with_value | set(JOINED) | {TO_LIVE} == named_by("mlflow")
    assert MlflowConnector.signals | MlflowConnector.joined == named_by("mlflow")


def test_nothing_told_is_not_configured_everywhere(seen: Seen) -> None:
    collected = seen.collected["untold"]
    assert {one.signal: one.reason for one in collected.observations} == dict.fromkeys(
        MlflowConnector.signals, "not_configured"
    )


def test_connection_test_sees_the_version_and_what_can_be_chosen(seen: Seen) -> None:
    found = seen.found
    assert found.identity == "MLflow 3.17.2"
    assert found.choices["models"] == ["churn", "churn-old", "churn-scores", "fraud"]
    assert found.choices["experiments"] == [
        "Default", "churn [empty]", "churn-evaluation", "churn-training", "fraud",
    ]  # fmt: skip
    assert (found.missing, found.notes) == ({}, ())


def test_name_that_the_server_does_not_know_is_told_with_the_remedy(seen: Seen) -> None:
    """/health answers under any name, the API does not (3.5 and later)."""
    assert seen.of_unknown_host.kind is Failure.FORBIDDEN
    assert "--allowed-hosts" in seen.of_unknown_host.message


@pytest.fixture
def connection(server: MlflowServer, filled_at: datetime, settings: Any, db: None) -> Connection:
    settings.PORTAL_EGRESS_ALLOW = server.url
    return make_connection(kind="mlflow", base_url=server.url, answers={}, at=filled_at)


@pytest.fixture
def team(connection: Connection, maturity_model: Any, filled_at: datetime) -> Team:
    team = make_team(created_at=filled_at)
    make_source(connection, team, options=TEAM, at=filled_at)
    return team


def test_joined_signals(
    connection: Connection, team: Team, server: MlflowServer, filled_at: datetime, settings: Any
) -> None:
    collect(connection, at=timezone.now())
    assert joined(connection) == dict.fromkeys(JOINED, (None, "not_configured", None, None))

    with FakeGithub() as github:
        _serve_training(github, filled_at)
        settings.PORTAL_EGRESS_ALLOW = f"{server.url} {github.url}"
        git = make_connection(kind="github", base_url=github.url, answers={"token": "github_pat_x"})
        options = {"repositories": ["octo/model training"], "training_workflows": ["train.yml"]}
        make_source(git, team, options=options)
        collect(git, at=timezone.now())

    assert joined(connection) == {
        signal: (pytest.approx(value), "", part, whole) for signal, (value, part, whole) in JOINED.items()
    }


def joined(connection: Connection) -> dict[str, tuple[Any, ...]]:
    readings = Reading.objects.filter(source=connection.measurement_source, signal__in=JOINED)
    return {
        r.signal: (r.latest.value, r.latest.reason, r.latest.numerator, r.latest.denominator)
        for r in readings.select_related("latest")
    }


def _serve_training(github: FakeGithub, filled_at: datetime) -> None:
    def stamp(days: float, minutes: float) -> str:
        return (filled_at - timedelta(days=days) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def training(id_: int, commit: str, days: float, begins: float, ends: float) -> dict[str, Any]:
        """A run of CI that begins and ends so many minutes after the MLflow run of that day began (30 minutes long)."""
        return row(
            "workflow_run", id=id_, event="push", status="completed", conclusion="success", workflow_id=2,
            path=".github/workflows/train.yml", head_branch="main", head_sha=COMMIT[commit],
            created_at=stamp(days, begins), run_started_at=stamp(days, begins), updated_at=stamp(days, ends),
        )  # fmt: skip

    base = "repos/octo/model"
    github.answer(base, repository())
    github.answer(f"{base}/commits", [payload("commit")])
    github.answer(
        f"{base}/actions/workflows",
        {"total_count": 1, "workflows": [workflow(2, ".github/workflows/train.yml", "Train")]},
    )
    found = runs(
        training(1, "C1", 1, 4, 26), training(2, "C1", 3, 0, 24), training(3, "C2", 8, -1, 31),
    )  # fmt: skip
    github.answer(f"{base}/actions/workflows/2/runs", found)
    for commit in ("C1", "C2"):
        github.answer(f"{base}/commits/{COMMIT[commit]}", {**payload("commit"), "sha": COMMIT[commit]})


def test_stopped_server_fails_visibly_and_no_level_falls(
    seen: Seen, connection: Connection, team: Team, server: MlflowServer
) -> None:
    first = timezone.now()
    (run,) = collect(connection, at=first)
    assert run.outcome == "ok"
    before = standing(team)
    # 10 of 13 runs name their commit: neither 0.8 nor under 0.5, so that criterion stays open.
    assert "environment.recorded_per_run" not in before["verdicts"]
    assert before["verdicts"]["tracking.results_written"] == ("yes", "measured")
    assert before["verdicts"]["training.one_command"] == ("no", "measured")
    assert levels(team)["tracking"] == 1

    server.stop()
    (run,) = collect(connection, at=first + timedelta(hours=6))

    said = "127.0.0.1 could not be reached: check the address, and that the server runs."
    assert (run.outcome, run.failure, run.message) == ("failed", "unreachable", said)
    connection.refresh_from_db()
    assert (connection.last_failure, connection.last_failure_message) == ("unreachable", said)
    assert connection.last_success_at is not None
    assert connection.last_success_at < first + timedelta(hours=6)
    assert standing(team) == before
    latest = Reading.objects.filter(team=team).exclude(signal__in=JOINED)
    assert set(latest.values_list("latest__reason", flat=True)) == {"unreachable"}
