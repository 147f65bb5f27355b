"""A collection of Jenkins and of Azure DevOps by the portal's own service: what was worked out by hand stands in the database."""

from __future__ import annotations

from typing import Any

import pytest

from assessments.models import Measurement
from integrations.connectors.base import FactKind
from integrations.models import Collection, SourceFact
from tests.factories import make_team
from tests.integrations.connectors import azure_devops_fake, azure_devops_world, jenkins_fake, jenkins_world
from tests.integrations.connectors import test_azure_devops_collect as azure_devops
from tests.integrations.connectors import test_jenkins_collect as jenkins
from tests.integrations.connectors.github_rows import UNTIL
from tests.integrations.factories import collect, make_connection, make_source

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

HOSTS: dict[str, tuple[Any, Any, str, dict[str, str], dict[str, tuple[Any, ...]], int]] = {
    "jenkins": (
        jenkins_fake.FakeJenkins,
        jenkins_world,
        "/ci",
        {"user": jenkins_fake.USER, "token": jenkins_fake.TOKEN},
        jenkins.EXPECTED,
        8,
    ),
    "azure_devops": (
        azure_devops_fake.FakeAzure,
        azure_devops_world,
        "/acme",
        {"token": azure_devops_fake.TOKEN},
        azure_devops.EXPECTED,
        7,
    ),
}


@pytest.mark.parametrize("kind", HOSTS)
def test_what_was_worked_out_by_hand_stands_in_the_database(kind: str, settings: Any) -> None:
    fake_class, world, path, answers, expected, facts = HOSTS[kind]
    with fake_class() as fake:
        world.build_world(fake)
        settings.PORTAL_EGRESS_ALLOW = fake.url
        connection = make_connection(kind=kind, base_url=f"{fake.url}{path}", answers=answers, at=UNTIL)
        source = make_source(connection, make_team(), options=world.OPTIONS, at=UNTIL)
        runs = collect(connection, at=UNTIL)
    assert [run.outcome for run in runs] == [Collection.Outcome.OK], runs
    stored = {row.signal: (row.value, row.reason, row.bound) for row in Measurement.objects.all()}
    assert {name: stored[name] for name in expected} == {
        name: (None if value is None else pytest.approx(float(value)), reason, bound)
        for name, (value, reason, bound, *_) in expected.items()
    }
    assert SourceFact.objects.filter(source=source, kind=FactKind.TRAINING_RUN).count() == facts
