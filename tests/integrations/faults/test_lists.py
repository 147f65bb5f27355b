"""Lists that shift, repeat and change under the reader's hands."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Reading
from integrations.connectors.mlflow import ask_runs
from integrations.models import Source
from integrations.services.sources import edit_source
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import runs
from tests.integrations.connectors.github_world import APP
from tests.integrations.connectors.loopback import Said
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import RUNS, ago_ms
from tests.integrations.connectors.mlflow_world import run as mlflow_run
from tests.integrations.faults.conftest import Patient
from tests.integrations.faults.faulty import changed, says
from tests.integrations.faults.fifty import proves
from tests.integrations.faults.table import AT, DAY
from tests.integrations.standing import standing

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Sick = Callable[[str], Patient]


def _good(patient: Patient, signal: str) -> Any:
    """What the newest good reading says."""
    return Reading.objects.get(team=patient.team, signal=signal).good.value  # type: ignore[union-attr]  # read once in health


class Renamed:
    """GitHub after octo/app became octo/renamed: the old name redirects to its number."""

    def __init__(self, inner: FakeGithub) -> None:
        self._inner = inner

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        if target.partition("?")[0] == "/repos/octo/app":
            return 301, b"{}", {"Content-Type": "application/json", "Location": "/repositories/7"}
        asked = target.replace("/repositories/7", "/repos/octo/app").replace("octo/renamed", "octo/app")
        status, said, more = self._inner.serve_request(asked, headers, body)
        if target.startswith("/repositories/7"):
            said = json.dumps({**json.loads(said), "full_name": "octo/renamed"}).encode()
        return status, said, more


@proves(9)
def test_a_renamed_repository_is_followed_and_stays_the_same(sick: Sick) -> None:
    patient = sick("github")
    assert isinstance(patient.server.inner, FakeGithub)
    patient.server.inner = Renamed(patient.server.inner)
    run_ = patient.collect()
    targets = [asked.target.partition("?")[0] for asked in patient.server.asked]
    assert targets.count("/repositories/7") == 1
    # The mapping file alone is asked for by the name that people gave.
    by_old_name = {
        asked.target for asked in patient.server.asked if asked.target.startswith("/repos/octo/app/")
    }
    assert [target for target in by_old_name if ".mlops-portal.yaml" not in target] == []
    assert run_.failure == ""
    assert {signal: good for signal, good, _ in standing(patient.team)["good"]} == {
        signal: good for signal, good, _ in patient.before["good"]
    }


@proves(29)
def test_ids_told_twice_count_once(sick: Sick, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = sick("mlflow")
    monkeypatch.setattr(ask_runs, "PAGE", 5)
    patient.server.inflict(
        "runs/search", changed(lambda said: {**said, "runs": [*said["runs"], *said["runs"]]})
    )
    patient.collect()
    assert len(patient.server.inflicted) > 1
    assert _good(patient, "mlflow.runs_90d") == 11
    assert {good for _, good, _ in standing(patient.team)["good"]} == {
        good for _, good, _ in patient.before["good"]
    }


@proves(30)
def test_what_a_shifting_list_hid_is_found_by_the_next_reading(
    sick: Sick, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = sick("mlflow")
    monkeypatch.setattr(ask_runs, "PAGE", 3)
    fake = patient.server.inner
    assert isinstance(fake, FakeMlflow)
    late = [mlflow_run(f"late-{number}", 0.04 * number) for number in range(-1, 3)]
    listed = [*late, *RUNS]

    def shift(said: Any) -> Any:
        # While the first page is on its way, somebody deletes two of its runs: the second page skips two others.
        fake.listing("runs/search", "runs", listed[2:])
        return said

    fake.listing("runs/search", "runs", listed)
    patient.server.inflict("runs/search", changed(shift), times=1)
    patient.collect()
    assert patient.server.inflicted
    fake.listing("runs/search", "runs", listed)
    patient.server.mend()
    patient.collect(AT + DAY + timedelta(hours=1), by_schedule=False)
    inside = [
        row
        for row in listed
        if not _is_child(row) and int(row["info"]["start_time"]) > ago_ms(90) + 97_200_000
    ]
    assert _good(patient, "mlflow.runs_90d") == len(inside)


def _is_child(row: Any) -> bool:
    return any(tag["key"] == "mlflow.parentRunId" for tag in row["data"]["tags"])


@proves(31)
def test_a_run_that_changes_after_it_was_read_is_read_again(sick: Sick) -> None:
    patient = sick("github")
    fake = patient.server.inner
    assert isinstance(fake, FakeGithub)
    assert _good(patient, "ci.success_rate_30d") == pytest.approx(9 / 12)
    first = fake.serve_request(f"/{APP}/actions/runs?branch=main", {}, b"")[1]
    rows = [
        {**row, "conclusion": "failure", "run_attempt": 2} if row["id"] == 101 else row
        for row in json.loads(first)["workflow_runs"]
    ]
    fake.answer(f"{APP}/actions/runs", runs(*rows), branch="main")
    patient.collect(AT + DAY + timedelta(hours=1), by_schedule=False)
    # One of the twelve has left the window's other end by no run: 101 is a day old, the oldest ten.
    assert _good(patient, "ci.success_rate_30d") == pytest.approx(8 / 12)


@proves(32)
def test_runs_deleted_at_the_source_are_gone_after_two_misses(sick: Sick) -> None:
    patient = sick("mlflow")
    fake = patient.server.inner
    assert isinstance(fake, FakeMlflow)
    fake.listing(
        "runs/search", "runs", [row for row in RUNS if row["info"]["run_id"] not in {"failed", "job"}]
    )
    for days in (1, 2, 3):
        patient.collect(AT + days * DAY + timedelta(hours=1), by_schedule=False)
    kept = [row for row in RUNS if not _is_child(row) and row["info"]["run_id"] not in {"failed", "job"}]
    inside = [row for row in kept if int(row["info"]["start_time"]) > ago_ms(87) + 10_800_000]
    assert _good(patient, "mlflow.runs_90d") == len(inside)


@proves(33)
def test_a_new_repository_without_a_commit_is_read_to_its_end(sick: Sick) -> None:
    patient = sick("github")
    empty = says("409 Conflict", {"message": "Git Repository is empty."})
    patient.server.inflict("/octo/training/commits", empty)
    patient.server.inflict("/octo/training/git/", empty)
    run_ = patient.collect()
    assert patient.server.inflicted
    assert run_.failure == ""
    assert "octo/training has no commit yet." in run_.notes


@proves(37)
def test_more_results_than_are_listed_are_asked_for_in_parts(sick: Sick) -> None:
    patient = sick("github")
    fake = patient.server.inner
    assert isinstance(fake, FakeGithub)

    def capped(said: Any) -> Any:
        return {**said, "total_count": 1_001}

    patient.server.inflict("branch=main", changed(capped), times=1)
    run_ = patient.collect()
    assert len(patient.server.inflicted) == 1
    assert run_.failure == ""
    assert _good(patient, "ci.runs_30d") == 12


@proves(40)
def test_a_run_from_the_future_waits_for_its_time(sick: Sick) -> None:
    patient = sick("mlflow")
    fake = patient.server.inner
    assert isinstance(fake, FakeMlflow)
    fake.listing("runs/search", "runs", [mlflow_run("ahead", -1.0), *RUNS])
    patient.collect()
    assert _good(patient, "mlflow.runs_90d") == 11
    patient.collect(AT + DAY + timedelta(hours=1), by_schedule=False)
    assert _good(patient, "mlflow.runs_90d") == 12


@proves(11)
def test_a_name_that_another_repository_has_now_is_refused_until_the_mapping_is_saved(sick: Sick) -> None:
    patient = sick("github")
    source = Source.objects.get(team=patient.team)
    numbers = dict(source.identities)
    assert numbers.keys() == {"octo/app", "octo/training"}
    Source.objects.filter(pk=source.pk).update(identities={**numbers, "octo/app": "5"})
    run_ = patient.collect()
    assert run_.failure == ""
    told = f"octo/app: another repository has this name now (number {numbers['octo/app']}; the one that was mapped had 5)."
    assert [note.partition(" Nothing")[0] for note in run_.notes if "another" in note] == [told]
    targets = [a.target for a in patient.server.asked if a.target.startswith("/repos/octo/app/")]
    assert [target for target in targets if ".mlops-portal.yaml" not in target] == []
    assert standing(patient.team)["verdicts"] == patient.before["verdicts"]

    edit_source(source=source, options=source.options, row_version=source.row_version, by=None, at=AT)
    patient.collect(AT + timedelta(hours=1), by_schedule=False)
    assert Source.objects.get().identities == numbers
