"""Whatever happened at a source and however its readings broke: once they go through again, the memory is the source's truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.connectors.memory import Item
from integrations.services.memory_sweep import forget
from tests.factories import AT
from tests.integrations.streams import DAY, RUNS, Down, Truth, held_source, recall

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("fake_kinds")]

# Twelve steps of half a day at most: what changes at this age is read again before it is 35 days old.
CHANGING = timedelta(days=25)

STEP = st.one_of(
    st.tuples(st.just("begin"), st.integers(0, 59)),
    st.tuples(st.just("import"), st.integers(1, 24)),
    st.tuples(st.just("run again"), st.integers(0, 60)),
    st.tuples(st.just("finish"), st.integers(0, 60)),
    st.tuples(st.just("delete"), st.integers(0, 60)),
    st.tuples(st.just("wait"), st.integers(1, 12)),
    st.tuples(st.just("read"), st.integers(0, 40)),
    st.tuples(st.just("read in turns"), st.integers(0, 2)),
)


class World:
    """A source, and the moment it is there."""

    def __init__(self) -> None:
        self.truth = Truth()
        self.now = AT
        self.count = 0
        for day in range(60):
            self.truth.add(f"d{day}", AT - day * DAY - timedelta(hours=1), is_final=day % 5 != 0, attempt=1)

    def begin(self, minutes_late: int) -> None:
        self._add(self.now - timedelta(minutes=minutes_late))

    def bring_in(self, days: int) -> None:
        self._add(self.now - days * DAY)

    def _add(self, happened_at: datetime) -> None:
        self.count += 1
        self.truth.add(f"n{self.count}", happened_at, is_final=False, attempt=1)

    def run_again(self, number: int) -> None:
        self._change(number, lambda item: item.is_final, is_final=False)

    def finish(self, number: int) -> None:
        self._change(number, lambda item: not item.is_final, is_final=True)

    def _change(self, number: int, is_meant: Callable[[Item], bool], *, is_final: bool) -> None:
        found = [item for item in self._young() if is_meant(item)]
        if found:
            item = found[number % len(found)]
            attempt = item.data["attempt"] + (not is_final)
            self.truth.add(
                item.key, item.happened_at, is_final=is_final, changed_at=self.now, attempt=attempt
            )

    def delete(self, number: int) -> None:
        if young := self._young():
            del self.truth.items[young[number % len(young)].key]

    def _young(self) -> list[Item]:
        return self.truth.within(self.now - CHANGING, self.now + DAY)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=st.lists(STEP, max_size=12))
def test_memory_becomes_the_truth_of_the_source(steps: list[tuple[str, int]]) -> None:
    world, source = World(), held_source()
    truth = world.truth
    seen: set[str] = set()
    changes: dict[str, Callable[[int], None]] = {
        "begin": world.begin,
        "import": world.bring_in,
        "run again": world.run_again,
        "finish": world.finish,
        "delete": world.delete,
    }
    for what, number in steps:
        world.now += timedelta(seconds=1)
        seen |= set(truth.items)
        if what == "wait":
            world.now += timedelta(hours=number)
        elif what.startswith("read"):
            truth.fails_at, turns = (None, number) if what.endswith("turns") else (number, 1_000)
            try:
                recalled = recall(source, truth, world.now, turns=turns)
            except Down:
                continue
            # Whatever is said to be covered is there.
            if recalled.cause is None:
                assert {i.key for i in recalled.items} >= {
                    item.key
                    for item in truth.within(recalled.covered_from, world.now)
                    if not item.key.startswith("n")
                }
        else:
            changes[what](number)
    truth.fails_at = None
    seen |= set(truth.items)

    world.now += DAY
    recalled = recall(source, truth, world.now)
    expected = truth.within(world.now - RUNS.window, world.now)
    # One clean reading: nothing is missing, nothing is out of date. What the source deleted may still be there.
    assert recalled.covers(world.now - RUNS.window)
    assert [item for item in recalled.items if item.key in truth.items] == expected
    assert {item.key for item in recalled.items} <= seen
    # It is gone once a second day did not tell of it either.
    world.now += DAY
    forget(at=world.now)
    recalled = recall(source, truth, world.now)
    assert list(recalled.items) == truth.within(world.now - RUNS.window, world.now)
