"""Celery's way into collecting. Any of these may run twice, late or not at all: the next tick puts it right."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from integrations.services import collecting, leases, sweeping

log = structlog.get_logger(__name__)

# One more try, for a connection to the broker that went stale; a page is waiting.
_PUBLISH = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


# While no worker runs, a claim is sent again each time its lease ends: the messages of a night must not stand before those of
# the morning. Far longer than a lease, since the clocks of two machines may differ.
STALE_SECONDS = 600


@shared_task(
    name="integrations.dispatch_due_collections", ignore_result=True, soft_time_limit=20, time_limit=30
)
def dispatch_due_collections(**_: object) -> None:
    """Hands connections whose time has come to workers. A task that gets lost is claimed again when its lease ends."""
    at = timezone.now()
    leases.park_deadly(at=at)
    for claim in leases.claim_due(at=at):
        collect_connection.apply_async(kwargs=_words_of(claim), expires=STALE_SECONDS)


@shared_task(
    name="integrations.collect_connection", ignore_result=True, soft_time_limit=1140, time_limit=1200
)
def collect_connection(*, connection_id: int, lease_key: str, **_: object) -> None:
    """Reads all sources of one connection, if the claim still is good; then hands over the next one of its credential."""
    runs = collecting.collect_connection(claim=leases.Claim(connection_id, lease_key), clock=timezone.now)
    # Those that share a credential are read one after the other; without this each would wait for the next tick.
    if runs and (claim := leases.claim_next(connection=runs[-1].connection, at=timezone.now())):
        hand_over(claim)


@shared_task(name="integrations.sweep_collections", ignore_result=True, soft_time_limit=120, time_limit=150)
def sweep_collections(**_: object) -> None:
    """Cleans up after dead workers and old runs."""
    sweeping.sweep(at=timezone.now())


def _words_of(claim: leases.Claim) -> dict[str, object]:
    return {"connection_id": claim.connection_id, "lease_key": claim.lease_key}


def hand_over(claim: leases.Claim) -> bool:
    """Whether the broker took the claimed collection. If not, the claim is free again and the dispatcher will see it."""
    try:
        collect_connection.apply_async(kwargs=_words_of(claim), expires=STALE_SECONDS, retry_policy=_PUBLISH)
    except OperationalError as error:
        log.warning("broker_unreachable", connection=claim.connection_id, error=type(error).__name__)
        leases.give_back(claim=claim)
        return False
    return True
