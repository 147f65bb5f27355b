"""Hosts delete runs by their age, or a person deletes one: what ran did run, and no count or share changes without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import Reading
from integrations.models import Connection
from integrations.services import memory
from tests.factories import make_team
from tests.integrations.connectors import (
    azure_devops_fake,
    azure_devops_rows,
    azure_devops_world,
    github_fake,
    github_world,
    gitlab_fake,
    gitlab_world,
    jenkins_fake,
    jenkins_world,
)
from tests.integrations.connectors.github_rows import UNTIL, ago
from tests.integrations.factories import collect, make_connection, make_source

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DAY = timedelta(days=1)
# What is older is deleted.
KEPT = ago(10)
COUNTED = (
    "ci.runs_30d",
    "ci.success_rate_30d",
    "ci.test_steps_share",
    "ci.training_runs_90d",
    "ci.scheduled_training_runs_30d",
    "ci.event_training_runs_90d",
    "ci.training_manual_share_90d",
)
# Worked out by hand from the worlds: ci.runs_30d three days later, by which time runs of the 28th to 30th day are past.
RUNS = {"github": 12, "gitlab": 12, "azure_devops": 20, "jenkins": 12}


def _created(row: dict[str, Any]) -> datetime:
    for name in ("created_at", "queueTime"):
        if name in row:
            return datetime.fromisoformat(row[name])
    return datetime.fromtimestamp(row["timestamp"] / 1000, UNTIL.tzinfo)


def _clean(fake: Any, listing: Callable[[Any], list[Any] | None], single: str) -> None:
    """Takes out of every listing what is older, and lets nothing be asked for by itself."""
    gone = set()
    for answer in fake.answers:
        rows = listing(answer)
        if rows is not None:
            gone |= {row.get("id", row.get("number")) for row in rows if _created(row) < KEPT}
            rows[:] = [row for row in rows if _created(row) >= KEPT]
    assert gone
    fake.answers = [one for one in fake.answers if not any(f"{single}{key}" in one.path for key in gone)]


def _github(answer: Any) -> list[Any] | None:
    return answer.body.get("workflow_runs") if answer.path.endswith("/runs") else None


def _gitlab(answer: Any) -> list[Any] | None:
    return (
        answer.body
        if answer.path.endswith(("/pipelines", "2/jobs")) and isinstance(answer.body, list)
        else None
    )


def _azure(answer: Any) -> list[Any] | None:
    return answer.body["value"] if answer.path.endswith("/build/builds") else None


def _jenkins(answer: Any) -> list[Any] | None:
    return answer.body.get("allBuilds") if isinstance(answer.body, dict) else None


HOSTS: dict[str, tuple[Any, Any, str, dict[str, str], Any, str]] = {
    "github": (github_fake.FakeGithub, github_world, "", {"token": "github_pat_loopback"}, _github, "/runs/"),
    "gitlab": (gitlab_fake.FakeGitlab, gitlab_world, "", {"token": "glpat-loopback"}, _gitlab, "/pipelines/"),
    "azure_devops": (
        azure_devops_fake.FakeAzure,
        azure_devops_world,
        "/acme",
        {"token": azure_devops_fake.TOKEN},
        _azure,
        "/builds/",
    ),
    "jenkins": (
        jenkins_fake.FakeJenkins,
        jenkins_world,
        "/ci",
        {"user": jenkins_fake.USER, "token": jenkins_fake.TOKEN},
        _jenkins,
        "/no/",
    ),
}


@pytest.fixture(params=HOSTS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fakes(kind: str, settings: Any) -> Iterator[list[Any]]:
    """Two hosts of the same world: one will delete, the other keeps everything."""
    fake_class, world = HOSTS[kind][:2]
    with fake_class() as deletes, fake_class() as keeps:
        world.build_world(deletes)
        world.build_world(keeps)
        settings.PORTAL_EGRESS_ALLOW = f"{deletes.url},{keeps.url}"
        yield [deletes, keeps]


def connected(kind: str, fake: Any, **options: Any) -> Connection:
    _, world, path, answers, *_ = HOSTS[kind]
    connection = make_connection(kind=kind, base_url=f"{fake.url}{path}", answers=answers, at=UNTIL)
    make_source(connection, make_team(), options=options or world.OPTIONS, at=UNTIL)
    return connection


def stands(connection: Connection) -> dict[str, tuple[Any, ...]]:
    readings = Reading.objects.filter(source=connection.measurement_source, signal__in=COUNTED)
    return {
        one.signal: (
            one.latest.value,
            one.latest.reason,
            one.latest.bound,
            one.latest.numerator,
            one.latest.denominator,
        )
        for one in readings.select_related("latest")
    }


def test_runs_that_were_counted_stay_counted_when_their_host_deletes_them(
    kind: str, fakes: list[Any]
) -> None:
    deletes, keeps = (connected(kind, fake) for fake in fakes)
    for connection in (deletes, keeps):
        collect(connection, at=UNTIL)
    assert stands(deletes) == stands(keeps)

    *_, listing, single = HOSTS[kind]
    _clean(fakes[0], listing, single)
    for days in (1, 2, 3):
        for connection in (deletes, keeps):
            collect(connection, at=UNTIL + days * DAY)

    assert stands(deletes) == stands(keeps)
    assert stands(deletes)["ci.runs_30d"][:3] == (RUNS[kind], "", "exact")


@pytest.mark.parametrize("kind", ["jenkins"], indirect=True)
def test_builds_that_were_watched_cover_the_window_for_good(kind: str, fakes: list[Any]) -> None:
    """The build before the oldest one that Jenkins has left was known, also when it leaves the window before that one."""
    jobs = {"ci_jobs": ["acme/churn", "acme/lint"], "training_jobs": ["acme/train"]}
    deletes, keeps = (connected(kind, fake, **jobs) for fake in fakes)
    for connection in (deletes, keeps):
        collect(connection, at=UNTIL)
    _clean(fakes[0], _jenkins, "/no/")

    told = []
    for days in range(1, 24):
        for connection in (deletes, keeps):
            collect(connection, at=UNTIL + days * DAY)
        assert stands(deletes) == stands(keeps), days
        told.append(stands(deletes)["ci.runs_30d"][0])
    # Of CI in jenkins_world.py 12 to 16 are left, of LINT 1 and 3.
    assert (told[0], told[-1]) == (12, 7)


# --- Azure DevOps: it says after how many days it deletes, and what was deleted before the first reading stays unknown ------


AZURE_RUNS = f"{azure_devops_world.API}/build/retention"
TRAININGS = "ci.training_runs_90d"


def retention(fake: Any, days: int) -> None:
    said = azure_devops_rows.payload("retention")
    fake.answer(AZURE_RUNS, {**said, "purgeRuns": {**said["purgeRuns"], "value": days}})


def trainings(connection: Connection) -> tuple[Any, ...]:
    return stands(connection)[TRAININGS][:3]


@pytest.fixture
def azure(settings: Any) -> Iterator[azure_devops_fake.FakeAzure]:
    with azure_devops_fake.FakeAzure() as fake:
        azure_devops_world.build_world(fake)
        settings.PORTAL_EGRESS_ALLOW = fake.url
        yield fake


def test_what_was_deleted_before_the_first_reading_leaves_the_window_day_by_day(
    azure: azure_devops_fake.FakeAzure,
) -> None:
    """Thirty days are kept: of ninety, sixty are unknown at first, and none when sixty days were watched."""
    retention(azure, 30)
    connection = connected("azure_devops", azure)
    collect(connection, at=UNTIL)
    # 302 and 305 of forty and fifty days ago stand in the list; others of their time may not.
    assert trainings(connection) == (7, "", "lower")

    for days in range(1, 60):
        collect(connection, at=UNTIL + days * DAY)
    assert trainings(connection)[2] == "lower"
    collect(connection, at=UNTIL + 60 * DAY)
    # 302 and 305 are past by now.
    assert trainings(connection) == (5, "", "exact")


def test_longer_retention_brings_nothing_back(azure: azure_devops_fake.FakeAzure) -> None:
    retention(azure, 30)
    connection = connected("azure_devops", azure)
    collect(connection, at=UNTIL)

    retention(azure, 365)
    for days in (1, 2, 3):
        collect(connection, at=UNTIL + days * DAY)

    assert trainings(connection) == (7, "", "lower")


def test_retention_that_was_hidden_at_the_first_reading_is_taken_into_account_later(
    azure: azure_devops_fake.FakeAzure,
) -> None:
    azure.answer(AZURE_RUNS, {"message": "no"}, status=500)
    connection = connected("azure_devops", azure)
    collect(connection, at=UNTIL)
    assert trainings(connection) == (7, "", "lower")

    retention(azure, 30)
    collect(connection, at=UNTIL + timedelta(hours=1))
    assert trainings(connection) == (7, "", "lower")

    retention(azure, 365)
    collect(connection, at=UNTIL + timedelta(hours=2))
    assert trainings(connection) == (7, "", "exact")


def test_slices_that_are_older_than_what_is_kept_are_told_of_too(
    azure: azure_devops_fake.FakeAzure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history is read by turns, a week at each: the last slices lie wholly before what is kept."""
    monkeypatch.setattr(memory, "BACKFILL_SECONDS", 0)
    retention(azure, 30)
    connection = connected(
        "azure_devops", azure, repositories=["churn/training training"], training_pipelines=["Train"]
    )
    for hours in range(14):
        collect(connection, at=UNTIL + timedelta(hours=hours))

    assert trainings(connection) == (7, "", "lower")
    # Not "window_not_covered": the history was read to its end.
    assert stands(connection)["ci.training_manual_share_90d"][:2] == (None, "history_discarded")


def test_deployments_of_builds_that_are_deleted_later_stay_exact(azure: azure_devops_fake.FakeAzure) -> None:
    connection = connected("azure_devops", azure)
    collect(connection, at=UNTIL)
    _clean(azure, _azure, "/builds/")
    collect(connection, at=UNTIL + DAY)
    collect(connection, at=UNTIL + 2 * DAY)

    (count,) = Reading.objects.filter(source=connection.measurement_source, signal="deploy.count_90d")
    # B, A, C, D, E, F, G, H, I: as in test_azure_devops_collect.py, none of them past yet.
    assert (count.latest.value, count.latest.bound) == (9, "exact")
