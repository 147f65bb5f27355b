"""The health page: what needs somebody stands first, with the one step that helps, for those who may take it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from assessments.models import Reading
from integrations.models import Connection, RequestBudget
from integrations.queries.health_page import age_of, health_rows
from integrations.services.connections import pause_connection
from tests.factories import AT, make_admin, make_platform_engineer, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.pages.conftest import text_of

HEALTH = "/connections/health/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def stands(name: str, *, is_mapped: bool = True, **fields: Any) -> Connection:
    """A connection that needs nothing, but for what `fields` say: tested, read a minute ago, due in an hour."""
    at = fields.pop("at", timezone.now())
    connection = make_connection(name=name, at=at)
    if is_mapped:
        make_source(connection, make_team(f"Team of {name}"))
    usual = {
        "tested_at": at,
        "found": {"identity": "reader"},
        "last_success_at": at - timedelta(minutes=1),
        "next_due_at": at + HOUR,
        "asked_at": None,
    }
    Connection.objects.filter(pk=connection.pk).update(**{**usual, **fields})
    return Connection.objects.get(pk=connection.pk)


def needs(at: Any = None) -> list[tuple[str, str, str, bool]]:
    rows = health_rows(make_platform_engineer(), at or timezone.now())
    return [(row.name, row.need.words, row.need.label, row.need.is_post) for row in rows]


@pytest.mark.usefixtures("fake_kinds")
@pytest.mark.django_db
def test_what_needs_somebody_stands_first_with_the_one_step_that_helps():
    now = timezone.now()
    stands("Z fine")
    stands("Y paused", last_success_at=now - 30 * DAY)
    pause_connection(
        connection=Connection.objects.get(name="Y paused"), reason="moving", by=make_admin(), at=now
    )
    stands("X untested", tested_at=None, found={})
    stands("W old", secret_set_at=now - 91 * DAY)
    stands("V unmapped", is_mapped=False)
    stands("U missing", found={"identity": "r", "missing": {"Actions: read": ["ci.runs_30d"]}})
    stands("T test failed", test_failure="no", test_failed_at=now)
    ends = {"identity": "r", "ends_at": (now + 29 * DAY).isoformat()}
    stands("S ends soon", found=ends, secret_set_at=now - DAY)
    stands("R stale", last_success_at=now - timedelta(hours=13))
    stands("Q late", next_due_at=now - HOUR)
    over = {"identity": "r", "ends_at": (now - HOUR).isoformat()}
    stands("P over", found=over, secret_set_at=now - DAY)
    refused: dict[str, Any] = {
        "last_failure": "unauthorized",
        "last_failure_message": "no",
        "last_failure_at": now,
    }
    stands("O refused", secret_set_at=now - DAY, **refused)
    stands("N down", last_failure="unreachable", last_failure_message="no", last_failure_at=now)
    stands("M deadly", is_paused=True, pause_reason="Its collection broke off 3 times in a row.")

    assert needs(now) == [
        ("M deadly", "It cannot be read.", "Collect now", True),
        ("N down", "It cannot be read.", "Test it", True),
        ("O refused", "It cannot be read.", "Set a new credential", False),
        ("P over", "Its credential has ended.", "Set a new credential", False),
        ("Q late", "It is due and nobody reads it.", "Collect now", True),
        ("R stale", "What it read is more than two intervals old.", "Collect now", True),
        ("S ends soon", "Its credential ends soon.", "Set a new credential", False),
        ("T test failed", "Its last test failed.", "Test again", True),
        ("U missing", "A permission is missing.", "See what it blinds", False),
        ("V unmapped", "No team is mapped to it.", "Map a team", False),
        ("Y paused", "Paused on purpose.", "Resume", False),
        ("W old", "Its credential is older than 90 days.", "Set a new credential", False),
        ("X untested", "It was never tested.", "Test it", True),
        ("Z fine", "Nothing to do.", "", False),
    ]


@pytest.mark.parametrize(
    ("hours", "key", "words"),
    [
        (0, "fresh", "0 minutes old, promised every 6 hours"),
        (6.2, "fresh", "6 hours old, promised every 6 hours"),
        (6.3, "behind", "6 hours old, promised every 6 hours"),
        (12.2, "behind", "12 hours old, promised every 6 hours"),
        (12.3, "stale", "12 hours old, promised every 6 hours"),
        (50, "stale", "2 days old, promised every 6 hours"),
        (None, "never", "promised every 6 hours"),
    ],
)
def test_age_is_set_against_what_is_promised(hours, key, words):
    read_at = None if hours is None else AT - timedelta(hours=hours)
    age = age_of(Connection(interval_minutes=360, last_success_at=read_at), AT)

    assert (age.key, age.words) == (key, words)
    # A word and a shape, not a colour alone.
    assert (bool(age.word), bool(age.icon)) == (True, True)


def test_row_says_everything_in_words(fake, world, as_):
    now = timezone.now()
    fake.pages["/projects/churn"] = {
        "observations": {"repo.connected": True, "ci.runs_30d": "truncated", "ci.training_runs_90d": 3}
    }
    Connection.objects.update(base_url=fake.origin)
    collect(world.connection, at=now - 3 * HOUR - timedelta(minutes=1))
    Connection.objects.update(
        found={
            "identity": "reader",
            "ends_at": (now + 400 * DAY).isoformat(),
            "missing": {"Administration": ["repo.main_branch_guarded"]},
        },
        tested_at=now,
    )

    page = text_of(as_("platform").get(HEALTH))

    assert "The only connection needs attention." in page
    assert "A permission is missing. See what it blinds : Git" in page
    assert "Reads In time 3 hours old, promised every 6 hours Last" in page
    # ci.runs_30d: build.main_green, tests.application, tests.all_code; the missing permission: build.main_guarded.
    (row,) = health_rows(make_platform_engineer(), now)
    assert (row.team_count, row.blinded_count, row.missing_count) == (1, 4, 1)
    assert "not told" in page
    assert "Ends " in page


def test_lead_sees_the_own_one_without_credential_and_without_steps(world, as_):
    make_connection(name="Elsewhere")
    Connection.objects.update(last_failure="unreachable", last_failure_message="down", last_failure_at=AT)
    answer = as_("lead").get(HEALTH)
    page = text_of(answer)

    assert ("Git" in page, "Elsewhere" in page) == (True, False)
    assert "It cannot be read. Fails 20 Nov 2026, 12:00 : down" in page
    assert [word in page for word in ("Credential", "Test it", "Set a new")] == [False, False, False]
    assert answer.content.decode().count("<form method") == 1  # sign out


def test_who_sees_none_is_told_that_none_is_needed(world, as_):
    page = text_of(as_("stranger").get(HEALTH))

    assert (
        "No connections. There is nothing to watch yet: teams can assess themselves without connections."
        in page
    )
    assert "Add Fake Git" not in page


def test_blind_signals_of_teams_out_of_sight_count_for_nobody(world, as_, person):
    make_source(world.connection, world.other)
    fake_reading(world.connection, world.other, "ci.runs_30d")

    (mine,) = health_rows(person("lead"), AT)
    (all_of_it,) = health_rows(make_platform_engineer(), AT)

    assert (mine.blinded_count, all_of_it.blinded_count) == (0, 3)


def fake_reading(connection, team, signal):
    """A reading that could not be made, by the same door that collections use."""
    from assessments.services.measurements import Observed, record_measurements  # noqa: PLC0415 -- used once

    record_measurements(
        team=team,
        source=connection.measurement_source,
        items=[Observed(signal, None, AT, reason="unreachable")],
        at=AT,
        by_name="a test",
        immediate=True,
    )
    assert Reading.objects.get(team=team, signal=signal).latest.reason == "unreachable"


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_do_not_grow(rows, world, as_, django_assert_num_queries):
    for number in range(1, rows):
        make_source(make_connection(name=f"More {number}"), make_team(f"Of {number}"))
    client = as_("platform")

    # Session, person, rights for the page; then rights, the maturity model, rights for connections, these, teams, unreadable
    # signals.
    with django_assert_num_queries(9):
        client.get(HEALTH)


def test_a_hundred_rows_a_page(world, as_):
    for number in range(100):
        make_connection(name=f"More {number:03}", kind="broken")
    client = as_("platform")

    first, second = text_of(client.get(HEALTH)), text_of(client.get(f"{HEALTH}?page=2"))

    assert ("1 to 100 of 101" in first, "101 to 101 of 101" in second) == (True, True)


def test_the_three_pages_lead_to_each_other(world, as_):
    client = as_("platform")
    pages = ("/connections/", "/connections/health/", "/connections/rules/")

    for here in pages:
        content = client.get(here).content.decode().split("<main", 1)[1]
        assert [f'href="{there}"' in content for there in pages] == [there != here for there in pages]


@pytest.mark.usefixtures("fake_kinds")
@pytest.mark.django_db
def test_requests_left_are_what_the_host_told_until_it_counts_anew():
    now = timezone.now()
    told = RequestBudget.objects.create(
        digest="d", request_limit=5000, remaining=1200, resets_at=now + HOUR, told_at=now
    )
    stands("A", budget=told)
    stands("B")

    def left(at: Any) -> list[tuple[str, Any]]:
        rows = sorted(health_rows(make_platform_engineer(), at), key=lambda row: row.name)
        return [(row.name, row.budget and (row.budget.remaining, row.budget.limit)) for row in rows]

    assert left(now) == [("A", (1200, 5000)), ("B", None)]
    assert left(now + HOUR) == [("A", None), ("B", None)]
