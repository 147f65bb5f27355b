"""Each permission taken away in turn: the test of the connection names exactly what a collection can then no longer tell.

A kind of system joins with a module in `doctor/`: one row for each of its permissions, and one World. The signals are proven
by collecting with and without the permission; the criteria are written by hand from SIGNALS 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings

from assessments.catalog.schema import MaturityModelFile
from assessments.catalog.shipped import shipped_model
from assessments.queries.blinding import blinded_by
from integrations.connectors.base import Collected, Found, Question
from integrations.connectors.registry import load
from integrations.services.joins import JOINED
from integrations.services.retraining import TO_LIVE
from tests.integrations.connectors.doctor import azure_devops, github, gitlab, jenkins, mlflow, prometheus
from tests.integrations.connectors.doctor.table import Permission, World

pytestmark = pytest.mark.slow

TABLES = {
    "azure_devops": azure_devops,
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
    "mlflow": mlflow,
    "prometheus": prometheus,
}
WORLDS: dict[str, World] = {kind: table.WORLD for kind, table in TABLES.items()}
PERMISSIONS: tuple[Permission, ...] = tuple(
    permission for table in TABLES.values() for permission in table.PERMISSIONS
)


@pytest.fixture(scope="module")
def model() -> MaturityModelFile:
    return shipped_model()


@contextmanager
def system(kind: str) -> Iterator[Any]:
    with WORLDS[kind].fake() as fake:
        WORLDS[kind].build(fake)
        yield fake


def look(kind: str, fake: Any) -> Found:
    connector, http = WORLDS[kind].connect(fake)
    with http:
        return connector.test()


def collected(kind: str, fake: Any) -> Collected:
    world = WORLDS[kind]
    connector, http = world.connect(fake)
    with http:
        return connector.collect(Question(until=world.until, options=world.options))


def known(found: Collected) -> set[str]:
    return {one.signal for one in found.observations if one.value is not None}


@pytest.mark.parametrize("kind", list(WORLDS))
def test_a_credential_that_may_read_everything_misses_nothing(kind: str) -> None:
    world = WORLDS[kind]
    with system(kind) as fake:
        connector, http = world.connect(fake)
        http.close()
        assert look(kind, fake).missing == {}
        assert known(collected(kind, fake)) == connector.signals - world.never_known


@pytest.mark.parametrize("permission", PERMISSIONS, ids=lambda one: f"{one.kind}-{one.name.split(' (')[0]}")
def test_each_permission_that_is_missing_names_exactly_what_it_blinds(
    permission: Permission, model: MaturityModelFile
) -> None:
    with system(permission.kind) as fake:
        before = known(collected(permission.kind, fake))
        if permission.hide is not None:
            permission.hide(fake)
        else:
            fake.denied = re.compile(permission.paths)
        missing = look(permission.kind, fake).missing
        lost = before - known(collected(permission.kind, fake))

    assert list(missing) == [permission.name]
    signals = set(missing[permission.name])
    assert len(missing[permission.name]) == len(signals)
    # What was lost by reading; joined signals are made later, of facts that are then not there.
    made_later = JOINED | {TO_LIVE}
    assert signals - made_later == lost
    assert signals & made_later == permission.joined
    blinded = blinded_by(model, signals)
    assert {one.id for one in blinded if not one.still} == permission.blind
    assert {one.id for one in blinded if one.still} == permission.half


def test_every_built_in_kind_has_a_world() -> None:
    assert set(WORLDS) == set(settings.PORTAL_CONNECTORS)


@pytest.mark.parametrize("kind", list(WORLDS))
def test_every_permission_that_a_connector_names_has_a_row(kind: str) -> None:
    connector = load(kind, settings.PORTAL_CONNECTORS)
    rows = [permission.name for permission in PERMISSIONS if permission.kind == kind]
    assert sorted(rows) == sorted(connector.permissions)
    told = {signal for signals in connector.permissions.values() for signal in signals}
    assert told - connector.signals <= JOINED | {TO_LIVE}


# What a test of the connection asks of the part that permissions are for; who it is and which server it is stay open.
PROBED = {
    "azure_devops": r"/_apis/",
    "github": r"^repos/[^/]+/[^/]+/",
    "gitlab": r"^projects/[^/]+/(?!merge_requests$)",
    "jenkins": r"^(api/json$|job/)",
    "mlflow": r"^(experiments|runs|traces|logged-models|registered-models|model-versions)/",
    "prometheus": r"^(?!status)",
}


@pytest.mark.parametrize("kind", list(WORLDS))
def test_what_is_named_when_all_is_refused_is_declared_with_these_signals(kind: str) -> None:
    declared = load(kind, settings.PORTAL_CONNECTORS).permissions
    with system(kind) as fake:
        fake.denied = re.compile(PROBED[kind])
        missing = look(kind, fake).missing
    assert missing
    assert {name: declared[name] for name in missing} == dict(missing)
