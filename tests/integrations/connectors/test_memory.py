"""The memory that forgets: what connectors are given in tests, and what every other memory must agree with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.memory import Forgetful, Item, Recalled, Stream

UNTIL = datetime(2026, 3, 31, 12, tzinfo=UTC)
RUNS = Stream("runs", "1", window=timedelta(days=90))


class Cut(Exception):
    """A page could not be had."""


def _item(key: str, days: float) -> Item:
    return Item(key, UNTIL - timedelta(days=days), is_final=True)


def _recall(*pages: Sequence[Item], breaks: bool = False) -> Recalled:
    def fetch(since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
        assert (since, until) == (UNTIL - timedelta(days=90), UNTIL)
        yield from pages
        if breaks:
            raise Cut

    return Forgetful().recall(RUNS, until=UNTIL, fetch=fetch, refetch=lambda _: ())


def test_everything_comes_newest_first_and_once() -> None:
    recalled = _recall([_item("a", 3), _item("b", 1)], [_item("a", 3), _item("c", 2)])
    assert [item.key for item in recalled.items] == ["b", "c", "a"]
    assert recalled.covers(UNTIL - timedelta(days=90))
    assert not recalled.covers(UNTIL - timedelta(days=90, seconds=1))


def test_a_list_that_breaks_off_covers_nothing_and_keeps_what_it_told() -> None:
    recalled = _recall([_item("a", 3)], breaks=True)
    assert [item.key for item in recalled.items] == ["a"]
    assert isinstance(recalled.cause, Cut)
    assert not recalled.covers(UNTIL)


def test_a_list_that_tells_nothing_at_all_raises() -> None:
    with pytest.raises(Cut):
        _recall(breaks=True)


def test_a_detail_is_asked_for_each_time() -> None:
    asked = iter([_item("a", 3), _item("a", 2)])
    memory = Forgetful()
    assert [memory.once(RUNS, "a", lambda: next(asked)).happened_at.day for _ in range(2)] == [28, 29]
