"""Collections in a process of the portal, for P17. Imported by `bench.inside`, after Django is set up."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone

from integrations.models import Collection, Connection, Source
from integrations.services import collecting, leases
from integrations.services.connections import create_connection
from integrations.services.sources import map_team
from integrations.tasks import hand_over
from teams.models import Team


def connect(url: str, count: int, options: dict[str, Any]) -> dict[str, Any]:
    """That many connections to one MLflow, each for a team of its own."""
    at = timezone.now()
    for number, team in enumerate(Team.objects.active().order_by("pk")[:count]):
        connection = create_connection(
            kind="mlflow", name=f"bench {number}", base_url=url, answers={}, by=None, at=at
        )
        map_team(connection=connection, team=team, options=options, by=None, at=at)
    return {"made": Connection.objects.filter(name__startswith="bench ").count()}


def collect_plainly(rounds: int) -> dict[str, Any]:
    """CPU seconds of this process for collecting all that often, without Celery; the first round only warms up."""
    busy = runs = 0.0
    for number in range(rounds + 1):
        claims = _claims()
        began = time.process_time()
        found = sum(len(collecting.collect_connection(claim=claim, clock=timezone.now)) for claim in claims)
        if number:
            busy, runs = busy + time.process_time() - began, runs + found
    return {"busy": busy, "runs": runs}


def hand_all_over() -> dict[str, Any]:
    """Gives every connection to the worker; how many, and how many runs there were before."""
    before = Collection.objects.count()
    return {"before": before, "sent": sum(hand_over(claim) for claim in _claims())}


def count_runs() -> dict[str, Any]:
    """Of our own connections; the organisation has some of its own."""
    ours = Collection.objects.filter(connection__name__startswith="bench ")
    return {"runs": ours.count(), "bad": ours.exclude(outcome__in=["ok", "partial"]).count()}


def _claims() -> tuple[leases.Claim, ...]:
    now = timezone.now()
    Connection.objects.update(next_due_at=now, asked_at=None)
    Source.objects.update(asked_at=None)
    return leases.claim_due(at=now, limit=10_000)
