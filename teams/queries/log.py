"""The event log, newest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from teams.models import Event
from teams.queries.log_words import action_words
from teams.queries.machines import Who, unnamed

PAGE = 50
# What a platform engineer sees of the log (SECURITY C6, row 59).
CONNECTION_EVENTS = ("connection.", "source.", "collection.")
# What a team says among itself is read on its own pages, by who may see it there (C6, rows 10 and 11).
SAID_INSIDE = ("answer.", "assessment.")
INSIDE = frozenset({"value", "reason", "note"})
# A column as wide as a whole one leaves no room for the others; the event keeps all of it.
_DIGEST = re.compile(r"[0-9a-f]{40,}")


@dataclass(frozen=True, slots=True)
class LogLine:
    at: datetime
    by: str
    what: str
    change: str
    where: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """`older` is the key of the last line when there is more; 0 at the end."""

    lines: tuple[LogLine, ...]
    older: int


def log_page(
    *, before: int = 0, size: int = PAGE, connections_only: bool = False, who: Who = unnamed
) -> LogPage:
    """Events older than the one with the key `before` (0: the newest), in at most two queries whatever the log's length.

    `who` puts who acted into words.
    """
    events = Event.objects.select_related("unit", "team").order_by("-at", "-pk")
    if connections_only:
        wanted = (Q(action__startswith=prefix) for prefix in CONNECTION_EVENTS)
        events = events.filter(reduce(or_, wanted))
    last = Event.objects.filter(pk=before).first() if before else None
    if last is not None:
        events = events.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    found = list(events[: size + 1])
    shown = found[:size]
    lines = tuple(
        LogLine(event.at, who(event.actor_name), action_words(event.action), _change(event), _where(event))
        for event in shown
    )
    return LogPage(lines, shown[-1].pk if len(found) > size else 0)


def _where(event: Event) -> str:
    return str(event.team or event.unit or "")


def _change(event: Event) -> str:
    names = sorted({*event.before, *event.after})
    if event.action.startswith(SAID_INSIDE):
        names = [name for name in names if name not in INSIDE]
    return "; ".join(f"{name}: {_pair(event.before.get(name), event.after.get(name))}" for name in names)


def _pair(before: Any, after: Any) -> str:
    if before is None or after is None:
        return _value(after if before is None else before)
    return f"{_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or "none"
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return f"{value[:12]}…"
    return "none" if value in ("", None) else str(value)
