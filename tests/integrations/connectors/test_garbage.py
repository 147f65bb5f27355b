"""Connectors against spoilt answers: a sound collection or a SourceError, never a crash and never a zero of garbage."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors.azure_devops.connector import AzureDevopsConnector
from integrations.connectors.base import Collected, Question
from integrations.connectors.github.connector import GithubConnector
from integrations.connectors.gitlab.connector import GitlabConnector
from integrations.connectors.http import SourceError
from integrations.connectors.jenkins.connector import JenkinsConnector
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.connectors.prometheus.connector import PrometheusConnector
from tests.integrations.connectors import (
    azure_devops_world,
    github_world,
    gitlab_world,
    jenkins_rows,
    jenkins_world,
    mlflow_world,
    prometheus_fake,
)
from tests.integrations.connectors.azure_devops_fake import FakeAzure
from tests.integrations.connectors.garbage import spoilt
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.jenkins_fake import FakeJenkins
from tests.integrations.connectors.loopback import Said
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.observed import assert_sound
from tests.integrations.connectors.prometheus_fake import FakePrometheus

pytestmark = pytest.mark.slow


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        github_world.build_world(fake)
        yield fake


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    with FakePrometheus() as fake:
        fake.serve_recorded()
        yield fake


def of_prometheus(fake: FakePrometheus) -> Collected | None:
    with contextlib.suppress(SourceError):
        return fake.collect(prometheus_fake.OPTIONS)
    return None


@pytest.fixture
def gitlab() -> Iterator[FakeGitlab]:
    with FakeGitlab() as fake:
        gitlab_world.build_world(fake)
        yield fake


def of_gitlab(fake: FakeGitlab) -> Collected | None:
    with contextlib.suppress(SourceError):
        return fake.collect(gitlab_world.OPTIONS)
    return None


def of_mlflow(fake: FakeMlflow) -> Collected | None:
    with contextlib.suppress(SourceError):
        return fake.collect(mlflow_world.OPTIONS)
    return None


def of_github(fake: FakeGithub) -> Collected | None:
    connector, http = fake.connector()
    with http, contextlib.suppress(SourceError):
        return connector.collect(Question(until=UNTIL, options=github_world.OPTIONS))
    return None


def of_azure(fake: FakeAzure) -> Collected | None:
    connector, http = fake.connector()
    with http, contextlib.suppress(SourceError):
        return connector.collect(Question(until=UNTIL, options=azure_devops_world.OPTIONS))
    return None


def of_jenkins(fake: FakeJenkins) -> Collected | None:
    connector, http = fake.connector()
    with http, contextlib.suppress(SourceError):
        return connector.collect(Question(until=UNTIL, options=jenkins_world.OPTIONS))
    return None


@pytest.mark.parametrize("seed", range(120))
def test_spoilt_mlflow(mlflow: FakeMlflow, seed: int) -> None:
    _spoil(mlflow.answers, random.Random(seed))
    _assert_sound_if_any(of_mlflow(mlflow), MlflowConnector.signals)


@pytest.mark.parametrize("seed", range(40))
def test_spoilt_github(github: FakeGithub, seed: int) -> None:
    _spoil(github.answers, random.Random(seed))
    _assert_sound_if_any(of_github(github), GithubConnector.signals)


@pytest.mark.parametrize("seed", range(40))
def test_spoilt_azure(azure: FakeAzure, seed: int) -> None:
    _spoil(azure.answers, random.Random(seed))
    _assert_sound_if_any(of_azure(azure), AzureDevopsConnector.signals)


@pytest.mark.parametrize("seed", range(40))
def test_spoilt_jenkins(jenkins: FakeJenkins, seed: int) -> None:
    _spoil(jenkins.answers, random.Random(seed))
    _assert_sound_if_any(of_jenkins(jenkins), JenkinsConnector.signals)


@pytest.mark.parametrize("seed", range(60))
def test_spoilt_prometheus(prometheus: FakePrometheus, seed: int) -> None:
    _spoil(prometheus.answers, random.Random(seed))
    _assert_sound_if_any(of_prometheus(prometheus), PrometheusConnector.signals)


@pytest.mark.parametrize("seed", range(60))
def test_spoilt_gitlab(gitlab: FakeGitlab, seed: int) -> None:
    _spoil(gitlab.answers, random.Random(seed))
    _assert_sound_if_any(of_gitlab(gitlab), GitlabConnector.signals)


def _assert_sound_if_any(collected: Collected | None, signals: frozenset[str]) -> None:
    """A SourceError is sound too."""
    if collected is not None:
        assert_sound(collected, signals)


def _spoil(answers: list[Any], dice: random.Random) -> None:
    for at, answer in enumerate(answers):
        if answer.status == 200 and isinstance(answer.body, (dict, list)) and dice.random() < 0.3:
            body = spoilt(answer.body, dice, times=dice.randint(1, 4))
            # Rows that are served in pages stay a list.
            if not getattr(answer, "key", "") or isinstance(body, type(answer.body)):
                answers[at] = dataclasses.replace(answer, body=body)


WRONG: tuple[Any, ...] = ([None], [[]], ["x", 3], [{}], [{"foo": 1}], {"a": 1}, "text", 7, True, None)


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("path", "key", "signals"),
    [
        ("runs/search", "runs", ("mlflow.runs_30d", "mlflow.runs_90d", "mlflow.evaluations_30d")),
        ("model-versions/search", "model_versions", ("mlflow.versions_90d", "mlflow.production_versions")),
        ("registered-models/search", "registered_models", ("mlflow.prompts",)),
        ("traces/metrics", "data_points", ("mlflow.traces_30d",)),
    ],
)
def test_no_zero_of_garbage_mlflow(
    mlflow: FakeMlflow, wrong: Any, path: str, key: str, signals: tuple[str, ...]
) -> None:
    mlflow.answer(path, {key: wrong, "and": 1})
    collected = of_mlflow(mlflow)
    assert collected is not None
    found = {one.signal: (one.value, one.reason) for one in collected.observations}
    assert {found[name] for name in signals} == {(None, "unreachable")}


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("path", "key", "signals"),
    [
        ("pulls", "", ("repo.merged_changes_90d",)),
        ("actions/runs", "workflow_runs", ("ci.runs_30d",)),
        ("deployments", "", ("deploy.frequency_30d", "deploy.count_90d", "deploy.rollbacks_180d")),
        ("actions/workflows/2/runs", "workflow_runs", ("ci.training_runs_90d", "ci.event_training_runs_90d")),
    ],
)
def test_no_zero_of_garbage_github(
    github: FakeGithub, wrong: Any, path: str, key: str, signals: tuple[str, ...]
) -> None:
    for name in ("app", "training"):
        github.answer(f"repos/octo/{name}/{path}", {key: wrong, "total_count": 1} if key else wrong)
    collected = of_github(github)
    assert collected is not None
    found = {one.signal: (one.value, one.reason) for one in collected.observations}
    assert {found[name] for name in signals} == {(None, "unreachable")}


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("job", "signals"),
    [
        (jenkins_world.TRAIN, ("ci.training_runs_90d", "ci.event_training_runs_90d")),
        (jenkins_world.DEPLOY, ("deploy.frequency_30d", "deploy.count_90d", "deploy.rollbacks_180d")),
    ],
)
def test_no_zero_of_garbage_jenkins(
    jenkins: FakeJenkins, wrong: Any, job: str, signals: tuple[str, ...]
) -> None:
    path = f"{jenkins_rows.path(job)}/api/json"
    jenkins.answer(path, {**jenkins.body(path), "allBuilds": wrong})
    collected = of_jenkins(jenkins)
    assert collected is not None
    found = {one.signal: (one.value, one.reason) for one in collected.observations}
    assert {found[name] for name in signals} == {(None, "unreachable")}


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("path", "key", "signals"),
    [
        ("query", "result", ("monitoring.service_targets", "monitoring.uptime_30d", "serving.active_versions_24h")),
        ("query_range", "result", ("serving.parallel_version_days_90d",)),
        ("rules", "groups", ("monitoring.alert_rules", "monitoring.drift_rules", "monitoring.data_rules")),
        ("series", "", ("monitoring.model_metrics", "serving.active_versions_24h")),
    ],
)  # fmt: skip
def test_no_zero_of_garbage_prometheus(
    prometheus: FakePrometheus, wrong: Any, path: str, key: str, signals: tuple[str, ...]
) -> None:
    kind = "matrix" if path == "query_range" else "vector"
    data = {key: wrong, "resultType": kind} if key else wrong
    prometheus.answer(path, {"status": "success", "data": data})
    collected = of_prometheus(prometheus)
    assert collected is not None
    found = {one.signal: (one.value, one.reason) for one in collected.observations}
    assert {found[name] for name in signals} == {(None, "unreachable")}


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("path", "signals"),
    [
        ("merge_requests", ("repo.merged_changes_90d",)),
        ("pipelines", ("ci.runs_30d", "ci.success_rate_30d", "ci.training_runs_90d")),
        ("jobs", ("ci.training_runs_90d", "ci.event_training_runs_90d")),
        ("deployments", ("deploy.frequency_30d", "deploy.count_90d", "deploy.rollbacks_180d")),
        ("repository/tree", ("repo.code_files", "repo.has_iac")),
        ("environments", ("deploy.count_90d",)),
    ],
)
def test_no_zero_of_garbage_gitlab(
    gitlab: FakeGitlab, wrong: Any, path: str, signals: tuple[str, ...]
) -> None:
    for base in (gitlab_world.APP, gitlab_world.TRAINING):
        gitlab.answer(f"{base}/{path}", wrong)
    collected = of_gitlab(gitlab)
    assert collected is not None
    found = {one.signal: (one.value, one.reason) for one in collected.observations}
    assert {found[name] for name in signals} == {(None, "unreachable")}


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("path", "signals"),
    [
        (f"{azure_devops_world.APP}/pullrequests", ("repo.reviewed_change_share_90d",)),
        (azure_devops_world.BUILDS, ("ci.runs_30d", "ci.training_runs_90d", "ci.event_training_runs_90d")),
        (
            azure_devops_world.PRODUCTION,
            ("deploy.frequency_30d", "deploy.count_90d", "deploy.rollbacks_180d"),
        ),
    ],
)
def test_no_zero_of_garbage_azure(azure: FakeAzure, wrong: Any, path: str, signals: tuple[str, ...]) -> None:
    azure.answer(path, {"value": wrong, "count": 1})
    collected = of_azure(azure)
    assert collected is not None
    found = {one.signal: (one.value, one.reason) for one in collected.observations}
    assert {found[name] for name in signals} == {(None, "unreachable")}


@pytest.mark.parametrize("body", [None, [], {}, {"id": 5}, "x", {"message": "x"}], ids=repr)
def test_one_answer_to_everything_is_never_a_gitlab(body: Any) -> None:
    with FakeGitlab() as fake:
        for path in ("projects/team/app", "projects/102", "projects/5/repository/commits", "projects/5/pipelines",
                     "projects/5/merge_requests", "projects/5/environments", "projects/5/repository/tree"):  # fmt: skip
            fake.answer(path, body)
        collected = of_gitlab(fake)
    if collected is not None:
        assert_sound(collected, GitlabConnector.signals)
        # A project that is nothing but a number has no default branch, so no commit and no file; all else stays unknown.
        known = {one.signal: one.value for one in collected.observations if one.value is not None}
        allowed = known if body == {"id": 5} else {}
        assert known == allowed
        assert not any(name.startswith(("ci.", "deploy.")) for name in known)


WHOLE = (
    b"", b"null", b"[]", b"{}", b"{", b"NaN", b'{"runs": [NaN]}', b'{"a": 1e999}', b'{"a": 1, "a": 2}', b"[" * 50_000,
    b"<html>Sign in</html>", b"\xff\xfe", b'{"error_code": "X"}', b'{"message": "x"}',
)  # fmt: skip


@pytest.mark.parametrize("body", WHOLE, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_one_answer_to_everything_is_never_a_collection(body: bytes, content_type: str) -> None:
    """Whatever a server that is no MLflow says to every question, nothing of it becomes a number."""
    with FakeMlflow() as fake:
        for path in (
            *(
                "experiments/get",
                "experiments/get-by-name",
                "runs/search",
                "registered-models/get",
                "traces/metrics",
            ),
            *("registered-models/search", "model-versions/search", "runs/get", "experiments/search"),
        ):
            fake.answer(path, body, content_type=content_type)
        collected = of_mlflow(fake)
    if collected is not None:
        assert_sound(collected, MlflowConnector.signals)
        # An empty object is what MLflow says when there is nothing; experiments and models must be proven all the same.
        known = {one.signal: one.value for one in collected.observations if one.value is not None}
        assert known == (
            {"mlflow.prompts": 0} if body == b"{}" and content_type == "application/json" else {}
        )


@pytest.mark.parametrize("body", WHOLE, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_one_answer_to_everything_is_no_prometheus(body: bytes, content_type: str) -> None:
    with FakePrometheus() as fake:
        for path in ("query", "query_range", "series", "rules", "status/runtimeinfo"):
            fake.answer(path, body, content_type=content_type)
        assert of_prometheus(fake) is None


class _SaysOneThing:
    """Beside a fake: whatever is asked, the answer is the same."""

    said: tuple[bytes, str]

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        return 200, self.said[0], {"Content-Type": self.said[1]}


class _NoJenkins(_SaysOneThing, FakeJenkins):
    pass


class _NoAzure(_SaysOneThing, FakeAzure):
    pass


EMPTY = (*WHOLE, b'{"value": [], "count": 0}', b'{"allBuilds": [], "jobs": []}', b'{"nextBuildNumber": 1}')


@pytest.mark.parametrize("body", EMPTY, ids=lambda body: repr(body[:20]))
@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
def test_one_answer_to_everything_is_no_number_of_a_host(body: bytes, content_type: str) -> None:
    with _NoJenkins() as jenkins, _NoAzure() as azure:
        jenkins.said = azure.said = (body, content_type)
        for collected in (of_jenkins(jenkins), of_azure(azure)):
            observations = collected.observations if collected is not None else ()
            assert {one.signal: one.value for one in observations if one.value is not None} == {}


def test_sign_in_page_with_200_is_no_collection(mlflow: FakeMlflow) -> None:
    for path in {answer.path for answer in mlflow.answers}:
        mlflow.serve(path, "sign_in_page")
    assert of_mlflow(mlflow) is None
