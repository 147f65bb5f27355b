"""Store what was observed, once, and let it speak: readings, verdicts, scores, in one transaction."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from assessments.models import CriterionStatus, Measurement, Reading
from assessments.pooling import COULD_NOT_READ
from assessments.queries import catalog
from assessments.services.scores import rescore_teams
from assessments.services.verdicts import derive_verdicts
from assessments.vocabulary import SIGNALS, Reason, Signal, SignalType, Unit
from teams.models import Team
from teams.services.events import record_event

# Clocks differ a little; more than this is a wrong clock or a lie.
AHEAD_TOLERATED = timedelta(minutes=5)
MAX_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Observed:
    """One observed value, or the reason why there is none. An empty `external_id` marks a collected value."""

    signal: str
    value: float | bool | None
    observed_at: datetime
    reason: str = ""
    bound: str = "exact"
    sample: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    external_id: str = ""
    url: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item. `status`: stored, duplicate, conflict or rejected; `code` and `detail` say why."""

    index: int
    status: str
    code: str = ""
    detail: str = ""


def record_measurements(
    *, team: Team, source: str, items: Sequence[Observed], at: datetime, by_name: str, immediate: bool
) -> tuple[ItemResult, ...]:
    """One result per item, each judged by itself. Sent twice, stored once; an existing key changes nothing.

    `immediate` for what a person asked for or a system pushed; the schedule lets a changed verdict wait (RULINGS 6).
    """
    results: list[ItemResult] = []
    touched: set[str] = set()
    with transaction.atomic():
        # The team's row guards its readings: two collections of one team wait for each other.
        team = Team.objects.select_for_update().get(pk=team.pk)
        book = _Book(team, source, items, at)
        for index, item in enumerate(items):
            refusal = _refusal(item, at)
            if refusal is not None:
                results.append(ItemResult(index, "rejected", *refusal))
                continue
            result = book.enter(index, item)
            results.append(result)
            if result.status in {"stored", "duplicate"}:
                touched.add(item.signal)
        book.write()
        if touched:
            _let_speak(team, touched, at, by_name, source=source, immediate=immediate)
    return tuple(results)


def forget_source(*, team: Team, source: str, at: datetime) -> None:
    """A source is gone. Nothing falls: its readings age, and it counts as unknown beside others (RULINGS 6)."""
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)
        Reading.objects.filter(team=team, source=source, removed_at__isnull=True).update(removed_at=at)


def _let_speak(
    team: Team, signals: set[str], at: datetime, by_name: str, *, source: str, immediate: bool
) -> None:
    maturity_model = catalog.active_model()
    if maturity_model is None:
        return
    derived = derive_verdicts(
        team=team, maturity_model=maturity_model, signals=signals, at=at, immediate=immediate
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


def _refusal(item: Observed, at: datetime) -> tuple[str, str] | None:
    signal = SIGNALS.get(item.signal)
    if signal is None:
        return "unknown_signal", f"There is no signal {item.signal!r}. GET /api/v1/signals/ lists them."
    if item.observed_at > at + AHEAD_TOLERATED:
        return "observed_in_future", "observed_at is more than 5 minutes ahead. Check the sender's clock."
    if (item.value is None) == (item.reason == ""):
        return "value_or_reason", "Send either a value, or state unknown with a reason."
    if item.reason and item.reason not in set(Reason):
        return "unknown_reason", f"There is no reason {item.reason!r}. GET /api/v1/signals/ lists them."
    if item.bound not in Measurement.Bound.values:
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


def external_id_of(item: Observed) -> str:
    """The key of a collected value: a digest of its day and content (RULINGS 22)."""
    content: list[Any] = [
        item.observed_at.date().isoformat(),
        item.value,
        item.bound,
        "unknown" if item.value is None else "ok",
        item.reason,
        item.sample,
    ]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


class _Book:
    """The readings of one source of one team, brought up to date in memory and written at once."""

    def __init__(self, team: Team, source: str, items: Sequence[Observed], at: datetime) -> None:
        self._team = team
        self._source = source
        self._at = at
        signals = {item.signal for item in items}
        self._readings = {
            row.signal: row
            for row in Reading.objects.filter(team=team, source=source, signal__in=signals).select_related(
                "latest", "good"
            )
        }
        self._stored = {
            (row.signal, row.external_id): row
            for row in Measurement.objects.filter(
                team=team,
                source=source,
                signal__in=signals,
                external_id__in={item.external_id or external_id_of(item) for item in items},
            )
        }
        self._new: list[Measurement] = []
        self._moved: set[str] = set()
        self._first: set[str] = set()

    def enter(self, index: int, item: Observed) -> ItemResult:
        reading = self._readings.get(item.signal)
        if not item.external_id and reading is not None and _says_the_same(reading.latest, item):
            self._move(reading, reading.latest, item.observed_at)
            return ItemResult(index, "duplicate")
        key = (item.signal, item.external_id or external_id_of(item))
        known = self._stored.get(key)
        if known is not None and not _says_the_same(known, item):
            return ItemResult(
                index, "conflict", "external_id_used", "This external_id was sent before with other content."
            )
        measurement = known or self._measurement(item, key[1])
        if known is None:
            self._stored[key] = measurement
            self._new.append(measurement)
        if known is None or not item.external_id:
            self._note(item, measurement)
        return ItemResult(index, "stored" if known is None else "duplicate")

    def write(self) -> None:
        Measurement.objects.bulk_create(self._new, batch_size=1000)
        moved = {signal: self._readings[signal] for signal in sorted(self._moved)}
        for row in moved.values():
            # The ids of new measurements exist only now.
            row.latest_id = row.latest.pk
            row.good_id = row.good.pk if row.good is not None else None
        Reading.objects.bulk_create([row for signal, row in moved.items() if signal in self._first])
        Reading.objects.bulk_update(
            [row for signal, row in moved.items() if signal not in self._first],
            ["latest", "good", "read_at", "tried_at", "removed_at"],
        )

    def _measurement(self, item: Observed, external_id: str) -> Measurement:
        return Measurement(
            team=self._team,
            signal=item.signal,
            state=Measurement.State.UNKNOWN if item.value is None else Measurement.State.OK,
            value=None if item.value is None else float(item.value),
            reason=item.reason,
            bound=item.bound,
            sample=item.sample,
            numerator=item.numerator,
            denominator=item.denominator,
            window_days=SIGNALS[item.signal].window_days,
            observed_at=item.observed_at,
            received_at=self._at,
            source=self._source,
            external_id=external_id,
            url=item.url,
            detail=item.detail[:MAX_DETAIL],
        )

    def _note(self, item: Observed, measurement: Measurement) -> None:
        reading = self._readings.get(item.signal)
        if reading is None:
            reading = Reading(
                team=self._team,
                source=self._source,
                signal=item.signal,
                latest=measurement,
                tried_at=item.observed_at,
            )
            self._readings[item.signal] = reading
            self._first.add(item.signal)
        self._move(reading, measurement, item.observed_at)

    def _move(self, reading: Reading, measurement: Measurement, observed_at: datetime) -> None:
        # Out of order: an older observation is kept as a fact but moves nothing.
        if observed_at < reading.tried_at:
            return
        reading.latest = measurement
        reading.tried_at = observed_at
        reading.removed_at = None
        if measurement.reason not in COULD_NOT_READ:
            reading.good = measurement
            reading.read_at = observed_at
        self._moved.add(reading.signal)


def _says_the_same(measurement: Measurement, item: Observed) -> bool:
    return (
        measurement.value == (None if item.value is None else float(item.value))
        and measurement.reason == item.reason
        and measurement.bound == item.bound
        and measurement.sample == item.sample
    )
