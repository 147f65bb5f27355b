"""Who collects what, and when next. A lease is a conditional UPDATE with its own end; there is no status word to get stuck.

The key changes hands once: who claims writes it, who starts swaps it. A message delivered twice, a second scheduler or a
worker that comes back from the dead finds another key and stops.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from integrations.connectors.http import Failure
from integrations.models import Connection
from integrations.models.connection import ConnectionQuerySet

# Longer than reading one source may take (doors.SOURCE_SECONDS); it is renewed before each source.
LEASE = timedelta(minutes=10)
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
SHORTEST_RETRY = timedelta(minutes=1)
# A credential that was refused is not tried for ever: some systems lock the account.
REFUSALS = 2
# A collection that kills its worker is not started a fourth time.
DEATHS = 3


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
    """Connections whose time has come, each held for LEASE by a fresh key. Two callers never get the same one."""
    due = Connection.objects.due(at).order_by("next_due_at", "pk").values_list("pk", flat=True)[:limit]
    claims = (_claim(pk, at, Connection.objects.due(at).filter(pk=pk)) for pk in list(due))
    return tuple(claim for claim in claims if claim is not None)


def claim_one(*, connection_id: int, at: datetime) -> Claim | None:
    """The connection, due or not, paused or not; None while somebody else collects it."""
    free = Connection.objects.open().filter(
        Q(lease_ends_at__isnull=True) | Q(lease_ends_at__lt=at), pk=connection_id
    )
    return _claim(connection_id, at, free)


def _claim(pk: int, at: datetime, free: ConnectionQuerySet) -> Claim | None:
    key = secrets.token_hex(16)
    changed = free.update(lease_key=key, lease_ends_at=at + LEASE)
    return Claim(pk, key) if changed == 1 else None


def begin(*, claim: Claim, at: datetime) -> Connection | None:
    """The connection under a new key, or None when the claim was used before, ran out or was taken over."""
    key = secrets.token_hex(16)
    changed = Connection.objects.filter(
        pk=claim.connection_id, lease_key=claim.lease_key, lease_ends_at__gte=at
    ).update(lease_key=key, lease_ends_at=at + LEASE, attempts=F("attempts") + 1)
    return Connection.objects.get(pk=claim.connection_id) if changed == 1 else None


def renew(*, connection: Connection, at: datetime) -> bool:
    """Whether the lease still is ours; then it runs from `at` on."""
    changed = Connection.objects.filter(pk=connection.pk, lease_key=connection.lease_key).update(
        lease_ends_at=at + LEASE
    )
    return changed == 1


def give_back(*, claim: Claim) -> bool:
    """Whether the claim was still unused and is free again: nobody took it, so the next look of the dispatcher may."""
    changed = Connection.objects.filter(pk=claim.connection_id, lease_key=claim.lease_key).update(
        lease_key="", lease_ends_at=None
    )
    return changed == 1


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
        row.next_due_at = _next_due(row, ended, at)
        if ended is not None:
            _note_end(row, ended, at)
        if row.asked_at is not None and row.asked_at <= started_at:
            row.asked_at = None
        elif row.asked_at is not None:
            row.next_due_at = at
        row.save(
            update_fields=[
                "lease_key",
                "lease_ends_at",
                "attempts",
                "next_due_at",
                "asked_at",
                "failures",
                "last_failure",
                "last_failure_message",
                "last_failure_at",
                "last_success_at",
                "is_paused",
                "pause_reason",
                "paused_by",
            ]
        )


def _note_end(row: Connection, ended: Ended, at: datetime) -> None:
    if not ended.failure:
        row.last_success_at = at
        row.failures, row.last_failure, row.last_failure_message = 0, "", ""
        return
    is_refused_again = ended.failure == Failure.UNAUTHORIZED == row.last_failure
    row.failures = row.failures + 1 if row.failures < 1000 else 1000
    row.last_failure_at = at
    row.last_failure, row.last_failure_message = ended.failure, ended.message[:500]
    if is_refused_again and row.failures >= REFUSALS and not row.is_paused:
        row.is_paused, row.paused_by = True, None
        row.pause_reason = (
            "The credential was refused twice. Enter a new one; collecting then goes on by itself."
        )


def _next_due(row: Connection, ended: Ended | None, at: datetime) -> datetime:
    interval = timedelta(minutes=row.interval_minutes)
    # Spread over a minute, so that connections made together are not read together for ever.
    usual = at + interval + timedelta(seconds=row.pk * 37 % 60)
    if ended is None or not ended.failure or not ended.can_retry:
        return usual
    if ended.retry_at is not None:
        return min(max(ended.retry_at, at + SHORTEST_RETRY), at + LONGEST_RETRY)
    return min(usual, at + min(FIRST_RETRY * (1 << min(row.failures, 10)), LONGEST_RETRY))


def park_deadly(*, at: datetime) -> int:
    """How many connections were paused because their collection ended DEATHS times in a row without a result."""
    return (
        Connection.objects.open()
        .filter(is_paused=False, attempts__gte=DEATHS, lease_ends_at__lt=at)
        .update(
            is_paused=True,
            pause_reason=f"Its collection broke off {DEATHS} times in a row without a result. Look into the worker's log.",
            lease_key="",
            lease_ends_at=None,
            attempts=0,
        )
    )
