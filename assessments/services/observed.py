"""What comes in: an observed value with what it rests on, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Observed:
    """One observed value, or the reason why there is none. An empty `external_id` marks a collected value."""

    signal: str
    value: float | bool | None
    observed_at: datetime
    reason: str = ""
    bound: str = "exact"
    sample: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    external_id: str = ""
    url: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item. `status`: stored, duplicate, conflict or rejected; `code` and `detail` say why."""

    index: int
    status: str
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A value that counts for nothing until somebody says that it is right; `before` is the last good one, which stands."""

    signal: str
    before: float | None
    now: float | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch. `overturned` are criteria whose verdict says something else now than before."""

    results: tuple[ItemResult, ...]
    held: tuple[Held, ...] = ()
    overturned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Signals whose held values count from now on, and those that are held as before, since the person saw another value."""

    signals: tuple[str, ...]
    unseen: tuple[str, ...] = ()


def external_id_of(item: Observed) -> str:
    """The key of a collected value: a digest of its day and content (RULINGS 22)."""
    content: list[Any] = [
        item.observed_at.date().isoformat(),
        item.value,
        item.bound,
        "unknown" if item.value is None else "ok",
        item.reason,
        item.sample,
    ]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()
