"""Who collects what, and when next. A lease is a conditional UPDATE with its own end; there is no status word to get stuck.

The key changes hands once: who claims writes it, who starts swaps it. A message delivered twice, a second scheduler or a
worker that comes back from the dead finds another key and stops.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.models import F

from integrations.connectors.http import Failure
from integrations.models import Connection, RequestBudget
from integrations.models.connection import ConnectionQuerySet
from integrations.services import budgets
from teams.services.events import record_event

log = structlog.get_logger(__name__)

# A claim waits this long for a worker; then the message counts as lost with whoever carried it, and another is sent. A worker
# that comes to the old one first may still begin: its key is good as long as nobody took the connection over.
LEASE = timedelta(seconds=30)
# A worker that reads says every HEARTBEAT that it lives, so that a connection is free again soon after it died.
HELD = timedelta(seconds=30)
HEARTBEAT_SECONDS = 8.0
# A reading that hangs for ever must not hold its connection for ever: longer than one source may take (doors.SOURCE_SECONDS).
LONGEST_SILENCE = 600.0
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
SHORTEST_RETRY = timedelta(minutes=1)
# A credential that was refused is not tried for ever: some systems lock the account.
REFUSALS = 2
# So many failures in a row over so long a time are no outage any more: somebody has to look. A night's maintenance is shorter.
FAILURES = 5
LASTING = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Claim:
    connection_id: int
    lease_key: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How the collection of a connection ended: `failure` empty when it was read, at least in part."""

    failure: str = ""
    message: str = ""
    retry_at: datetime | None = None
    can_retry: bool = True


def claim_due(*, at: datetime, limit: int = 50) -> tuple[Claim, ...]:
    """Connections whose time has come, each held for LEASE by a fresh key. Two callers never get the same one.

    Never two of one credential, and no more than PORTAL_SLOW_AT_ONCE that did not answer last time: however many hosts are
    dead, they hold no more workers than that.
    """
    due = Connection.objects.due(at).order_by("next_due_at", "pk")
    slow = Connection.objects.filter(is_slow=True, lease_ends_at__gte=at).count()
    # Who answered lately is likely to answer now; who failed often is not.
    hopeful = due.filter(is_slow=True).order_by(
        "failures", F("last_success_at").desc(nulls_last=True), "next_due_at", "pk"
    )
    chosen: list[tuple[int, int | None]] = [
        *due.filter(is_slow=False).values_list("pk", "budget")[:limit],
        *hopeful.values_list("pk", "budget")[: max(0, settings.PORTAL_SLOW_AT_ONCE - slow)],
    ]
    return _claim(chosen, at, Connection.objects.due(at))


def claim_next(*, connection: Connection, at: datetime) -> Claim | None:
    """A due connection with the same credential, which had to wait for this one; None when there is none."""
    if connection.budget_id is None:
        return None
    due = Connection.objects.due(at).filter(budget=connection.budget_id, is_slow=False)
    waiting = due.order_by("next_due_at", "pk").values_list("pk", "budget")[:1]
    return next(iter(_claim(list(waiting), at, due)), None)


def claim_one(*, connection_id: int, at: datetime) -> Claim | None:
    """The connection, due or not, paused or not; None while it or another one with its credential is read, or may not be."""
    chosen = Connection.objects.filter(pk=connection_id).values_list("pk", "budget")
    return next(iter(_claim(list(chosen), at, Connection.objects.free(at))), None)


def _claim(
    chosen: Sequence[tuple[int, int | None]], at: datetime, free: ConnectionQuerySet
) -> tuple[Claim, ...]:
    """Claims those that still are free. The budgets' rows guard that two callers do not take two of one credential."""
    claims = []
    with transaction.atomic():
        shared = {budget for _, budget in chosen if budget is not None}
        list(RequestBudget.objects.select_for_update().filter(pk__in=shared).order_by("pk"))
        # In one order for all, so that two callers do not wait for each other.
        for pk, _ in sorted(chosen):
            key = secrets.token_hex(16)
            if free.filter(pk=pk).update(lease_key=key, lease_ends_at=at + LEASE):
                claims.append(Claim(pk, key))
    places = {pk: place for place, (pk, _) in enumerate(chosen)}
    return tuple(sorted(claims, key=lambda claim: places[claim.connection_id]))


def begin(*, claim: Claim, at: datetime) -> Connection | None:
    """The connection under a new key, or None when the claim was used before or taken over."""
    key = secrets.token_hex(16)
    changed = Connection.objects.filter(pk=claim.connection_id, lease_key=claim.lease_key).update(
        lease_key=key, lease_ends_at=at + HELD, attempts=F("attempts") + 1
    )
    if changed != 1:
        return None
    return Connection.objects.select_related("budget").get(pk=claim.connection_id)


def is_ours(*, connection: Connection) -> bool:
    """Whether nobody else took the connection over since it was begun. Locks nothing: for a look before writing."""
    return Connection.objects.filter(pk=connection.pk, lease_key=connection.lease_key).exists()


def renew(*, connection: Connection, at: datetime) -> bool:
    """Whether the lease still is ours; then it runs from `at` on."""
    changed = Connection.objects.filter(pk=connection.pk, lease_key=connection.lease_key).update(
        lease_ends_at=at + HELD
    )
    return changed == 1


@contextmanager
def kept_alive(*, connection: Connection, clock: Callable[[], datetime]) -> Iterator[Callable[[], None]]:
    """Renews the lease in the background while the block runs. To be called at each step: a block that does not for
    LONGEST_SILENCE is given up.
    """
    ended = threading.Event()
    stepped = [time.monotonic()]

    def beat() -> None:
        try:
            while not ended.wait(HEARTBEAT_SECONDS) and time.monotonic() - stepped[0] < LONGEST_SILENCE:
                _beat_once(connection, clock)
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name=f"lease-{connection.pk}", daemon=True)
    thread.start()
    try:
        yield lambda: stepped.__setitem__(0, time.monotonic())
    finally:
        ended.set()
        thread.join()


def _beat_once(connection: Connection, clock: Callable[[], datetime]) -> None:
    try:
        renew(connection=connection, at=clock())
    except DatabaseError as error:
        # The next beat tries again; the collection itself finds out at its next step.
        log.warning("lease_not_renewed", connection=connection.pk, error=type(error).__name__)


def give_back(*, claim: Claim) -> bool:
    """Whether the claim was still unused and is free again: nobody took it, so the next look of the dispatcher may."""
    changed = Connection.objects.filter(pk=claim.connection_id, lease_key=claim.lease_key).update(
        lease_key="", lease_ends_at=None
    )
    return changed == 1


def step_aside(*, connection: Connection, at: datetime) -> None:
    """Gives the lease back unused, for the slow lane: it did not answer at once, and others wait for a worker."""
    Connection.objects.filter(pk=connection.pk, lease_key=connection.lease_key).update(
        lease_key="", lease_ends_at=None, attempts=0, is_slow=True, next_due_at=at
    )


def release(*, connection: Connection, ended: Ended | None, started_at: datetime, at: datetime) -> None:
    """Gives the lease back and says when the next collection is due. `ended` None: there was nothing to read."""
    with transaction.atomic():
        row = (
            Connection.objects.select_for_update()
            .filter(pk=connection.pk, lease_key=connection.lease_key)
            .first()
        )
        if row is None:
            return
        row.lease_key, row.lease_ends_at, row.attempts = "", None, 0
        made_due_at = row.next_due_at
        if _is_another(row, connection):
            # What was read, or refused, is not what the connection leads to now.
            ended = None
        row.next_due_at = _next_due(row, ended, at)
        if ended is not None:
            _note_end(row, ended, at)
        if made_due_at not in {connection.next_due_at, row.hint_due_at}:
            # Somebody made it due while we read: it was changed, or another source needs it.
            row.next_due_at = min(row.next_due_at, made_due_at)
        if row.asked_at is not None and row.asked_at <= started_at:
            row.asked_at = None
        elif row.asked_at is not None:
            row.next_due_at = at
        is_well = not row.last_failure and not (ended is not None and ended.failure)
        if row.hint_due_at is not None and row.hint_due_at > started_at and is_well:
            # What a webhook told while we read may have happened behind our back.
            row.next_due_at = min(row.next_due_at, max(row.hint_due_at, at))
        row.save(
            update_fields=[
                "lease_key",
                "lease_ends_at",
                "attempts",
                "next_due_at",
                "asked_at",
                "failures",
                "failing_since_at",
                "last_failure",
                "last_failure_message",
                "last_failure_at",
                "last_success_at",
                "is_slow",
                "is_paused",
                "pause_reason",
                "paused_by",
            ]
        )


def _is_another(row: Connection, begun: Connection) -> bool:
    """Whether somebody gave it another address, credential or options since it was begun."""
    return (row.base_url, row.secret_version, row.options) != (
        begun.base_url,
        begun.secret_version,
        begun.options,
    )


def _note_end(row: Connection, ended: Ended, at: datetime) -> None:
    row.is_slow = ended.failure == Failure.UNREACHABLE
    if ended.failure == Failure.RATE_LIMITED:
        # Put off, not failed: nothing is wrong, and nobody has to do anything.
        if row.budget is not None:
            budgets.hold_back(connection_budget=row.budget, until=row.next_due_at)
            budgets.note_end(budget_id=row.budget.pk, is_untold_limit=ended.retry_at is None)
        return
    if row.budget_id is not None:
        budgets.note_end(budget_id=row.budget_id, is_untold_limit=False)
    if not ended.failure:
        row.last_success_at = at
        row.failures, row.last_failure, row.last_failure_message = 0, "", ""
        row.failing_since_at = None
        return
    is_refused_again = ended.failure == Failure.UNAUTHORIZED == row.last_failure
    row.failures = row.failures + 1 if row.failures < 1000 else 1000
    row.failing_since_at = row.failing_since_at or at
    row.last_failure_at = at
    row.last_failure, row.last_failure_message = ended.failure, ended.message[:500]
    if row.is_paused:
        return
    if is_refused_again and row.failures >= REFUSALS:
        _stop(
            row, "The credential was refused twice. Enter a new one; collecting then goes on by itself.", at
        )
    elif row.failures >= FAILURES and at - row.failing_since_at >= LASTING:
        days = (at - row.failing_since_at).days
        _stop(
            row,
            f"It could not be read for {days} days, {row.failures} times in a row. Mend the cause, then collect now; "
            "a new credential resumes it too.",
            at,
        )


def _stop(row: Connection, reason: str, at: datetime) -> None:
    """Pauses the connection, and tells it once: a stopped connection is not read, so it does not stop again."""
    row.is_paused, row.paused_by, row.pause_reason = True, None, reason
    record_event(
        at=at,
        by=None,
        action="connection.stop",
        obj=row,
        after={"name": row.name, "reason": reason, "last_failure": row.last_failure},
    )


def _next_due(row: Connection, ended: Ended | None, at: datetime) -> datetime:
    interval = timedelta(minutes=row.interval_minutes)
    # Spread over a minute, so that connections made together are not read together for ever.
    usual = at + interval + timedelta(seconds=row.pk * 37 % 60)
    if ended is None or not ended.failure or not ended.can_retry:
        return usual
    if ended.failure == Failure.RATE_LIMITED and ended.retry_at is None:
        return at + budgets.untold_wait(row.budget)
    if ended.retry_at is not None:
        return min(max(ended.retry_at, at + SHORTEST_RETRY), at + LONGEST_RETRY)
    return min(usual, at + min(FIRST_RETRY * (1 << min(row.failures, 10)), LONGEST_RETRY))


def park_deadly(*, at: datetime) -> int:
    """How many connections were paused because their collection ended Connection.DEATHS times in a row without a result."""
    reason = f"Its collection broke off {Connection.DEATHS} times in a row without a result. Look into the worker's log."
    with transaction.atomic():
        rows = list(
            Connection.objects.open()
            .select_for_update()
            .filter(is_paused=False, attempts__gte=Connection.DEATHS, lease_ends_at__lt=at)
        )
        for row in rows:
            row.lease_key, row.lease_ends_at, row.attempts, row.asked_at = "", None, 0, None
            _stop(row, reason, at)
            row.save(
                update_fields=[
                    "lease_key",
                    "lease_ends_at",
                    "attempts",
                    "asked_at",
                    "is_paused",
                    "paused_by",
                    "pause_reason",
                ]
            )
    return len(rows)
