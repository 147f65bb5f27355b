"""What nobody else cleans up: connections that kill their workers, runs, deliveries, facts and memories past their time."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.models import Collection, InboundDelivery
from integrations.services import budgets, facts, kept_answers, leases, memory_sweep

RUNS_KEPT = timedelta(days=90)
# So long a repetition is known as one (SECURITY C11).
DELIVERIES_KEPT = timedelta(days=30)


def sweep(*, at: datetime) -> None:
    """Pauses deadly connections, drops old runs and deliveries, what is remembered of removed sources, and budgets of nobody.

    Running it twice changes nothing more.
    """
    leases.park_deadly(at=at)
    Collection.objects.filter(finished_at__lt=at - RUNS_KEPT).delete()
    InboundDelivery.objects.filter(received_at__lt=at - DELIVERIES_KEPT).delete()
    facts.prune_removed(at=at)
    memory_sweep.forget(at=at)
    budgets.drop_unused()
    kept_answers.prune(at=at)
