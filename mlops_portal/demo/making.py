"""Teams from their number to rows that only have to be sent: side by side in several processes when there are many."""

from __future__ import annotations

import os
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

from django.db.models import Model

from mlops_portal.demo.bulk import Packed, Values, pack
from mlops_portal.demo.process import begin, given
from mlops_portal.demo.rows import Keys, Teller, rows_of
from mlops_portal.demo.told import Order, tell
from mlops_portal.demo.units import Seats, seats_of
from teams.models import Team, User

TEAMS_AT_ONCE = 10
# Starting processes costs more than this many teams do.
ALONE_UP_TO = 60
MOST_PROCESSES = 8
# Chunks in hand per process: enough to keep it busy, few enough that a slow database does not fill the memory.
AHEAD = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A team to make."""

    index: int
    team: Team
    lead: User


@dataclass(frozen=True, slots=True)
class Made:
    """Some teams, in order: where they stood week by week, and their rows."""

    seats: tuple[tuple[int, Seats], ...]
    packed: tuple[Packed, ...]


def make_all(order: Order, keys: Keys, asked: Sequence[Asked]) -> Iterator[Made]:
    """Every team, in order. At most a few chunks are made ahead of who takes them."""
    chunks = _chunks(asked)
    if len(asked) <= ALONE_UP_TO:
        yield from (make(order, keys, chunk) for chunk in chunks)
        return
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    # Spawned, not forked: a forked database connection would be shared.
    with ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=begin,
        initargs=(pickle.dumps((order, keys)),),
    ) as pool:
        waiting: deque[Future[Made]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_make, chunk))
            if len(waiting) >= processes * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def make(order: Order, keys: Keys, asked: Sequence[Asked]) -> Made:
    """These teams. Rows of one model are packed together."""
    rows: dict[type[Model], list[Values]] = {}
    seats = []
    for one in asked:
        told = tell(order, one.index)
        seats.append((one.index, seats_of(told)))
        for model, some in rows_of(keys, Teller(told, one.team, one.lead)).items():
            rows.setdefault(model, []).extend(some)
    return Made(tuple(seats), tuple(pack(model, some) for model, some in rows.items() if some))


def _make(asked: Sequence[Asked]) -> Made:
    order, keys = given()
    return make(order, keys, asked)


def _chunks(asked: Sequence[Asked]) -> Iterator[list[Asked]]:
    remaining = iter(asked)
    while chunk := list(islice(remaining, TEAMS_AT_ONCE)):
        yield chunk
