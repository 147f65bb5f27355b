"""A hint: something happened over there, so look sooner. It makes a connection due and does nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Case, F, Q, When

from integrations.connectors.http import Failure
from integrations.models import Connection, InboundDelivery
from integrations.queries.connections import SECRET

Outcome = InboundDelivery.Outcome

EVERY = timedelta(minutes=1)
# Failures after which the system as a whole is left alone for a while; a hint does not cut that short.
HELD_BACK = frozenset(
    {
        Failure.RATE_LIMITED,
        Failure.UNAUTHORIZED,
        Failure.FORBIDDEN,
        Failure.UNAVAILABLE,
        Failure.UNREACHABLE,
        Failure.TLS,
        Failure.BLOCKED,
        SECRET,
    }
)
TRIES = 3


def hint(*, connection: Connection, at: datetime) -> Outcome:
    """What came of a hint. Hints make a connection due at most once every EVERY; the last of a burst is never lost.

    A hint within EVERY of the last one is put off to its end instead of dropped: what it tells of may have happened after
    the collection had begun. Nothing is queued: the dispatcher looks every few seconds.
    """
    for _ in range(TRIES):
        row = Connection.objects.open().filter(pk=connection.pk).select_related("budget").first()
        if row is None or row.is_paused:
            return Outcome.PAUSED
        is_resting = row.budget is not None and row.budget.free_at is not None and row.budget.free_at > at
        if is_resting or (row.last_failure in HELD_BACK and row.next_due_at > at):
            return Outcome.WAITING
        if row.hint_due_at is not None and row.hint_due_at > at:
            return Outcome.COVERED
        due = at if row.hint_due_at is None else max(at, row.hint_due_at + EVERY)
        if _make_due(row, due):
            return Outcome.DUE if due == at else Outcome.LATER
    # Others were quicker every time, and one of them has made it due.
    return Outcome.COVERED


def _make_due(row: Connection, due: datetime) -> bool:
    """Whether nobody changed what the decision rests on: then it is due at `due`, or sooner if it was already."""
    same_hint = Q(hint_due_at__isnull=True) if row.hint_due_at is None else Q(hint_due_at=row.hint_due_at)
    unchanged = Connection.objects.open().filter(
        same_hint, pk=row.pk, is_paused=False, last_failure=row.last_failure
    )
    sooner = Case(When(next_due_at__gt=due, then=due), default=F("next_due_at"))
    return unchanged.update(hint_due_at=due, next_due_at=sooner) == 1
