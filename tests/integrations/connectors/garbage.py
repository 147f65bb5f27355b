"""Answers spoilt on purpose, the same at every run, and what must hold of whatever is collected from them."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from assessments.vocabulary import SIGNALS, Reason, SignalType, Unit
from integrations.connectors.base import Collected

GARBAGE: tuple[Any, ...] = (
    None, True, False, 0, -1, -(10**15), 10**30, 1e308, 0.5, "", " ", "NaN", "--5", "²", "9" * 5_000, "x" * 70_000,
    "\x00", "\ud800", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "../../etc", "'; --", [], {}, [None],
    [[]], [{}], {"": ""}, {"a": {"a": {"a": 1}}}, ["a", "a"],
)  # fmt: skip


def spoilt(data: Any, dice: random.Random, *, times: int = 1) -> Any:
    """A copy of a JSON document in which so many values, keys or rows are something else."""
    holder = {"root": copy.deepcopy(data)}
    for _ in range(times):
        places = list(_places(holder))
        where, key = dice.choice(places)
        match dice.randrange(6):
            case 0 if isinstance(where, dict) and key != "root":
                del where[key]
            case 1 if isinstance(where, list):
                where.append(copy.deepcopy(where[key]))
            case _:
                where[key] = copy.deepcopy(dice.choice(GARBAGE))
    return holder["root"]


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in list(keys):
        yield node, key
        yield from _places(node[key])


def assert_sound(collected: Collected, signals: frozenset[str]) -> None:
    """One observation for each signal, in the vocabulary's words and bounds; facts that a database can keep."""
    found = {observation.signal: observation for observation in collected.observations}
    assert len(found) == len(collected.observations)
    assert set(found) == signals
    for name, one in found.items():
        signal = SIGNALS[name]
        assert (one.value is None) == bool(one.reason), name
        if one.value is None:
            allowed = signal.reasons | ({Reason.INSUFFICIENT_SAMPLE} if signal.min_sample else set())
            assert Reason(one.reason) in allowed, (name, one.reason)
            continue
        assert isinstance(one.value, bool) is (signal.type is SignalType.BOOL), name
        assert math.isfinite(one.value), name
        assert 0 <= one.value <= (1 if signal.unit is Unit.SHARE else 2**53), (name, one.value)
        assert signal.unit is not Unit.COUNT or one.value == int(one.value), name
    for fact in collected.facts:
        for moment in (fact.happened_at, fact.started_at, fact.finished_at):
            assert moment is None or isinstance(moment, datetime)
            assert moment is None or 1970 <= moment.year <= 9000
