"""A collection in a process of its own, to be measured and killed: `python -m tests.services.collecting_process COMMAND`.

`prepare ADDRESS` makes a connection to the MLflow there, `collect MINUTES` collects it as if so many minutes had passed, `state`
tells what is stored. Each prints one line of JSON. The database is that of DATABASE_URL.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402 -- models need the app registry

from assessments.models import Measurement, Reading  # noqa: E402
from assessments.services.catalog import ensure_shipped_model  # noqa: E402
from integrations.models import Collection, Connection, SourceStream, StreamItem  # noqa: E402
from integrations.services import collecting, leases  # noqa: E402
from tests.factories import make_team  # noqa: E402
from tests.integrations.factories import make_connection, make_source  # noqa: E402
from tests.services.mlflow_seed import OPTIONS  # noqa: E402


def prepare(address: str) -> dict[str, Any]:
    now = timezone.now()
    ensure_shipped_model(at=now)
    connection = make_connection(kind="mlflow", base_url=address, answers={}, at=now)
    make_source(connection, make_team(created_at=now), options=OPTIONS, at=now)
    return {"connection": connection.pk}


def collect(minutes: str) -> dict[str, Any]:
    passed = timedelta(minutes=int(minutes))
    claim = leases.claim_one(connection_id=Connection.objects.get().pk, at=timezone.now() + passed)
    assert claim is not None
    begun = time.perf_counter()
    (run,) = collecting.collect_connection(
        claim=claim, clock=lambda: timezone.now() + passed, trigger=Collection.Trigger.NOW
    )
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "own_seconds": round(time.process_time(), 1),
        "peak_mb": peak_mb(),
        "outcome": run.outcome,
        "message": run.message,
        "stored": run.stored_count,
        "is_behind": any(note.startswith("Reading history") for note in run.notes),
    }


def state() -> dict[str, Any]:
    """All that must be equal however often a worker died on the way."""
    readings = Reading.objects.select_related("latest").order_by("signal")
    fields = ("value", "reason", "bound", "sample", "numerator", "denominator", "detail")
    items = StreamItem.objects.order_by("stream__name", "key").values_list(
        "key", "happened_at", "is_final", "changed_at", "data", "misses"
    )
    return {
        "readings": {r.signal: [getattr(r.latest, name) for name in fields] for r in readings},
        "items": [json.dumps(row, default=str, sort_keys=True) for row in items],
        "streams": SourceStream.objects.count(),
        "measurements": Measurement.objects.count(),
    }


def peak_mb() -> float:
    """The most memory that this process ever held. Not getrusage: that remembers what its parent held before it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return round(int(peak) / 1024, 1)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "prepare": prepare,
        "collect": collect,
        "state": state,
    }
    said = commands[command](*arguments)
    sys.stdout.write(json.dumps(said) + "\n")
