"""Merged changes of GitHub by a source that remembers: the list is walked through once, afterwards only its newest page is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from assessments.models import Reading
from integrations.models import Connection, StreamItem
from tests.factories import make_team
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL, ago, pull, stamp
from tests.integrations.connectors.github_world import APP, OPTIONS, build_world
from tests.integrations.factories import collect, make_connection, make_source

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HOUR = timedelta(hours=1)
MERGED = "repo.merged_changes_90d"


def busy() -> list[Any]:
    """Two changes a day for 180 days, the one merged last first."""
    return [pull(1_000 + at, ago(at / 2 + 0.25)) for at in range(360)]


@pytest.fixture
def github(settings: Any) -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        build_world(fake)
        fake.answer(f"{APP}/pulls", busy())
        settings.PORTAL_EGRESS_ALLOW = fake.url
        yield fake


@pytest.fixture
def connection(github: FakeGithub) -> Connection:
    made = make_connection(
        kind="github", base_url=github.url, answers={"token": "github_pat_loopback"}, at=UNTIL
    )
    options = {**OPTIONS, "repositories": ["octo/app app"]}
    make_source(made, make_team(), options=options, at=UNTIL)
    return made


def pages(fake: FakeGithub) -> list[str]:
    asked = [one.query["page"] for one in fake.asked if one.path == f"{APP}/pulls"]
    fake.asked.clear()
    return asked


def stands(connection: Connection, signal: str = MERGED) -> tuple[Any, ...]:
    latest = Reading.objects.get(source=connection.measurement_source, signal=signal).latest
    return latest.value, latest.reason, latest.bound


def kept(number: int) -> dict[str, Any]:
    return dict(StreamItem.objects.get(stream__name="changes", key=str(number)).data)


def test_list_is_walked_through_once_and_then_its_newest_page_is_asked_for(
    github: FakeGithub, connection: Connection
) -> None:
    collect(connection, at=UNTIL)
    # 90 days with two each; one walk for all the spans that a first reading asks for.
    assert stands(connection) == (180, "", "exact")
    assert pages(github) == ["1", "2", "3", "4"]

    github.answer(f"{APP}/pulls", [pull(2_000, UNTIL + HOUR / 2), *busy()])
    collect(connection, at=UNTIL + HOUR)
    assert stands(connection) == (181, "", "exact")
    assert pages(github) == ["1"]


def test_change_that_gets_a_mark_later_is_known_by_it(github: FakeGithub, connection: Connection) -> None:
    collect(connection, at=UNTIL)
    assert kept(1_300)["is_marked"] is False

    (old,) = [row for row in busy() if row["number"] == 1_300]
    labelled = {**old, "labels": [{"id": 1, "name": "Hotfix"}], "updated_at": stamp(UNTIL + HOUR / 2)}
    rest = [row for row in busy() if row["number"] != 1_300]
    github.answer(f"{APP}/pulls", [labelled, *rest])
    collect(connection, at=UNTIL + HOUR)

    assert kept(1_300)["is_marked"] is True
    assert stands(connection) == (180, "", "exact")


def test_change_that_is_updated_while_it_is_read_is_counted(
    github: FakeGithub, connection: Connection
) -> None:
    (first, *rest) = busy()
    github.answer(f"{APP}/pulls", [{**first, "updated_at": stamp(UNTIL + timedelta(minutes=1))}, *rest])
    collect(connection, at=UNTIL)

    assert stands(connection) == (180, "", "exact")


def test_what_is_kept_of_a_change_names_nobody(github: FakeGithub, connection: Connection) -> None:
    collect(connection, at=UNTIL)

    data = kept(1_000)
    assert set(data) == {"merged_at", "author", "is_by_person", "merge_sha", "head_sha", "is_marked"}
    assert data["author"].startswith("#")


def test_walk_that_breaks_off_covers_what_it_read(github: FakeGithub, connection: Connection) -> None:
    github.answer(f"{APP}/pulls", {"message": "Server Error"}, status=502, page=3)
    collect(connection, at=UNTIL)
    # Two pages are a hundred days; the window of ninety is whole.
    assert stands(connection) == (180, "", "exact")

    github.answer(f"{APP}/pulls", {"message": "Server Error"}, status=502, page=2)
    github.answer(f"{APP}/pulls", {"message": "Server Error"}, status=502, page=1)
    collect(connection, at=UNTIL + HOUR)
    assert stands(connection) == (None, "unreachable", "exact")

    github.answer(f"{APP}/pulls", busy())
    collect(connection, at=UNTIL + 2 * HOUR)
    assert stands(connection) == (180, "", "exact")
