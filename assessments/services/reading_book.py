"""The readings of one source of one team, brought up to date in memory and written at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from assessments.models import Measurement, Reading
from assessments.pooling import COULD_NOT_READ
from assessments.services.measurement_rows import Key, Row, stored_rows, write_rows
from assessments.services.observed import Held, ItemResult, Observed, external_id_of
from assessments.vocabulary import SIGNALS, Unit, group_of
from teams.models import Team

MAX_DETAIL = 500
# A count under this goes up and down by itself; a larger one that falls to less than half is held until somebody says that
# it is right (docs/adr/0012).
LEAST_TO_HOLD = 10


@dataclass(slots=True)
class Entry:
    """A measurement, stored or about to be. `pk` is None until it is."""

    key: Key
    value: float | None
    reason: str
    bound: str
    sample: int | None
    pk: int | None = None

    def says_the_same(self, item: Observed) -> bool:
        return (
            self.value == (None if item.value is None else float(item.value))
            and self.reason == item.reason
            and self.bound == item.bound
            and self.sample == item.sample
        )


class Book:
    """`enter` each item, then `write`. To be used under the team's lock."""

    def __init__(self, team: Team, source: str, items: Sequence[Observed], at: datetime) -> None:
        self._team = team
        self._source = source
        self._at = at
        signals = {item.signal for item in items}
        rows = Reading.objects.filter(team=team, source=source, signal__in=signals)
        self._readings = {row.signal: row for row in rows.select_related("latest", "good")}
        self._latest = {signal: _entry(row.latest) for signal, row in self._readings.items()}
        self._good = {signal: _entry(row.good) for signal, row in self._readings.items() if row.good}
        self._stored = self._look_up(signals, items)
        self._held_groups = held_groups(self._readings, items)
        self._new: list[Row] = []
        self._moved: set[str] = set()
        self._first: set[str] = set()
        self.held: list[Held] = []
        self.told_less: set[str] = set()

    def _look_up(self, signals: set[str], items: Sequence[Observed]) -> dict[Key, Entry]:
        external_ids = {item.external_id or external_id_of(item) for item in items}
        rows = stored_rows(self._team.pk, self._source, signals, external_ids)
        return {(row[0], row[1]): Entry((row[0], row[1]), *row[2:]) for row in rows}

    def enter(self, index: int, item: Observed) -> ItemResult:
        latest = self._latest.get(item.signal)
        if not item.external_id and latest is not None and latest.says_the_same(item):
            self._move(item, latest)
            return ItemResult(index, "duplicate")
        key = (item.signal, item.external_id or external_id_of(item))
        known = self._stored.get(key)
        if known is not None and not known.says_the_same(item):
            return ItemResult(
                index, "conflict", "external_id_used", "This external_id was sent before with other content."
            )
        entry = known or self._add(item, key)
        if known is None or not item.external_id:
            self._note(item, entry)
        return ItemResult(index, "stored" if known is None else "duplicate")

    def write(self) -> None:
        moved = {signal: self._readings[signal] for signal in sorted(self._moved)}
        pointed = [self._latest[signal] for signal in moved]
        pointed += [self._good[signal] for signal in moved if signal in self._good]
        fresh = [entry for entry in pointed if entry.pk is None]
        if self._new:
            ids = write_rows(self._new, [entry.key for entry in fresh])
            for entry in fresh:
                entry.pk = ids[entry.key]
        for signal, row in moved.items():
            row.latest_id = _id(self._latest[signal])
            row.good_id = _id(self._good[signal]) if signal in self._good else None
        Reading.objects.bulk_create([row for signal, row in moved.items() if signal in self._first])
        Reading.objects.bulk_update(
            [row for signal, row in moved.items() if signal not in self._first],
            ["latest", "good", "read_at", "tried_at", "removed_at", "held_at"],
        )

    def _add(self, item: Observed, key: Key) -> Entry:
        value = None if item.value is None else float(item.value)
        entry = Entry(key, value, item.reason, item.bound, item.sample)
        self._stored[key] = entry
        self._new.append(
            Row(
                team_id=self._team.pk,
                signal=item.signal,
                state=Measurement.State.UNKNOWN.value if value is None else Measurement.State.OK.value,
                value=value,
                reason=item.reason,
                bound=item.bound,
                sample=item.sample,
                numerator=item.numerator,
                denominator=item.denominator,
                window_days=SIGNALS[item.signal].window_days,
                observed_at=item.observed_at,
                received_at=self._at,
                source=self._source,
                external_id=key[1],
                url=item.url,
                detail=item.detail[:MAX_DETAIL],
            )
        )
        return entry

    def _note(self, item: Observed, entry: Entry) -> None:
        if item.signal not in self._readings:
            self._readings[item.signal] = Reading(
                team=self._team, source=self._source, signal=item.signal, tried_at=item.observed_at
            )
            self._first.add(item.signal)
        self._move(item, entry)

    def _move(self, item: Observed, entry: Entry) -> None:
        reading = self._readings[item.signal]
        # Out of order: an older observation is kept as a fact but moves nothing.
        if item.observed_at < reading.tried_at:
            return
        self._latest[item.signal] = entry
        reading.tried_at = item.observed_at
        reading.removed_at = None
        self._moved.add(item.signal)
        good = self._good.get(item.signal)
        if good is not None and _tells_less(good, entry):
            reading.held_at = None
            self.told_less.add(item.signal)
        elif entry.reason in COULD_NOT_READ:
            reading.held_at = None
        elif good is not None and self._is_held(item, good):
            reading.held_at = reading.held_at or item.observed_at
            self.held.append(Held(item.signal, good.value, entry.value))
        else:
            self._good[item.signal] = entry
            reading.read_at, reading.held_at = item.observed_at, None

    def _is_held(self, item: Observed, good: Entry) -> bool:
        return (
            not item.external_id
            and group_of(item.signal) in self._held_groups
            and not good.says_the_same(item)
        )


def _tells_less(good: Entry, new: Entry) -> bool:
    """Whether a part of the source could not be read and the rest proves no more than is known: then what is known ages."""
    if good.value is None or new.value is None:
        return False
    is_part = good.bound == Measurement.Bound.EXACT and new.bound == Measurement.Bound.LOWER
    return is_part and new.value <= good.value


def held_groups(readings: Mapping[str, Reading], items: Sequence[Observed]) -> frozenset[str]:
    """Groups of signals ("ci", "mlflow") in which a collected count fell to less than half of its last good reading.

    The whole group, since a list that came back empty makes shares "too few to say" and files "not there" as well. What is
    pushed says what its sender means, and is never held.
    """
    return frozenset(group_of(item.signal) for item in items if _has_dropped(readings.get(item.signal), item))


def _has_dropped(reading: Reading | None, item: Observed) -> bool:
    if reading is None or reading.good is None or item.external_id or item.value is None:
        return False
    if reading.good.bound == Measurement.Bound.EXACT and item.bound == Measurement.Bound.LOWER:
        # Only a part could be read: that is no drop.
        return False
    good = reading.good.value
    is_count = SIGNALS[item.signal].unit is Unit.COUNT if item.signal in SIGNALS else False
    return is_count and good is not None and good >= LEAST_TO_HOLD and item.value < good / 2


def _entry(row: Measurement) -> Entry:
    return Entry((row.signal, row.external_id), row.value, row.reason, row.bound, row.sample, row.pk)


def _id(entry: Entry) -> int:
    assert entry.pk is not None, "written before"
    return entry.pk
