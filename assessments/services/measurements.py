"""Store what was observed, once, and let it speak: readings, verdicts, scores, in one transaction."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from assessments.models import CriterionStatus, Measurement, Reading, VerdictChange
from assessments.pooling import COULD_NOT_READ
from assessments.queries import catalog
from assessments.services.observed import Confirmed, Held, ItemResult, Observed, Taken, external_id_of
from assessments.services.reading_book import Book
from assessments.services.scores import rescore_teams
from assessments.services.verdicts import Occasion, derive_verdicts, is_collected
from assessments.vocabulary import SIGNALS, Reason, Signal, SignalType, Unit
from teams.models import Team
from teams.services.events import record_event

__all__ = [
    "Confirmed",
    "Held",
    "ItemResult",
    "Observed",
    "Taken",
    "confirm_readings",
    "external_id_of",
    "forget_source",
    "record_measurements",
    "take_measurements",
]

# Clocks differ a little; more than this is a wrong clock or a lie.
AHEAD_TOLERATED = timedelta(minutes=5)
_REASONS = frozenset(Reason)
_BOUNDS = frozenset(Measurement.Bound.values)


def record_measurements(
    *, team: Team, source: str, items: Sequence[Observed], at: datetime, by_name: str, immediate: bool
) -> tuple[ItemResult, ...]:
    """One result per item, each judged by itself. Sent twice, stored once; an existing key changes nothing.

    `immediate` for what a person asked for or a system pushed; the schedule lets a changed verdict wait (RULINGS 6).
    """
    return take_measurements(
        team=team, source=source, items=items, at=at, by_name=by_name, immediate=immediate
    ).results


def take_measurements(
    *, team: Team, source: str, items: Sequence[Observed], at: datetime, by_name: str, immediate: bool
) -> Taken:
    """As record_measurements, with what is held until somebody confirms it and the verdicts that were overturned."""
    results: list[ItemResult] = []
    touched: set[str] = set()
    unread: set[str] = set()
    overturned: tuple[str, ...] = ()
    with transaction.atomic():
        # The team's row guards its readings: two collections of one team wait for each other.
        team = Team.objects.select_for_update().get(pk=team.pk)
        book = Book(team, source, items, at)
        for index, item in enumerate(items):
            refusal = _refusal(item, at)
            if refusal is not None:
                results.append(ItemResult(index, "rejected", *refusal))
                continue
            result = book.enter(index, item)
            results.append(result)
            if result.status in {"stored", "duplicate"}:
                touched.add(item.signal)
                if item.reason in COULD_NOT_READ:
                    unread.add(item.signal)
        book.write()
        if touched:
            read = touched - unread - {held.signal for held in book.held} - book.told_less
            overturned = _let_speak(team, touched, read, at, by_name, source=source, immediate=immediate)
    return Taken(tuple(results), tuple(book.held), overturned)


def confirm_readings(
    *, team: Team, source: str, seen: Collection[int], at: datetime, by_name: str
) -> Confirmed:
    """What counts from now on, because a person saw these measurements and said that they are right; verdicts follow at once.

    A value that was read since is held as before: nobody has seen it.
    """
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        waiting = list(
            Reading.objects.filter(team=team, source=source, held_at__isnull=False, removed_at__isnull=True)
        )
        held = [reading for reading in waiting if reading.latest_id in seen]
        unseen = [reading.signal for reading in waiting if reading.latest_id not in seen]
        for reading in held:
            reading.good_id, reading.read_at, reading.held_at = reading.latest_id, reading.tried_at, None
        Reading.objects.bulk_update(held, ["good", "read_at", "held_at"])
        signals = {reading.signal for reading in held}
        if signals:
            _let_speak(team, signals, signals, at, by_name, source=source, immediate=True)
    return Confirmed(tuple(sorted(signals)), tuple(sorted(unseen)))


def forget_source(*, team: Team, source: str, at: datetime) -> None:
    """A source is gone. Nothing falls: its readings age, and it counts as unknown beside others (RULINGS 6)."""
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        Reading.objects.filter(team=team, source=source, removed_at__isnull=True).update(removed_at=at)


def _let_speak(
    team: Team,
    signals: set[str],
    read: set[str],
    at: datetime,
    by_name: str,
    *,
    source: str,
    immediate: bool,
) -> tuple[str, ...]:
    """The criteria whose verdict was overturned."""
    maturity_model = catalog.active_model()
    if maturity_model is None:
        return ()
    how = VerdictChange.How.SCHEDULE
    if immediate:
        how = VerdictChange.How.NOW if is_collected(source) else VerdictChange.How.PUSH
    derived = derive_verdicts(
        team=team,
        maturity_model=maturity_model,
        signals=signals,
        read=read,
        occasion=Occasion(at, how, by_name, source),
    )
    if derived.changed:
        record_event(
            at=at,
            by=None,
            actor_name=by_name,
            action="verdict.change",
            obj=team,
            team=team,
            after={"criteria": list(derived.changed), "source": source},
        )
    if derived.is_written:
        rescore_teams(teams=[team], at=at, cause=CriterionStatus.Cause.MEASUREMENT, by_name=by_name)
    return derived.overturned


def _refusal(item: Observed, at: datetime) -> tuple[str, str] | None:
    signal = SIGNALS.get(item.signal)
    if signal is None:
        return "unknown_signal", f"There is no signal {item.signal!r}. GET /api/v1/signals/ lists them."
    if item.observed_at > at + AHEAD_TOLERATED:
        return "observed_in_future", "observed_at is more than 5 minutes ahead. Check the sender's clock."
    if (item.value is None) == (item.reason == ""):
        return "value_or_reason", "Send either a value, or state unknown with a reason."
    if item.reason and item.reason not in _REASONS:
        return "unknown_reason", f"There is no reason {item.reason!r}. GET /api/v1/signals/ lists them."
    if item.bound not in _BOUNDS:
        return "unknown_bound", f"bound is {item.bound!r}; it must be exact or lower."
    return None if item.value is None else _bad_value(signal, item.value)


def _bad_value(signal: Signal, value: float) -> tuple[str, str] | None:
    if isinstance(value, bool) is not (signal.type is SignalType.BOOL):
        wanted = "true or false" if signal.type is SignalType.BOOL else "a number"
        return "wrong_type", f"{signal.id} is {wanted}."
    if signal.type is SignalType.BOOL:
        return None
    if not math.isfinite(value) or value < 0:
        return "out_of_range", f"{signal.id} cannot be {value}."
    if signal.unit is Unit.SHARE and value > 1:
        return "out_of_range", f"{signal.id} is a share from 0 to 1, not {value}."
    if signal.unit is Unit.COUNT and value != int(value):
        return "out_of_range", f"{signal.id} is a whole number, not {value}."
    return None
