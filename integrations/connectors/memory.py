"""What a source remembers between collections, so that each asks only for what is new. Pure.

A stream is a list that grows at its source: runs, builds, deployments. A connector says how to ask for the items of a span of
time and for single items again; a memory decides what has to be asked and gives back everything that is known. The database's
memory is in `integrations/services/`; `Forgetful` remembers nothing and asks for the whole window each time.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# How far back an unfinished item is asked about again; GitHub lets a run be run again for 30 days.
SETTLES = timedelta(days=35)


@dataclass(frozen=True, slots=True)
class Stream:
    """One growing list. `scope` names the part of the system by numbers that never change hands, and everything the listing is
    filtered by: another scope is another list and starts anew.

    `window`: how far back its items are needed. `overlap`: how far before the last full reading it is read again: minutes for a
    time that the server stamps, a day for one that clients choose. `is_lasting`: what is in it happened, and stays so when the
    source deletes its record by age or somebody deletes it by hand: a run that was counted never leaves a share by that.
    """

    name: str
    scope: str
    window: timedelta
    overlap: timedelta = timedelta(hours=1)
    is_lasting: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a stream. `data` are the few plain values (JSON) that signals need: no titles, people's names or texts.

    `key` names it in its stream. `happened_at` is the time that the listing is asked by. An item that is not `is_final` is
    asked for again until it is. `changed_at`: when the source last changed it, where the source says so; an older word never
    replaces a newer one. `is_mark`: it tells of what may be missing in a span of a lasting stream, and says nothing where that
    span was read before.
    """

    key: str
    happened_at: datetime
    is_final: bool
    data: Mapping[str, Any] = field(default_factory=dict)
    changed_at: datetime | None = None
    is_mark: bool = False


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is known of a stream, newest first, each item once. Everything that happened from `covered_from` on is there.

    `cause` is what broke this reading off, None when it came to its end. Then what happened since the last reading may be
    missing, so a count is a lower bound and a share is unknown.
    """

    items: tuple[Item, ...]
    covered_from: datetime
    cause: Exception | None = None

    def covers(self, since: datetime) -> bool:
        """Whether nothing that happened from `since` on can be missing."""
        return self.cause is None and self.covered_from <= since


Fetch = Callable[[datetime, datetime], Iterable[Sequence[Item]]]
"""Pages of the items with since <= happened_at < until, in any order. Raises when a page cannot be had."""

Refetch = Callable[[Sequence[str]], Sequence[Item]]
"""Items by their keys as they stand now; one that is left out is gone at the source. Raises when one cannot be had."""


class Memory(ABC):
    """What one source remembers."""

    @abstractmethod
    def recall(self, stream: Stream, *, until: datetime, fetch: Fetch, refetch: Refetch) -> Recalled:
        """Everything known of the stream up to `until`. Raises what `fetch` raised when it gave no page at all."""

    @abstractmethod
    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        """A detail of something (the jobs of a run): the remembered one where it is final, else what `ask` says now.

        Raises what `ask` raises.
        """


class Forgetful(Memory):
    """Remembers nothing: asks for the whole window and for every detail."""

    def recall(self, stream: Stream, *, until: datetime, fetch: Fetch, refetch: Refetch) -> Recalled:
        """Everything in the window. Raises what `fetch` raised when it gave no page at all."""
        since = until - stream.window
        found: dict[str, Item] = {}
        cause: Exception | None = None
        is_told = False
        try:
            for page in fetch(since, until):
                is_told = True
                found |= {item.key: item for item in page}
        except Exception as error:
            if not is_told:
                raise
            cause = error
        return Recalled(newest_first(found.values()), since, cause)

    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        """What `ask` says now. Raises what it raises."""
        return ask()


def mark_of(person: str) -> str:
    """What tells one person from another and names nobody, for `data`; a mark stays as it is, and nobody is nobody."""
    if not person or person.startswith("#"):
        return person
    return f"#{hashlib.sha256(person.lower().encode()).hexdigest()[:16]}"


def newest_first(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(sorted(items, key=lambda item: (item.happened_at, item.key), reverse=True))
