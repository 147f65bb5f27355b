"""No data is not no: what is lost ages and takes coverage along; nothing turns into "no", and no number rises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import CriterionStatus, Measurement, Reading, Score, Verdict
from assessments.services.measurements import Confirmed
from assessments.services.scores import rescore_lapsed
from integrations.models import Collection, Source
from integrations.services import confirming
from integrations.services.connections import remove_connection, set_secret
from integrations.services.sources import remove_source
from teams.models import Event, Team
from tests.factories import AT
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeConnector, FakeSystem

pytestmark = pytest.mark.django_db
MANIFEST, LOCK = "repo.has_dependency_manifest", "repo.has_lockfile"
CRITERION = "environment.dependencies_listed"
GOOD = {
    "repo.connected": True,
    MANIFEST: True,
    LOCK: True,
    "repo.has_tests": True,
    "repo.code_files": 40,
    "ci.runs_30d": 40,
    "ci.success_rate_30d": 0.95,
    "ci.test_steps_share": 0.9,
}
EMPTY = {
    **dict.fromkeys([MANIFEST, LOCK, "repo.has_tests"], False),
    "repo.connected": True,
    "repo.code_files": 0,
    "ci.runs_30d": 0,
    "ci.success_rate_30d": "insufficient_sample",
    "ci.test_steps_share": "insufficient_sample",
}


@pytest.fixture
def source(fake: FakeSystem, monkeypatch: pytest.MonkeyPatch, maturity_model: Any) -> Source:
    """A team that was read well once. The fake answers for these signals, so that what cannot be read is stored for them."""
    monkeypatch.setattr(FakeConnector, "signals", frozenset(GOOD))
    fake.pages["/projects/churn"] = {"observations": GOOD}
    made = make_source(make_connection(fake))
    collect(made.connection)
    return made


def statuses(team: Team) -> dict[str, str]:
    rows = CriterionStatus.objects.filter(team=team, is_current=True)
    return dict(rows.values_list("criterion__slug", "status"))


def numbers(team: Team) -> list[tuple[Any, ...]]:
    fields = ("capability__slug", "verified", "level", "score")
    return list(Score.objects.filter(team=team).order_by("capability__slug").values_list(*fields))


def known(team: Team) -> int:
    return sum(Score.objects.filter(team=team).values_list("known", flat=True))


def lost_token(fake: FakeSystem, source: Source) -> None:
    fake.token = "another"
    for hours in (6, 12):
        collect(source.connection, at=AT + timedelta(hours=hours))


def failed_run(fake: FakeSystem, source: Source) -> None:
    fake.status = 500
    collect(source.connection, at=AT + timedelta(hours=6))


def broken_answer(fake: FakeSystem, source: Source) -> None:
    fake.pages["/projects/churn"] = {"message": "no"}
    collect(source.connection, at=AT + timedelta(hours=6))


def gone_project(fake: FakeSystem, source: Source) -> None:
    fake.pages.clear()
    collect(source.connection, at=AT + timedelta(hours=6))


def empty_answer(fake: FakeSystem, source: Source) -> None:
    fake.pages["/projects/churn"] = {"observations": EMPTY}
    for hours in (6, 30, 54):
        collect(source.connection, at=AT + timedelta(hours=hours))


def removed_source(_: FakeSystem, source: Source) -> None:
    remove_source(source=source, by=None, at=AT + timedelta(hours=6))


def removed_connection(_: FakeSystem, source: Source) -> None:
    remove_connection(connection=source.connection, by=None, at=AT + timedelta(hours=6))


LOSSES = [
    lost_token,
    failed_run,
    broken_answer,
    gone_project,
    empty_answer,
    removed_source,
    removed_connection,
]


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_nothing_turns_into_no_and_no_number_rises_while_coverage_falls(
    fake: FakeSystem, source: Source, lose: Callable[[FakeSystem, Source], None]
) -> None:
    team = source.team
    before, scores, coverage = statuses(team), numbers(team), known(team)
    yes = {slug for slug, status in before.items() if status == "yes"}
    assert len(yes) >= 3

    lose(fake, source)

    assert statuses(team) == before
    assert numbers(team) == scores
    assert known(team) == coverage

    # A week later nobody has confirmed it: it is unknown, which is neither a no nor a yes.
    rescore_lapsed(at=AT + timedelta(days=9))

    after = statuses(team)
    assert {slug for slug, status in after.items() if status == "no"} == {
        slug for slug, status in before.items() if status == "no"
    }
    assert {after.get(slug, "unknown") for slug in yes} == {"unknown"}
    assert known(team) == coverage - len(yes)
    for old, new in zip(scores, numbers(team), strict=True):
        assert all(
            now is None or (was is not None and now <= was) for was, now in zip(old[1:], new[1:], strict=True)
        )


def test_put_off_by_a_rate_limit_writes_nothing_about_the_team(fake: FakeSystem, source: Source) -> None:
    before = Measurement.objects.count()
    fake.status, fake.headers = 429, {"Retry-After": "60"}
    (run,) = collect(source.connection, at=AT + timedelta(hours=6))
    assert (run.outcome, Measurement.objects.count()) == ("throttled", before)


# --- a drop, and a person's word ---------------------------------------------------------------------------------------


def test_a_drop_is_said_in_the_run_record_and_stays_held_on_collect_now(
    fake: FakeSystem, source: Source
) -> None:
    before = statuses(source.team)
    fake.pages["/projects/churn"] = {"observations": {**GOOD, "ci.runs_30d": 3}}

    (run,) = collect(source.connection, at=AT + timedelta(hours=6), trigger=Collection.Trigger.NOW)

    assert run.notes == [
        "Held until somebody says that it is right, since a count fell by more than half: ci.runs_30d (40, now 3). "
        "What was read before stands and ages."
    ]
    assert statuses(source.team) == before


def test_a_persons_word_makes_it_count_with_an_event(fake: FakeSystem, source: Source) -> None:
    empty_answer(fake, source)
    at: datetime = AT + timedelta(days=3)

    seen = set(Reading.objects.filter(held_at__isnull=False).values_list("latest_id", flat=True))

    confirmed = confirming.confirm_drop(source=source, seen=seen, by=None, at=at)

    held = sorted(set(GOOD) - {"repo.connected"})
    assert confirmed == Confirmed(tuple(held))
    (event,) = Event.objects.filter(action="source.confirm_drop")
    assert (event.after, event.team_id, event.object_id) == (
        {"signals": held},
        source.team_id,
        str(source.pk),
    )
    assert Verdict.objects.get(criterion__slug=CRITERION).verdict == "no"
    assert confirming.confirm_drop(source=source, seen=seen, by=None, at=at) == Confirmed(())
    assert Event.objects.filter(action="source.confirm_drop").count() == 1


# --- a changed verdict -------------------------------------------------------------------------------------------------


def says(fake: FakeSystem, value: bool) -> None:
    fake.pages["/projects/churn"] = {"observations": {**GOOD, MANIFEST: value}}


def test_what_a_person_asked_for_changes_at_once_with_a_note(fake: FakeSystem, source: Source) -> None:
    says(fake, False)
    (run,) = collect(source.connection, at=AT + timedelta(hours=6), trigger=Collection.Trigger.NOW)
    assert run.notes == [
        "Changed at once, because a person asked for this collection; the schedule waits for a second reading on "
        f"another day: {CRITERION}."
    ]
    assert statuses(source.team)[CRITERION] == "no"


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        # One letter a day: y(es), n(o), u(nreachable); what stands in the evening of that day.
        pytest.param("yyynnnyyyy", "yyyynnnyyy", id="each change takes a second day"),
        pytest.param("ynynynynyn", "yyyyyyyyyy", id="flapping changes nothing"),
        pytest.param(
            "ynuuuuuunn",
            "yyyyyyyynn",
            id="two agreeing readings, days apart; those between could not be read",
        ),
    ],
)
def test_ten_days_of_readings(fake: FakeSystem, source: Source, readings: str, expected: str) -> None:
    stood = []
    for day, reading in enumerate(readings):
        fake.status = 500 if reading == "u" else 200
        says(fake, reading == "y")
        (run,) = collect(source.connection, at=AT + timedelta(days=day + 1))
        assert run.notes == []
        stood.append(Verdict.objects.get(criterion__slug=CRITERION).verdict[0])
    assert "".join(stood) == expected


def test_a_new_credential_brings_back_what_was_lost(fake: FakeSystem, source: Source) -> None:
    lost_token(fake, source)
    rescore_lapsed(at=AT + timedelta(days=9))
    set_secret(connection=source.connection, secrets={"token": "another"}, by=None, at=AT + timedelta(days=9))
    collect(source.connection, at=AT + timedelta(days=9))
    assert statuses(source.team)[CRITERION] == "yes"
