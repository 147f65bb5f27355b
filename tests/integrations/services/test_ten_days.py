"""Ten days of readings, walked through the real collection: what the verdict is each day, what waits, and what people read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from assessments.models import CriterionStatus, Verdict, VerdictChange
from assessments.queries import catalog
from assessments.queries.capability_page import criterion_why, find_criterion, signals_why
from assessments.queries.why_changed import moved_since
from assessments.services.scores import rescore_lapsed
from integrations.models import Collection, Connection, Source
from integrations.services.sources import remove_source
from tests.factories import AT
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem

pytestmark = pytest.mark.django_db
SIGNAL, CRITERION = "repo.has_dependency_manifest", "environment.dependencies_listed"
SCHEDULE, NOW = Collection.Trigger.SCHEDULE, Collection.Trigger.NOW
GONE = "gone"
LISTED, NOT_LISTED = "dependencies are listed in a file", "dependencies are not listed in a file"
WHAT = "Whether dependencies are listed in a file"
TO_NO = f"{WHAT}: from {{}}"
WAITS_NO = (
    "A newer reading says no since {}. One more reading on another day that agrees will change this to no."
)
WAITS_YES = (
    "A newer reading says yes since {}. One more reading on another day that agrees will change this to yes."
)
LOST = (
    "No longer readable at git.example.org since {}, because the system could not be reached. "
    "The reading of {} stands until {}. It tells whether dependencies are listed in a file."
)


@dataclass(frozen=True)
class Day:
    """`reads` is what the source says (None: no collection); then verdict and pending verdict, status, and notes."""

    number: int
    reads: bool | str | None
    trigger: Collection.Trigger
    verdict: tuple[str, str]
    status: tuple[str, str]
    notes: tuple[str, ...] = ()
    newest: str = ""


# AT is 20 Nov 2026; day 1 is that day.
DAYS = (
    Day(1, True, SCHEDULE, ("yes", ""), ("yes", "measured"), (), "First verdict: yes. By the schedule."),
    Day(2, False, SCHEDULE, ("yes", "no"), ("yes", "measured"), (WAITS_NO.format("21 Nov 2026"),)),
    # It says yes again: nothing waits any more, and nothing changed.
    Day(3, True, SCHEDULE, ("yes", ""), ("yes", "measured")),
    Day(4, False, SCHEDULE, ("yes", "no"), ("yes", "measured"), (WAITS_NO.format("23 Nov 2026"),)),
    # It cannot be read: neither the verdict nor what waits moves, and both are told.
    Day(
        5,
        "unreachable",
        SCHEDULE,
        ("yes", "no"),
        ("yes", "measured"),
        (WAITS_NO.format("23 Nov 2026"), LOST.format("24 Nov 2026", "23 Nov 2026", "30 Nov 2026")),
    ),
    Day(
        6,
        False,
        SCHEDULE,
        ("no", ""),
        ("no", "measured"),
        (),
        "From yes to no. By the schedule: the readings of 23 Nov 2026 and 25 Nov 2026 agreed.",
    ),
    # Somebody asks: it stands at once.
    Day(
        7,
        True,
        NOW,
        ("yes", ""),
        ("yes", "measured"),
        (),
        "From no to yes. At once, for somebody asked for the collection.",
    ),
    # What could not be read changes nothing, also when somebody asks.
    Day(
        8,
        "unreachable",
        NOW,
        ("yes", ""),
        ("yes", "measured"),
        (LOST.format("27 Nov 2026", "26 Nov 2026", "3 Dec 2026"),),
    ),
    # Nobody collects: the reading of day 7 still stands.
    Day(
        9,
        None,
        SCHEDULE,
        ("yes", ""),
        ("yes", "measured"),
        (LOST.format("27 Nov 2026", "26 Nov 2026", "3 Dec 2026"),),
    ),
    Day(
        10,
        GONE,
        SCHEDULE,
        ("yes", ""),
        ("yes", "measured"),
        (
            "The source git.example.org was removed on 29 Nov 2026. The reading of 26 Nov 2026 stands until 3 Dec 2026. "
            "It tells whether dependencies are listed in a file.",
        ),
    ),
    # The day after the seventh: stale, so nothing is known any more, and it says so.
    Day(
        15,
        None,
        SCHEDULE,
        ("yes", ""),
        ("unknown", "none"),
        (
            "The source git.example.org was removed on 29 Nov 2026. The reading of 26 Nov 2026 is out of date since "
            "4 Dec 2026. It tells whether dependencies are listed in a file.",
        ),
    ),
)


def play(fake: FakeSystem, connection: Connection, source: Source, day: Day) -> None:
    at = AT + timedelta(days=day.number - 1)
    if day.reads == GONE:
        remove_source(source=source, by=None, at=at)
    elif day.reads is not None:
        fake.pages["/projects/churn"] = {"observations": {SIGNAL: day.reads}}
        collect(connection, at=at, trigger=day.trigger)
    rescore_lapsed(at=at)


def test_ten_days(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    source = make_source(connection)
    team = source.team
    maturity_model = catalog.active_model()
    assert maturity_model is not None
    criterion = find_criterion(catalog.model_file(maturity_model), CRITERION)
    assert criterion is not None
    newest = ""
    for day in DAYS:
        play(fake, connection, source, day)

        stored = Verdict.objects.get(team=team, criterion__slug=CRITERION)
        status = CriterionStatus.objects.get(team=team, criterion__slug=CRITERION, is_current=True)
        today = (AT + timedelta(days=day.number - 1)).date()
        line = criterion_why(team, maturity_model, criterion, today)
        why = signals_why(team, maturity_model, line, today)
        assert why is not None
        assert why.explanation is not None
        newest = day.newest or newest
        assert (day.number, stored.verdict, stored.pending_verdict) == (day.number, *day.verdict)
        assert (day.number, status.status, status.support) == (day.number, *day.status)
        assert (day.number, why.notes) == (day.number, day.notes)
        assert (day.number, f"{why.moves[0].in_words}. {why.moves[0].how}") == (day.number, newest)
        told = LISTED if day.verdict[0] == "yes" else NOT_LISTED
        assert (day.number, why.explanation.sentence) == (
            day.number,
            f"Signals say {day.verdict[0]}: {told}.",
        )


def test_each_change_tells_what_moved_and_nothing_else_is_told(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    source = make_source(connection)
    for day in DAYS:
        play(fake, connection, source, day)

    rows = VerdictChange.objects.order_by("at").values_list("before", "after", "how", "by", "first_said_on")
    first, change, again = (AT + timedelta(days=days) for days in (0, 5, 6))
    by = connection.measurement_source
    assert list(rows) == [
        ("", "yes", "schedule", by, None),
        ("yes", "no", "schedule", by, (AT + timedelta(days=3)).date()),
        ("no", "yes", "now", by, None),
    ]
    criterion = VerdictChange.objects.latest("at").criterion_id
    day_four = moved_since(source.team, criterion, (first + timedelta(days=3)).date())
    assert (day_four.count, day_four.whole) == (2, None)  # yes then, and yes again
    day_six = moved_since(source.team, criterion, change.date()).whole
    assert day_six is not None
    assert (day_six.in_words, day_six.at.date()) == ("From no to yes", again.date())
    (value,) = day_six.values
    assert value.moved == f"{WHAT}: from no to yes"
    assert value.thresholds == (
        "yes takes yes: did not hold, now holds",
        "no takes no: held, now does not hold",
    )
    assert [(seen.url, seen.read_at.date()) for seen in value.seen_at if seen.read_at] == [
        (f"https://git.example.org/{SIGNAL}", again.date())
    ]


def test_a_verdict_rests_on_the_rule_and_the_readings_that_were_kept_with_it(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    source = make_source(connection)
    play(fake, connection, source, DAYS[0])

    kept = Verdict.objects.get(team=source.team, criterion__slug=CRITERION).because

    (reading,) = kept["readings"]
    measured = source.team.measurements.get(signal=SIGNAL)
    assert kept["rule"]["model"] == "mlops-maturity/2"
    assert (reading["source"], reading["measurement"], reading["value"]) == (
        f"connection:{connection.pk}",
        measured.pk,
        True,
    )
    assert reading["read_at"] == measured.observed_at.isoformat()
    assert reading["url"] == measured.url == f"https://git.example.org/{SIGNAL}"
