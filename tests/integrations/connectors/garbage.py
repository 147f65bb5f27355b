"""Answers spoilt on purpose, the same at every run."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

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
