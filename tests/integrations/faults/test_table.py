"""Each fault of the table, inflicted on a real collection through the real door, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from assessments.models import Reading
from tests.integrations.faults import test_around, test_lists
from tests.integrations.faults.conftest import Patient
from tests.integrations.faults.fifty import ELSEWHERE, FIFTY, PROVEN
from tests.integrations.faults.table import AT, TABLE, Row
from tests.integrations.standing import standing

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.row}: {row.words}" for row in TABLE])
def test_a_fault_is_told_and_costs_nothing(row: Row, sick: Callable[[str], Patient]) -> None:
    patient = sick(row.system)
    patient.server.inflict(row.where, row.action, times=row.times, after=row.after)

    run = patient.collect()

    assert patient.server.inflicted, "the fault did not happen"
    assert (run.outcome, run.failure) == row.said
    reading = Reading.objects.select_related("latest").get(team=patient.team, signal=row.signal)
    assert reading.latest.reason == row.reason
    for private in ("banner", "Traceback", "Sign in", "Permission denied", "github_pat_loopback"):
        assert private not in f"{run.message}{run.notes}{reading.latest.detail}"
    # Nothing of what was known moved: neither good readings nor verdicts nor any number.
    assert without_dates(standing(patient.team)) == without_dates(patient.before)
    # The worker is free, and knows when to come back.
    assert (patient.connection.lease_key, patient.connection.is_paused) == ("", False)
    earliest, latest = row.due
    assert AT + earliest <= patient.connection.next_due_at <= AT + latest

    patient.server.mend()
    healed = patient.collect(max(patient.connection.next_due_at, AT + earliest), by_schedule=False)
    assert healed.outcome in {"ok", "partial"}
    assert not healed.failure


def without_dates(stood: dict[str, Any]) -> dict[str, Any]:
    """Good readings by their measurement alone: what could be read was read again."""
    return {**stood, "good": [(signal, good) for signal, good, _ in stood["good"]]}


def test_every_fault_has_its_proof() -> None:
    # The stories of this folder tell what they prove when they are imported.
    for story in (test_around, test_lists):
        assert story.__name__
    proven = PROVEN.keys() | ELSEWHERE.keys()
    assert {number: words for number, words in FIFTY.items() if number not in proven} == {}
    assert proven - FIFTY.keys() == set()


@pytest.mark.parametrize(("module", "name"), [place for places in ELSEWHERE.values() for place in places])
def test_what_is_proven_elsewhere_is_there(module: str, name: str) -> None:
    assert callable(getattr(import_module(module), name))
