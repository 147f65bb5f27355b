"""The simplest memory that remembers: what a connector is told when it is asked for the second time. In no database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from integrations.connectors.memory import Fetch, Item, Memory, Recalled, Refetch, Stream, newest_first


class Remembering(Memory):
    """Asks for the whole window once, afterwards for what is new and for what was not over."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], dict[str, Item]] = {}
        self._read_until: dict[tuple[str, str], datetime] = {}

    def recall(self, stream: Stream, *, until: datetime, fetch: Fetch, refetch: Refetch) -> Recalled:
        """Everything known of the window. Raises what `fetch` raises."""
        key, floor = (stream.name, stream.scope), until - stream.window
        items = self._items.setdefault(key, {})
        since = max(self._read_until.get(key, floor) - stream.overlap, floor)
        for page in fetch(since, until):
            items |= {item.key: item for item in page}
        items |= {item.key: item for item in refetch([one.key for one in items.values() if not one.is_final])}
        self._read_until[key] = until
        return Recalled(newest_first(one for one in items.values() if one.happened_at >= floor), floor)

    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        """The remembered detail, or what `ask` says. Raises what it raises."""
        items = self._items.setdefault((stream.name, stream.scope), {})
        if key not in items:
            item = ask()
            if not item.is_final:
                return item
            items[key] = item
        return items[key]


class HalfRead(Memory):
    """Has read the newest days of each list and not yet what is older, as a source whose long history is still being read."""

    def __init__(self, days: int) -> None:
        self._known = timedelta(days=days)

    def recall(self, stream: Stream, *, until: datetime, fetch: Fetch, refetch: Refetch) -> Recalled:
        """The items of the newest days. Raises what `fetch` raises."""
        since = max(until - self._known, until - stream.window)
        items = {item.key: item for page in fetch(since, until) for item in page}
        return Recalled(newest_first(items.values()), since)

    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        """What `ask` says now. Raises what it raises."""
        return ask()
