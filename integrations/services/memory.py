"""What a source remembers, in the database: each collection asks only for what is new, and none of it is lost on the way.

A first reading takes the newest days, then goes back slice by slice; a later one takes what happened since the last full
one, asks again for what was not finished, and once a day reads the last weeks again, since sources change and lose things
without a word. Every page is kept at once, and marks move only behind whole spans: a worker that dies at any page costs that
span a second reading and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded

from integrations.connectors.memory import (
    SETTLES,
    Fetch,
    Item,
    Memory,
    Recalled,
    Refetch,
    Stream,
    newest_first,
)
from integrations.models import Connection, Source
from integrations.queries.history import Covered
from integrations.services import leases
from integrations.services.memory_shelf import Shelf

# What people wait for first.
FIRST = timedelta(days=7)
SHORTEST_SLICE = timedelta(days=1)
# A slice that told of fewer items makes the next one longer, one that told of more makes it shorter.
FEW, MANY = 200, 2_000
RECONCILE_EVERY = timedelta(days=1)
# How long one collection goes back in time, for all sources of the connection together, before others get their turn.
BACKFILL_SECONDS = 60.0
# More would not fit into a worker; what is older stays unread, and the signals say so.
MOST_ITEMS = 50_000
AT_ONCE = 100


class Broken(Exception):
    """The source did not give a page or an item; `cause` is what it raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(slots=True)
class Reading:
    """What one reading of a stream was told, by our keys. `is_answered`: at least once the source gave something."""

    told: set[str] = field(default_factory=set)
    is_answered: bool = False


class Turn:
    """The time that one collection has to go back in the history of its sources; one slice of it may always be read."""

    def __init__(self, *, seconds: Callable[[], float] = time.monotonic, lasts: float | None = None) -> None:
        self._seconds = seconds
        self._lasts = BACKFILL_SECONDS if lasts is None else lasts
        self._ends: float | None = None
        # Whether any history was read: a turn that brought nothing is not followed by another at once.
        self.has_moved = False

    def is_over(self) -> bool:
        if self._ends is None:
            # From the first need on, so that other questions of the collection do not use it up.
            self._ends = self._seconds() + self._lasts
        return self.has_moved and self._seconds() >= self._ends


class DatabaseMemory(Memory):
    """Made for one collection of one source, whose connection holds the lease. Its methods raise LeaseLost beside their own."""

    def __init__(self, source: Source, *, clock: Callable[[], datetime], turn: Turn | None = None) -> None:
        self._source = source
        self._clock = clock
        self._turn = turn or Turn()
        self._details: dict[Stream, Details] = {}
        # How far the streams reach that were asked for.
        self.covered: list[Covered] = []
        self._is_missing = self._is_broken = False

    @property
    def is_behind(self) -> bool:
        """Whether history is missing and this collection came nearer to it: then the next one may follow at once."""
        return self._is_missing and self._turn.has_moved and not self._is_broken

    def recall(self, stream: Stream, *, until: datetime, fetch: Fetch, refetch: Refetch) -> Recalled:
        """Everything known of the stream up to `until`. Raises what `fetch` raised when it gave no page at all."""
        shelf = Shelf(self._source, stream, holds=self._holds, at=until)
        floor = until - stream.window
        reading = Reading()
        cause: Exception | None = None
        try:
            _catch_up(shelf, stream, until, fetch, refetch, reading)
            _reconcile(shelf, stream, until, fetch, reading)
            self._go_back(shelf, floor, fetch, reading)
        except Broken as broken:
            self._is_broken = True
            if not reading.is_answered:
                raise broken.cause from None
            cause = broken.cause
        # Nothing is proven of a list whose newest days were never read to their end.
        covered_from = max(shelf.row.covered_from_at or until, floor)
        self.covered.append(Covered(until - covered_from, stream.window))
        return Recalled(newest_first(shelf.items(floor, until)), covered_from, cause)

    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        """A detail of something: the remembered one where it is final, else what `ask` says now. Raises what `ask` raises."""
        if stream not in self._details:
            self._details[stream] = Details(
                Shelf(self._source, stream, holds=self._holds, at=self._clock()),
                self._clock() - stream.window,
            )
        return self._details[stream].once(key, ask)

    def close(self) -> None:
        """Keeps the details that were asked for last. Raises LeaseLost."""
        for details in self._details.values():
            details.keep()

    def _holds(self) -> bool:
        return leases.renew(connection=self._source.connection, at=self._clock())

    def _go_back(self, shelf: Shelf, floor: datetime, fetch: Fetch, reading: Reading) -> None:
        """Reads older slices, the newest of them first, until all is there or the time is up. Raises Broken."""
        step = FIRST
        covered_from = shelf.row.covered_from_at
        while covered_from is not None and covered_from > floor and shelf.count() < MOST_ITEMS:
            if self._turn.is_over():
                self._is_missing = True
                return
            since = max(covered_from - step, floor)
            told = _read(shelf, fetch, (since, covered_from), reading)
            shelf.mark(covered_from_at=since)
            self._turn.has_moved = True
            covered_from = since
            step = _next_step(step, told)


def go_on(*, connection: Connection, at: datetime) -> bool:
    """Whether the connection is due again, behind all that are due already, because its history was not read to the end."""
    waiting = Connection.objects.open().filter(pk=connection.pk, lease_key="", is_paused=False)
    return waiting.filter(next_due_at__gt=at).update(next_due_at=at) == 1


class Details:
    """Details of finished things, remembered for good; they are kept by dozens, for each commit costs."""

    def __init__(self, shelf: Shelf, since: datetime) -> None:
        self._shelf = shelf
        self._known = {item.key: item for item in shelf.items(since)}
        self._new: list[Item] = []

    def once(self, key: str, ask: Callable[[], Item]) -> Item:
        known = self._known.get(key)
        if known is not None:
            return known
        item = ask()
        if item.is_final:
            self._known[key] = item
            self._new.append(item)
            if len(self._new) >= AT_ONCE:
                self.keep()
        return item

    def keep(self) -> None:
        """Stores what is new. Raises LeaseLost."""
        if self._new:
            self._shelf.put(self._new)
            self._new = []


def _catch_up(
    shelf: Shelf, stream: Stream, until: datetime, fetch: Fetch, refetch: Refetch, reading: Reading
) -> None:
    """Reads what happened since the last full reading, and again what was not finished. Raises Broken.

    Only then the mark moves: to where this reading began, not to where it ended.
    """
    row, floor = shelf.row, until - stream.window
    if row.watermark_at is not None and until - row.watermark_at > min(SETTLES, stream.window):
        # Unread for so long that what changed meanwhile is beyond what is asked for again.
        shelf.clear()
    if row.watermark_at is None or row.covered_from_at is None:
        since = max(until - FIRST, floor)
        _read(shelf, fetch, (since, until), reading)
        _ask_again(shelf, until, refetch, reading)
        shelf.mark(watermark_at=until, covered_from_at=since, reconciled_at=until)
        return
    read_until = min(row.watermark_at, until)
    _read(shelf, fetch, (max(read_until - stream.overlap, floor), until), reading)
    _ask_again(shelf, until, refetch, reading)
    shelf.mark(watermark_at=max(row.watermark_at, until))


def _ask_again(shelf: Shelf, until: datetime, refetch: Refetch, reading: Reading) -> None:
    """Asks for unfinished items that the listing did not tell of; those that the source no longer has go. Raises Broken."""
    open_keys = [
        (key, full_key)
        for key, full_key in shelf.unfinished(until - SETTLES).items()
        if key not in reading.told
    ]
    for start in range(0, len(open_keys), AT_ONCE):
        part = open_keys[start : start + AT_ONCE]
        try:
            found = list(refetch([full_key for _, full_key in part]))
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            raise Broken(error) from error
        told = shelf.put(found)
        reading.told |= told
        shelf.drop([key for key, _ in part if key not in told])


def _reconcile(shelf: Shelf, stream: Stream, until: datetime, fetch: Fetch, reading: Reading) -> None:
    """Once a day reads the last weeks again: late starts, runs run again, things deleted at the source. Raises Broken."""
    row = shelf.row
    if row.covered_from_at is None or row.reconciled_at is None or row.watermark_at is None:
        return
    if until - row.reconciled_at < RECONCILE_EVERY:
        return
    since = max(row.covered_from_at, until - min(SETTLES, stream.window))
    _read(shelf, fetch, (since, until), reading, is_again=True)
    if not stream.is_lasting:
        shelf.miss(since, until, reading.told)
    shelf.mark(reconciled_at=until)


def _read(
    shelf: Shelf,
    fetch: Fetch,
    span: tuple[datetime, datetime],
    reading: Reading,
    *,
    is_again: bool = False,
) -> int:
    """How many items the pages of a span told of, each page kept as it came. Raises Broken where the source raised."""
    told = 0
    for page in _pages(fetch, span):
        reading.is_answered = True
        keys = shelf.put(item for item in page if not (is_again and item.is_mark))
        reading.told |= keys
        told += len(keys)
    reading.is_answered = True
    return told


def _pages(fetch: Fetch, span: tuple[datetime, datetime]) -> Iterator[Sequence[Item]]:
    """The pages; what the source raises is told from what our own side raises while it keeps them."""
    try:
        yield from fetch(*span)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        raise Broken(error) from error


def _next_step(step: timedelta, told: int) -> timedelta:
    if told < FEW:
        return step * 2
    return max(step / 2, SHORTEST_SLICE) if told > MANY else step
