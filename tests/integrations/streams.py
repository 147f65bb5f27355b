"""A source with one growing list, as honest and as unreliable as real ones, and the database's memory of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from integrations.connectors.memory import Item, Recalled, Stream
from integrations.models import Connection, Source
from integrations.services import leases
from integrations.services.memory import DatabaseMemory, Turn
from tests.factories import AT
from tests.integrations.factories import TOKEN, make_connection, make_source

DAY = timedelta(days=1)
_tokens = count(1)
RUNS = Stream("runs", "1", window=90 * DAY, overlap=timedelta(hours=1))


class Down(Exception):
    """The source did not answer."""


@dataclass
class Truth:
    """What the source holds, by key. `fails_at`: how many more pages (or questions for single items) it gives before it fails."""

    items: dict[str, Item] = field(default_factory=dict)
    page_size: int = 3
    fails_at: int | None = None
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    asked_again: list[str] = field(default_factory=list)

    def add(
        self,
        key: str,
        happened_at: datetime,
        *,
        is_final: bool = True,
        changed_at: datetime | None = None,
        **data: object,
    ) -> None:
        self.items[key] = Item(key, happened_at, is_final, data, changed_at)

    def within(self, since: datetime, until: datetime) -> list[Item]:
        found = [item for item in self.items.values() if since <= item.happened_at < until]
        return sorted(found, key=lambda item: (item.happened_at, item.key), reverse=True)

    def fetch(self, since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
        self.spans.append((since, until))
        found = self.within(since, until)
        for start in range(0, max(len(found), 1), self.page_size):
            self._fail_or_go_on()
            yield found[start : start + self.page_size]

    def refetch(self, keys: Sequence[str]) -> list[Item]:
        self._fail_or_go_on()
        self.asked_again += keys
        return [self.items[key] for key in keys if key in self.items]

    def _fail_or_go_on(self) -> None:
        if self.fails_at is not None:
            if self.fails_at == 0:
                raise Down
            self.fails_at -= 1


def held_source(at: datetime = AT) -> Source:
    """A source whose connection is being collected: the lease is its own."""
    # A credential of its own: never two connections of one credential at the same time.
    connection = make_connection(answers={"token": f"{TOKEN}-{next(_tokens)}"})
    source = make_source(connection)
    claim = leases.claim_one(connection_id=connection.pk, at=at)
    assert claim is not None
    begun = leases.begin(claim=claim, at=at)
    assert begun is not None
    source.connection = begun
    return source


def take_over(source: Source) -> None:
    """Another worker holds the lease from now on."""
    Connection.objects.filter(pk=source.connection_id).update(lease_key="another")


def recall(
    source: Source, truth: Truth, at: datetime = AT, *, stream: Stream = RUNS, turns: float = 1_000
) -> Recalled:
    """One collection's recall at `at`. `turns`: how many slices it may go back, one at least."""
    slices = iter(range(10**9))
    turn = Turn(seconds=lambda: float(next(slices)), lasts=turns)
    memory = DatabaseMemory(source, clock=lambda: at, turn=turn)
    return memory.recall(stream, until=at, fetch=truth.fetch, refetch=truth.refetch)


def keys(recalled: Recalled) -> list[str]:
    return [item.key for item in recalled.items]


def fresh_memory() -> DatabaseMemory:
    """The memory of a source that was never read."""
    return DatabaseMemory(held_source(), clock=lambda: AT)
