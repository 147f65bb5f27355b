"""The processes of an embedded portal and the commands that start them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_portal.launcher.address import Address
from mlops_portal.launcher.broker import Broker

BLOCKING_THREADS = 4
WORKER_THREADS = 4


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """One process. `death_signal` is what it gets when the launcher is killed; `stops_last`: others need it to stop well."""

    name: str
    command: tuple[str, ...]
    death_signal: signal.Signals
    stops_last: bool = False


def broker_plan(broker: Broker) -> ChildPlan:
    return ChildPlan("broker", tuple(broker.command), signal.SIGTERM, stops_last=True)


def children_environment(base: Mapping[str, str], **ours: str) -> dict[str, str]:
    """What the children see: `base`, then `ours`."""
    # Celery tells root five lines about root at every start; who runs a container as root has read them.
    silenced = "ignore:You're running the worker with superuser privileges"
    told = ",".join(filter(None, (base.get("PYTHONWARNINGS", ""), silenced)))
    settings = base.get("DJANGO_SETTINGS_MODULE", "mlops_portal.settings")
    return {**base, "PYTHONWARNINGS": told, "DJANGO_SETTINGS_MODULE": settings, **ours}


def portal_plans(address: Address, data_dir: Path) -> list[ChildPlan]:
    """Web, worker and beat."""
    celery = (sys.executable, "-m", "celery", "-q", "-A", "mlops_portal.celery:app")
    return [
        ChildPlan(
            "web",
            (
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", address.host, "--port", str(address.port)),
                # One process: its memory is the cache that all its threads see.
                *("--workers", "1", "--blocking-threads", str(BLOCKING_THREADS)),
                *("--log-level", "warning", "--respawn-failed-workers"),
                # A web process that is still starting does not hear the request to stop.
                *("--workers-kill-timeout", "1"),
                "mlops_portal.wsgi:application",
            ),
            # Granian has a worker process of its own, which only granian can end.
            signal.SIGTERM,
        ),
        ChildPlan(
            "worker",
            (
                *(*celery, "worker", "--pool", "threads", "--concurrency", str(WORKER_THREADS)),
                *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"),
            ),
            # A warm stop waits for running tasks; without its launcher a worker must not linger. The lease frees the work.
            signal.SIGKILL,
        ),
        ChildPlan(
            "beat",
            (
                *(*celery, "beat", "--schedule", str(data_dir / "beat-schedule"), "--pidfile", ""),
                *("--loglevel", "warning"),
            ),
            signal.SIGKILL,
        ),
    ]
