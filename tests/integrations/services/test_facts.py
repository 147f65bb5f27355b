"""Facts count while the mapping that they were told under stands, and while what they tell of is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Reading
from integrations.models import Connection, Source, SourceFact
from integrations.services import joins
from integrations.services.sources import edit_source
from teams.models import Team
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem
from tests.integrations.services.test_joins import GIT, REGISTRY, SHA_A, joined, later, training

pytestmark = pytest.mark.django_db
OTHER: dict[str, Any] = {
    "observations": {"repo.connected": True, "ci.runs_30d": 20, "ci.training_runs_90d": 0},
    "facts": [],
    "commits": [],
}


@pytest.fixture
def team(db: None) -> Team:
    return make_team()


@pytest.fixture
def registry(fake: FakeSystem, team: Team) -> Connection:
    fake.pages["/projects/models"] = REGISTRY
    connection = make_connection(fake, kind="fakeregistry", name="Registry")
    make_source(connection, team, options={"project": "models"})
    return connection


@pytest.fixture
def git(fake: FakeSystem, team: Team) -> Connection:
    deployed = {"kind": "deployment", "key": "1", "happened_at": later(-60).isoformat(), "sha": SHA_A}
    fake.pages["/projects/code"] = {
        **GIT,
        "observations": {**GIT["observations"], "deploy.count_90d": 1},
        "facts": [*GIT["facts"], deployed],
    }
    connection = make_connection(fake, kind="fakedeployer", name="Git")
    make_source(connection, team, options={"project": "code"})
    return connection


@pytest.fixture
def both_read(registry: Connection, git: Connection) -> None:
    collect(registry)
    collect(git, at=later(1))
    assert kinds(git) == ["commit", "deployment", "training_run", "training_run", "training_run"]
    assert shares(registry) == (0.5, 1 / 3)


def kinds(connection: Connection) -> list[str]:
    rows = SourceFact.objects.filter(source__connection=connection).order_by("kind", "key")
    return list(rows.values_list("kind", flat=True))


def shares(registry: Connection) -> tuple[float | None, float | None]:
    found = joined(registry)
    return found[joins.FROM_CI][0], found[joins.WITH_COMMIT][0]


def map_to(connection: Connection, project: str, at: int) -> None:
    source = Source.objects.get(connection=connection)
    edit_source(
        source=source, options={"project": project}, row_version=source.row_version, by=None, at=later(at)
    )


@pytest.mark.usefixtures("both_read")
def test_what_is_not_mapped_any_more_counts_no_more(
    fake: FakeSystem, registry: Connection, git: Connection
) -> None:
    fake.pages["/projects/other"] = {
        **OTHER,
        "observations": {**OTHER["observations"], "deploy.count_90d": 0},
    }
    map_to(git, "other", at=2)

    collect(git, at=later(3))

    assert kinds(git) == []
    assert shares(registry) == (0.0, 0.0)


@pytest.mark.usefixtures("both_read")
def test_until_the_new_mapping_was_read_the_old_facts_prove_nothing(
    registry: Connection, git: Connection
) -> None:
    before = dict(registry_rows())
    map_to(git, "other", at=2)

    collect(registry, at=later(3))

    assert dict(registry_rows()) == before, "nobody says anything new"


def registry_rows() -> list[tuple[Any, ...]]:
    return list(Reading.objects.filter(signal__in=joins.JOINED).values_list("signal", "tried_at"))


@pytest.mark.usefixtures("both_read")
def test_what_could_not_be_read_under_the_new_mapping_stays_until_it_can_and_proves_nothing(
    fake: FakeSystem, registry: Connection, git: Connection
) -> None:
    told = {**OTHER["observations"], "ci.training_runs_90d": "unreachable", "deploy.count_90d": 0}
    fake.pages["/projects/other"] = {**OTHER, "observations": told}
    map_to(git, "other", at=2)

    collect(git, at=later(3))
    assert kinds(git) == ["training_run", "training_run", "training_run"]
    assert joined(registry)[joins.FROM_CI] == (None, "unreachable", None, None)

    fake.pages["/projects/other"] = {
        **OTHER,
        "observations": {**told, "ci.training_runs_90d": 1},
        "facts": [training("2", SHA_A, 50)],
    }
    collect(git, at=later(4))
    assert kinds(git) == ["training_run"]
    # churn/2 alone lies in it.
    assert shares(registry)[0] == 1 / 4


@pytest.mark.usefixtures("both_read")
def test_reading_the_same_mapping_in_part_drops_nothing(fake: FakeSystem, git: Connection) -> None:
    fake.pages["/projects/code"] = {**GIT, "facts": [], "commits": [SHA_A]}

    collect(git, at=later(2))

    assert kinds(git) == ["commit", "deployment", "training_run", "training_run", "training_run"]


@pytest.mark.usefixtures("both_read")
def test_commit_that_is_gone_counts_no_more(fake: FakeSystem, registry: Connection, git: Connection) -> None:
    fake.pages["/projects/code"] = {**GIT, "commits": []}

    collect(git, at=later(2))

    assert "commit" not in kinds(git)
    assert joined(registry)[joins.WITH_COMMIT] == (0.0, "", 0, 3)


@pytest.mark.usefixtures("both_read")
def test_age_drops_facts_of_their_kind(fake: FakeSystem, git: Connection) -> None:
    fake.pages["/projects/code"] = {**GIT, "facts": []}

    collect(git, at=AT + timedelta(days=93))

    assert kinds(git) == ["commit", "deployment"]
