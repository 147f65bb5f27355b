"""What is live, traced through a collection of Azure DevOps by its real connector."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.models import Connection, SourceFact
from integrations.queries.trace import trace_of
from teams.models import Team
from tests.factories import make_team
from tests.integrations.connectors import azure_devops_world
from tests.integrations.connectors.azure_devops_fake import TOKEN, FakeAzure
from tests.integrations.connectors.azure_devops_rows import UNTIL, ago, commit, deployment, sha
from tests.integrations.connectors.azure_devops_world import APP, PRODUCTION
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

REGISTRY = {
    "mlflow.production_versions": 1,
    "mlflow.versions_90d": 1,
    "mlflow.production_from_notebook_share": 0.0,
    "mlflow.versions_with_run_share": 1.0,
}


@pytest.fixture
def azure(settings: Any, fake: FakeSystem) -> Iterator[FakeAzure]:
    with FakeAzure() as system:
        azure_devops_world.build_world(system)
        settings.PORTAL_EGRESS_ALLOW = f"{fake.origin},{system.url}"
        connectors = {"azure_devops": "integrations.connectors.azure_devops.connector.AzureDevopsConnector"}
        settings.PORTAL_CONNECTORS = {**settings.PORTAL_CONNECTORS, **connectors}
        yield system


def live(fake: FakeSystem, team: Team, name: str) -> None:
    """The registry says that a version trained from that commit is live."""
    fact = {
        "kind": "version",
        "key": "churn/4",
        "happened_at": ago(3).isoformat(),
        "sha": sha(name),
        "is_live": True,
        "has_run": True,
        "run_id": "r1",
        "name": "churn",
        "number": "4",
        "digest": "d41d8cd9",
        "has_digest": True,
    }
    fake.pages["/projects/churn"] = {"observations": REGISTRY, "facts": [fact]}
    connection = make_connection(fake, kind="fakeregistry", name="Registry", at=UNTIL)
    make_source(connection, team, at=UNTIL)
    collect(connection, at=UNTIL)


def connected(azure: FakeAzure, team: Team) -> Connection:
    connection = make_connection(
        kind="azure_devops", base_url=f"{azure.url}/acme", answers={"token": TOKEN}, at=UNTIL
    )
    make_source(connection, team, options=azure_devops_world.OPTIONS, at=UNTIL)
    return connection


def hops(team: Team) -> dict[str, tuple[str, str]]:
    (version,) = trace_of(team).versions
    return {hop.kind.value: ("", hop.broken) if hop.broken else (hop.text, hop.url) for hop in version.hops}


def test_live_version_leads_to_the_build_that_deployed_it(
    fake: FakeSystem, azure: FakeAzure, maturity_model: Any
) -> None:
    team = make_team("Churn")
    live(fake, team, "H")
    azure.answer(f"{APP}/commits/{sha('H')}", commit("H", ago(6)))
    collect(connected(azure, team), at=UNTIL)

    assert hops(team) == {
        # H went live five days before 30 June 2026, by build 910.
        "deployment": (
            "to production, 25 Jun 2026",
            "https://dev.azure.com/acme/churn/_build/results?buildId=910",
        ),
        "version": ("churn version 4, registered 27 Jun 2026", ""),
        "run": ("r1", ""),
        "commit": (
            sha("H")[:12],
            "https://dev.azure.com/acme/churn/_git/app/commit/40c59264e73fc5e1a6cab192f1622d26b7bd5c2a",
        ),
        "dataset": ("digest d41d8cd9", ""),
    }


def test_commit_that_never_went_live_is_told_as_such(
    fake: FakeSystem, azure: FakeAzure, maturity_model: Any
) -> None:
    team = make_team("Churn")
    live(fake, team, "never")
    collect(connected(azure, team), at=UNTIL)

    assert hops(team)["deployment"] == (
        "",
        f"no deployment to production is known of its commit {sha('never')[:12]}; it may be served by its alias",
    )


def test_with_deployments_of_deleted_builds_nothing_is_said_of_all_of_them(
    fake: FakeSystem, azure: FakeAzure, maturity_model: Any
) -> None:
    """Build 78 was deleted: what it brought to production fifty days ago nobody can tell any more."""
    team = make_team("Churn")
    live(fake, team, "never")
    rows = next(one.body["value"] for one in azure.answers if one.path == PRODUCTION)
    of_a_deleted = [*rows, deployment(91, 78, ago(50))]
    azure.rows(PRODUCTION, sorted(of_a_deleted, key=lambda one: str(one["queueTime"]), reverse=True))
    collect(connected(azure, team), at=UNTIL)

    assert hops(team)["deployment"] == (
        "",
        f"none of the deployments to production that could be read was made of its commit {sha('never')[:12]}, and not all of "
        "them could be read in full",
    )


def test_deployment_stays_known_when_its_build_is_deleted(
    fake: FakeSystem, azure: FakeAzure, maturity_model: Any
) -> None:
    team = make_team("Churn")
    live(fake, team, "H")
    connection = connected(azure, team)
    collect(connection, at=UNTIL)
    before = hops(team)["deployment"]

    for answer in azure.answers:
        if answer.path == azure_devops_world.BUILDS:
            answer.body["value"][:] = [row for row in answer.body["value"] if row["id"] != 910]
    collect(connection, at=UNTIL + timedelta(days=1))

    assert hops(team)["deployment"] == before
    assert SourceFact.objects.filter(kind="deployment", number="1010").count() == 1
