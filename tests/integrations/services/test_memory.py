"""The database's memory: what it asks for, what it keeps, and what it may say of what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.memory import Forgetful, Item, Recalled, Stream
from integrations.models import Connection, SourceStream, StreamItem
from integrations.services import memory, sources, sweeping
from integrations.services.memory import DatabaseMemory
from integrations.services.memory_shelf import LeaseLost, Shelf
from integrations.services.memory_sweep import forget
from tests.factories import AT
from tests.integrations.streams import DAY, RUNS, Down, Truth, held_source, keys, recall, take_over

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("fake_kinds")]

HOUR = timedelta(hours=1)


def history(days: int = 90) -> Truth:
    """One item a day, d0 the newest."""
    truth = Truth()
    for day in range(days):
        truth.add(f"d{day}", AT - day * DAY - HOUR)
    return truth


def spans_in_days(truth: Truth, at: datetime = AT) -> list[tuple[float, float]]:
    return [((at - since) / DAY, (at - until) / DAY) for since, until in truth.spans]


def row() -> SourceStream:
    return SourceStream.objects.get()


def test_first_reading_takes_the_newest_week_first_and_then_goes_back() -> None:
    truth = history()

    recalled = recall(held_source(), truth)

    # Few were told, so each step back is longer than the one before.
    assert spans_in_days(truth) == [(7, 0), (14, 7), (28, 14), (56, 28), (90, 56)]
    forgetful = Forgetful().recall(RUNS, until=AT, fetch=truth.fetch, refetch=truth.refetch)
    assert recalled == forgetful
    assert len(recalled.items) == 90
    assert (row().watermark_at, row().covered_from_at) == (AT, AT - 90 * DAY)


def test_history_takes_turns_and_what_is_not_read_yet_is_not_covered() -> None:
    truth, source = history(), held_source()

    recalled = recall(source, truth, turns=0)

    assert spans_in_days(truth) == [(7, 0), (14, 7)]
    assert (len(recalled.items), recalled.covered_from, recalled.cause) == (14, AT - 14 * DAY, None)
    assert recalled.covers(AT - 14 * DAY)
    assert not recalled.covers(AT - 15 * DAY)
    truth.spans.clear()
    assert len(recall(source, truth).items) == 90
    assert spans_in_days(truth) == [(1 / 24, 0), (21, 14), (35, 21), (63, 35), (90, 63)]


def test_the_sources_of_a_connection_share_one_turn() -> None:
    truth, turn = history(), memory.Turn(lasts=0)
    sources_ = [held_source(), held_source()]
    memories = [DatabaseMemory(source, clock=lambda: AT, turn=turn) for source in sources_]

    covered = [
        (AT - m.recall(RUNS, until=AT, fetch=truth.fetch, refetch=truth.refetch).covered_from) / DAY
        for m in memories
    ]

    # Both know their newest week; the first went back one slice, and both are to be read on at once.
    assert covered == [14, 7]
    assert [m.is_behind for m in memories] == [True, True]


def test_a_busy_past_is_read_in_shorter_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "FEW", 2)
    monkeypatch.setattr(memory, "MANY", 6)
    truth = history(40)

    recall(held_source(), truth, stream=Stream("runs", "1", window=40 * DAY))

    # 7 told of 7, more than 6: the next takes 3.5 days and tells of 3 or 4, which is neither few nor many.
    assert spans_in_days(truth)[:4] == [(7, 0), (14, 7), (17.5, 14), (21, 17.5)]


def test_later_reading_asks_for_the_overlap_only() -> None:
    truth, source = history(), held_source()
    recall(source, truth)
    truth.spans.clear()
    truth.add("new", AT + HOUR)

    recalled = recall(source, truth, AT + 2 * HOUR)

    assert truth.spans == [(AT - HOUR, AT + 2 * HOUR)]
    # d89 has left the window meanwhile.
    assert keys(recalled) == ["new", *(f"d{day}" for day in range(89)), "d89"]
    assert recalled.covers(AT + 2 * HOUR - 90 * DAY)


def test_unfinished_items_are_asked_for_again_until_they_are_final_or_gone() -> None:
    truth, source = Truth(), held_source()
    for key, days in (("running", 20), ("gone", 21), ("zombie", 36)):
        truth.add(key, AT - days * DAY, is_final=False)
    recall(source, truth)
    assert truth.asked_again == []
    truth.add("running", AT - 20 * DAY, is_final=True, end="failure")
    del truth.items["gone"]

    recalled = recall(source, truth, AT + HOUR)

    assert truth.asked_again == ["gone", "running"]
    assert [(item.key, item.is_final, item.data) for item in recalled.items] == [
        ("running", True, {"end": "failure"}),
        ("zombie", False, {}),
    ]
    truth.asked_again.clear()
    recall(source, truth, AT + 2 * HOUR)
    assert truth.asked_again == []


def test_once_a_day_the_last_weeks_are_read_again_and_what_is_missed_twice_is_dropped() -> None:
    truth, source = history(40), held_source()
    recall(source, truth)
    del truth.items["d10"], truth.items["d38"]
    truth.add("d20", AT - 20 * DAY - HOUR, is_final=True, attempt=2)
    truth.add("imported", AT - 30 * DAY)
    truth.spans.clear()

    recalled = recall(source, truth, AT + DAY)

    assert spans_in_days(truth, AT + DAY) == [(25 / 24, 0), (35, 0)]
    assert {"d10", "imported"} <= set(keys(recalled))
    assert next(item.data for item in recalled.items if item.key == "d20") == {"attempt": 2}
    assert StreamItem.objects.get(key="d10").misses == 1
    # Between two days nothing is missed, however often people collect.
    recall(source, truth, AT + DAY + HOUR)
    assert StreamItem.objects.get(key="d10").misses == 1
    recalled = recall(source, truth, AT + 2 * DAY)
    # What is older than the weeks that are read again stays.
    assert ("d10" in keys(recalled), "d38" in keys(recalled)) == (False, True)


def test_what_is_lasting_is_kept_when_its_source_deletes_it() -> None:
    truth, source = history(), held_source()
    runs = Stream("runs", "1", window=90 * DAY, is_lasting=True)
    recall(source, truth, stream=runs)

    del truth.items["d10"], truth.items["d40"]
    truth.add("d11", AT - 11 * DAY - HOUR, status="again")
    recalls = [recall(source, truth, AT + days * DAY, stream=runs) for days in (1, 2, 3)]

    # d87 and older are past; what changed meanwhile is known all the same.
    assert keys(recalls[-1]) == [f"d{day}" for day in range(87)]
    assert [item.data for item in recalls[-1].items if item.key == "d11"] == [{"status": "again"}]


def test_a_mark_is_believed_of_a_span_that_is_read_for_the_first_time_only() -> None:
    truth, source = history(), held_source()
    runs = Stream("runs", "1", window=90 * DAY, is_lasting=True)

    def fetch(since: datetime, until: datetime) -> Iterator[Sequence[Item]]:
        yield [Item(f"mark {(AT - since) / DAY:g}", since, is_final=True, is_mark=True)]
        yield from truth.fetch(since, until)

    def read(at: datetime) -> Recalled:
        remembered = DatabaseMemory(source, clock=lambda: at)
        return remembered.recall(runs, until=at, fetch=fetch, refetch=truth.refetch)

    found = [read(AT), read(AT + 25 * HOUR)][-1]

    # The slices of the first reading, and what came after it; not the weeks that were read again.
    marks = [key for key in keys(found) if key.startswith("mark")]
    assert marks == ["mark 0.0416667", "mark 7", "mark 14", "mark 28", "mark 56"]


def test_an_item_that_comes_back_was_missed_once_only() -> None:
    truth, source = history(20), held_source()
    recall(source, truth)
    hidden = truth.items.pop("d10")
    recall(source, truth, AT + DAY)
    truth.items["d10"] = hidden
    recall(source, truth, AT + 2 * DAY)
    del truth.items["d10"]

    assert "d10" in keys(recall(source, truth, AT + 3 * DAY))


def test_a_list_unread_for_weeks_is_read_anew() -> None:
    truth, source = history(), held_source()
    recall(source, truth)
    del truth.items["d80"]
    truth.spans.clear()

    recalled = recall(source, truth, AT + 36 * DAY)

    assert spans_in_days(truth, AT + 36 * DAY)[:2] == [(7, 0), (14, 7)]
    assert len(recalled.items) == len(truth.within(AT - 54 * DAY, AT + 36 * DAY)) == 54


@pytest.mark.parametrize("fails_at", range(1, 30))
def test_a_reading_that_breaks_keeps_its_pages_and_goes_on_where_it_stopped(fails_at: int) -> None:
    truth, source = history(), held_source()
    truth.fails_at = fails_at

    recalled = recall(source, truth)

    assert isinstance(recalled.cause, Down)
    assert not recalled.covers(AT)
    assert 0 < len(recalled.items) < 90
    assert set(keys(recalled)) <= set(truth.items)
    # Only whole slices count as covered.
    assert recalled.covered_from in {AT, *(AT - days * DAY for days in (7, 14, 28, 56))}
    truth.fails_at = None
    assert [*recall(source, truth).items] == truth.within(AT - 90 * DAY, AT)


def test_a_source_that_gives_nothing_raises_what_it_raised_and_moves_nothing() -> None:
    truth, source = history(), held_source()
    recall(source, truth)
    truth.fails_at = 0

    with pytest.raises(Down):
        recall(source, truth, AT + HOUR)

    assert (row().watermark_at, StreamItem.objects.count()) == (AT, 90)


def test_the_mark_does_not_move_when_an_unfinished_item_cannot_be_asked_for() -> None:
    truth, source = history(), held_source()
    truth.add("running", AT - 3 * DAY, is_final=False)
    recall(source, truth)
    truth.fails_at = 1

    recalled = recall(source, truth, AT + HOUR)

    assert isinstance(recalled.cause, Down)
    assert row().watermark_at == AT
    assert len(recalled.items) == 91


def test_a_failing_daily_reading_does_not_hold_up_the_new() -> None:
    truth, source = history(), held_source()
    recall(source, truth)
    truth.add("new", AT + HOUR)
    truth.fails_at = 2

    recalled = recall(source, truth, AT + DAY)

    assert (isinstance(recalled.cause, Down), "new" in keys(recalled)) == (True, True)
    assert (row().watermark_at, row().reconciled_at) == (AT + DAY, AT)


def test_an_older_word_never_replaces_a_newer_one() -> None:
    truth, source, begun_at = Truth(), held_source(), AT - timedelta(minutes=1)
    truth.add("run", begun_at, changed_at=AT, end="success")
    recall(source, truth)
    truth.add("run", begun_at, changed_at=AT - HOUR, end="running")

    assert recall(source, truth, AT + timedelta(minutes=10)).items[0].data == {"end": "success"}
    truth.add("run", begun_at, changed_at=AT + HOUR, end="failure")
    assert recall(source, truth, AT + timedelta(minutes=20)).items[0].data == {"end": "failure"}


def test_a_page_may_repeat_a_key_and_the_newest_word_stays() -> None:
    source = held_source()
    told = [
        Item("a", AT - HOUR, is_final=True, data={"n": 2}, changed_at=AT),
        Item("a", AT - HOUR, is_final=True, data={"n": 1}, changed_at=AT - HOUR),
        Item("b", AT - HOUR, is_final=True, data={"n": 1}),
        Item("b", AT - HOUR, is_final=True, data={"n": 2}),
    ]

    Shelf(source, RUNS, holds=lambda: True, at=AT).put(told)

    assert dict(StreamItem.objects.values_list("key", "data")) == {"a": {"n": 2}, "b": {"n": 2}}


def test_hostile_keys_and_texts_are_stored_safely() -> None:
    truth, source = Truth(), held_source()
    long_key, other = "k" * 5000, "k" * 4999 + "l"
    truth.add(long_key, AT - 2 * HOUR, is_final=False)
    truth.add(other, AT - 3 * HOUR)
    truth.add("n\0ul", AT - 4 * HOUR, text="a\0b\ud800", more=["\0", {"x\0": "y"}])

    recalled = recall(source, truth)

    assert keys(recalled) == [long_key, other, "nul"]
    assert recalled.items[2].data == {"text": "ab?", "more": ["", {"x": "y"}]}
    # The source is asked by its own word for it.
    recall(source, truth, AT + 2 * HOUR)
    assert truth.asked_again == [long_key]
    stream = Stream("runs", ",".join(map(str, range(900))), window=DAY)
    assert len(recall(source, truth, stream=stream).items) == 3


def test_another_scope_is_another_list() -> None:
    truth, source = history(), held_source()
    recall(source, truth)
    truth.spans.clear()

    recall(source, truth, stream=Stream("runs", "1,2", window=90 * DAY))

    assert len(truth.spans) == 5
    assert StreamItem.objects.count() == 180


def test_a_worker_that_lost_its_lease_writes_nothing() -> None:
    truth, source = history(), held_source()

    def fetch(since: datetime, until: datetime):
        for number, page in enumerate(truth.fetch(since, until)):
            if number == 1:
                take_over(source)
            yield page

    with pytest.raises(LeaseLost):
        DatabaseMemory(source, clock=lambda: AT).recall(RUNS, until=AT, fetch=fetch, refetch=truth.refetch)

    assert (StreamItem.objects.count(), row().watermark_at) == (3, None)


def test_a_final_detail_is_asked_for_once() -> None:
    source = held_source()
    jobs = Stream("jobs", "1", window=90 * DAY)
    asked: list[str] = []

    def ask(key: str, *, is_final: bool = True) -> Item:
        asked.append(key)
        return Item(key, AT - DAY, is_final, {"n": len(asked)})

    def look() -> list[object]:
        remembering = DatabaseMemory(source, clock=lambda: AT)
        found = [
            remembering.once(jobs, "done", lambda: ask("done")).data["n"],
            remembering.once(jobs, "done", lambda: ask("done")).data["n"],
            remembering.once(jobs, "running", lambda: ask("running", is_final=False)).data["n"],
        ]
        remembering.close()
        return found

    assert look() == [1, 1, 2]
    assert look() == [1, 1, 3]
    assert asked == ["done", "running", "running"]


def test_a_detail_that_cannot_be_had_raises_and_is_not_remembered() -> None:
    remembering = DatabaseMemory(held_source(), clock=lambda: AT)

    def fail() -> Item:
        raise Down

    with pytest.raises(Down):
        remembering.once(RUNS, "a", fail)
    remembering.close()
    assert StreamItem.objects.count() == 0


def test_sweeping_drops_what_is_past_its_window_and_whose_source_is_removed() -> None:
    truth, source, other = history(), held_source(), held_source()
    recall(source, truth)
    recall(other, truth, stream=Stream("runs", "1", window=30 * DAY))
    assert forget(at=AT) == 0

    # Two days of margin, and the newest is an hour old already.
    assert forget(at=AT + 10 * DAY) == 8 + 8
    sources.remove_source(source=source, by=None, at=AT + 10 * DAY)
    assert forget(at=AT + 10 * DAY) == 0
    assert forget(at=AT + 10 * DAY + 2 * HOUR) == 82
    # What nobody asks for any more goes too.
    assert StreamItem.objects.count() == 22
    sweeping.sweep(at=AT + 36 * DAY)
    assert (SourceStream.objects.count(), StreamItem.objects.count()) == (0, 0)


def test_connection_with_missing_history_is_due_again_behind_the_others() -> None:
    source = held_source()
    connection = source.connection
    Connection.objects.filter(pk=connection.pk).update(next_due_at=AT + 6 * HOUR)

    # While somebody holds it, its time is not touched.
    assert memory.go_on(connection=connection, at=AT) is False
    Connection.objects.filter(pk=connection.pk).update(lease_key="", lease_ends_at=None)
    assert memory.go_on(connection=connection, at=AT) is True
    assert memory.go_on(connection=connection, at=AT) is False
    assert Connection.objects.get(pk=connection.pk).next_due_at == AT


def test_no_time_of_the_epoch_is_too_old_for_it() -> None:
    truth = Truth()
    truth.add("old", datetime(1970, 1, 1, tzinfo=UTC))

    assert recall(held_source(), truth).items == ()
