"""What Celery costs a collection: the same collections by a worker and by a plain call, in CPU time (P17)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.figures import Figure, ratio
from bench.places import ROOT, NotHere, Place
from bench.run import Plan
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import OPTIONS, build_world

OVERHEAD = ratio("P17", "Celery overhead of collection, share of busy time", 0.1, "")
ROUNDS = 2
CONNECTIONS = 20
PATIENCE = 120.0


def collecting(place: Place, plan: Plan) -> Iterator[Figure]:
    """P17; changes the place, so it comes last."""
    if not place.is_postgres:
        yield Figure(OVERHEAD, None, "needs Redis")
        return
    if not Path("/proc/self/stat").exists():
        yield Figure(OVERHEAD, None, "needs /proc to tell a worker's CPU time")
        return
    with FakeMlflow() as fake, _allowed(place, fake.url):
        build_world(fake)
        count = place.inside("connect", url=fake.url, count=min(CONNECTIONS, plan.teams), options=OPTIONS)
        plain = place.inside("collect_plainly", rounds=ROUNDS)
        with _worker(place) as process:
            _round(place)  # warms up
            began = _cpu_seconds(process.pid)
            for _ in range(ROUNDS):
                _round(place)
            busy = _cpu_seconds(process.pid) - began
        found = place.inside("count_runs")
    runs = count["made"] * ROUNDS
    if plain["runs"] != runs or found["bad"]:
        raise NotHere(f"Collecting did not go as it should: {plain}, {found}, {runs} expected.")
    note = f"{1000 * plain['busy'] / runs:.1f} ms of CPU a collection, {1000 * busy / runs:.1f} ms in a worker, {runs} each"
    yield Figure(OVERHEAD, max(0.0, 1 - plain["busy"] / busy), note)


def _round(place: Place) -> None:
    """Every connection once, by the worker. Raises NotHere when it does not come to an end."""
    sent = place.inside("hand_all_over")
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(place.url, autocommit=True) as connection:
        while _runs(connection) < sent["before"] + sent["sent"]:
            if time.monotonic() > deadline:
                raise NotHere("The worker did not collect in time.")
            time.sleep(0.2)


def _runs(connection: psycopg.Connection[tuple[int]]) -> int:
    (count,) = connection.execute("SELECT count(*) FROM integrations_collection").fetchone() or (0,)
    return count


@contextmanager
def _allowed(place: Place, url: str) -> Iterator[None]:
    place.environment["PORTAL_EGRESS_ALLOW"] = url
    try:
        yield
    finally:
        del place.environment["PORTAL_EGRESS_ALLOW"]


@contextmanager
def _worker(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in one process, so that all of its time is told by one figure. Raises NotHere when it does not start."""
    log = place.data_dir / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "mlops_portal.celery:app", "worker"),
                *("--pool", "solo", "--loglevel", "info", "--hostname", "bench@%h"),
            ],
            cwd=ROOT,
            env=place.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while b" ready." not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotHere(f"The worker did not start:\n{log.read_text(errors='replace')[-1500:]}")
            time.sleep(0.1)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
