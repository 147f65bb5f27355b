"""Growing lists of GitLab, read through what a source remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.common.unread import Unread
from integrations.connectors.http import SourceError
from integrations.connectors.memory import Item, Memory, Recalled, Stream

Pages = Callable[[datetime, datetime | None], Iterator[Sequence[Item]]]
"""Pages of the items of a span of time, newest first. No end: up to now."""


@dataclass(frozen=True, slots=True)
class Remembering:
    """The memory of a source within one collection. `until` pins the upper end of every window."""

    memory: Memory
    until: datetime

    def recall(self, stream: Stream, pages: Pages) -> Recalled:
        """Everything known of a stream. Raises Unread when no page could be had, SourceError when going on is pointless.

        The end of the newest span is cut here and not asked for: of a listing by the time of change, newest first, nothing is
        skipped when an item moves to the top meanwhile, and what moved past `until` is met again by the next collection.
        """

        def fetch(since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
            for page in pages(since, None if until >= self.until else until):
                yield [item for item in page if since <= item.happened_at < until]

        found = self.memory.recall(stream, until=self.until, fetch=fetch, refetch=_nothing)
        if isinstance(found.cause, SourceError):
            raise found.cause
        if found.cause is not None and not isinstance(found.cause, Unread):
            raise found.cause
        return found

    def covered_from(self, found: Recalled) -> datetime:
        """The moment after which nothing of a stream is missing."""
        return self.until if found.cause is not None else found.covered_from

    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        """A detail: the remembered one where it is final. Raises what `ask` raises."""
        return self.memory.once(stream, key, ask)


def _nothing(_: Sequence[str]) -> Sequence[Item]:
    # Only what has ended is listed, and a change brings it back into the listing.
    return ()
