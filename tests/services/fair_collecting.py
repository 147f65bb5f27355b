"""200 connections, two workers, two beats, 20 hosts that accept and never answer, a worker and a beat killed midway.

Everything is real: PostgreSQL, Redis, prefork, sockets. First the run with the dead hosts on a cold database, then the same
kills without them, so that the comparison is in favour of neither. The comparison is printed and not asserted: times on a
shared machine are no test. It was 1.00 to 1.15 where 1.3 is the limit.

Takes minutes and two quiet cores, so it is asked for by name and no part of the gate:

    python3 dev.py test tests/services/fair_collecting.py
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integrations.connectors.loopback import Loopback, Said
from tests.portal.launched import ROOT, wait_until
from tests.services.servers import NotInstalled, private_postgres, private_redis

pytestmark = [pytest.mark.service, pytest.mark.slow]

LIVE, DEAD, SLOTS = 180, 20, 4
# The kill comes when so many live ones were asked.
MIDWAY = 70
ANSWER_SECONDS = 0.1
MAKE = """
from django.utils import timezone
from integrations.services.connections import create_connection
from integrations.services.sources import map_team
from integrations.models import Connection
from tests.factories import make_team, make_unit
at, unit = timezone.now(), make_unit()
dead = {dead!r}
for number in range({count}):
    every = {count} // len(dead)
    url = dead[number // every] if number % every == 5 else {live!r}
    connection = create_connection(
        kind="fakegit", name=f"c{{number}}", base_url=url, answers={{"token": f"t{{number}}"}}, by=None, at=at
    )
    map_team(
        connection=connection, team=make_team(f"Team {{number}}", unit=unit), options={{"project": f"p{{number}}"}}, by=None, at=at
    )
Connection.objects.update(is_paused=True, pause_reason="not yet", asked_at=None)
"""


class Live(Loopback):
    """Answers every project, after a moment; `asked` are (project, when)."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, float]] = []
        self.value = 0

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        time.sleep(ANSWER_SECONDS)
        self.asked.append((target.rpartition("/")[2], time.monotonic()))
        said = {"observations": {"repo.connected": True, "ci.runs_30d": 20 + self.value}}
        return 200, json.dumps(said).encode(), {"Content-Type": "application/json"}


class Silent:
    """Accepts and never answers; `calls` are the connections that were made."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.calls: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                self.calls.append(self._server.accept()[0])
        except OSError:
            return

    def close(self) -> None:
        self._server.close()
        for call in self.calls:
            call.close()


@dataclass
class Portal:
    """The processes of an installation."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def manage(self, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "mlops_portal.celery:app", *words],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        process = self.start(
            name,
            *("worker", "--pool", "prefork", "--concurrency", str(SLOTS), "--hostname", f"{name}@%h"),
            *("--loglevel", "info"),
        )
        log = self.folder / f"{name}.log"
        wait_until(lambda: b" ready." in log.read_bytes(), f"{name} is ready", 60)
        return process

    def beat(self, name: str) -> subprocess.Popen[bytes]:
        schedule = self.folder / f"{name}-{len(self.started)}-schedule"
        return self.start(name, "beat", "--schedule", str(schedule), "--pidfile", "")

    def stop(self) -> None:
        for process in self.started:
            kill(process)
        self.started.clear()


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process with its children: nobody says goodbye."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


@contextmanager
def portal(database: str, folder: Path, allow: list[str]) -> Iterator[Portal]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    made = Portal(
        folder,
        {
            **kept,
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "tests.services.fair_settings",
            "DATABASE_URL": database,
            "PORTAL_PRODUCTION": "1",
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
            "PORTAL_KEYS": f"k1:{base64.urlsafe_b64encode(bytes(range(32))).decode()}",
            "PORTAL_HOSTS": "127.0.0.1",
            "PORTAL_EGRESS_ALLOW": " ".join(allow),
            "REDIS_URL": "redis://127.0.0.1:1/0",
        },
    )
    try:
        yield made
    finally:
        made.stop()


@dataclass
class Ran:
    """`seconds`: from due until the last live connection was read; `most_seconds`: until all but those were that the killed
    worker may have held, which wait for their leases to end. `in_hand`: live ones that it had asked.
    """

    seconds: float
    most_seconds: float
    asked: Counter[str]
    in_hand: set[str]
    runs: dict[str, list[str]]


def run(made: Portal, live: Live, database: str, *, names: str, dead_names: set[str]) -> Ran:
    """Everything due at once, two workers and two beats, one of each killed when MIDWAY were asked.

    `names` is the condition in SQL that chooses the connections, `dead_names` are the dead ones among them.
    """
    live.asked.clear()
    live.value += 1
    with private_redis() as redis, psycopg.connect(database, autocommit=True) as db:
        made.environment["REDIS_URL"] = redis
        first, _ = made.worker("worker1"), made.worker("worker2")
        beat, _ = made.beat("beat1"), made.beat("beat2")
        db.execute("DELETE FROM integrations_collection")
        began = time.monotonic()
        db.execute(
            "UPDATE integrations_connection SET is_paused = false, pause_reason = '', next_due_at = now(),"
            f" lease_key = '', lease_ends_at = NULL, is_slow = false WHERE {names}"
        )
        wait_until(lambda: len(live.asked) >= MIDWAY, "midway", 60)
        # Still at it at this moment, by whom nobody knows: those that come again later were the killed one's.
        kill(first)
        kill(beat)

        def slow_names() -> set[str]:
            found = db.execute("SELECT name FROM integrations_connection WHERE is_slow").fetchall()
            return {str(name) for (name,) in found}

        def read_live() -> int:
            (count,) = db.execute(
                "SELECT count(DISTINCT connection_id) FROM integrations_collection WHERE outcome = 'ok'"
            ).fetchone() or (0,)
            return int(count)

        wait_until(lambda: read_live() == LIVE, "every live connection is read", 300)
        # The live ones need not wait for the dead: some of these may not have been knocked at yet.
        wait_until(lambda: slow_names() >= dead_names, "every dead host is known as slow", 180)
        # Nobody comes twice: two more ticks pass.
        time.sleep(5)
        made.stop()
        runs: dict[str, list[str]] = {}
        for name, outcome in db.execute(
            "SELECT c.name, r.outcome FROM integrations_collection r"
            " JOIN integrations_connection c ON c.id = r.connection_id"
        ).fetchall():
            runs.setdefault(name, []).append(outcome)
        asked = Counter(project for project, _ in live.asked)
        in_hand = {project for project, times in asked.items() if times > 1}
        last = sorted(dict(live.asked).values())
        return Ran(last[-1] - began, last[-1 - SLOTS] - began, asked, in_hand, runs)


@pytest.fixture
def dead() -> Iterator[list[Silent]]:
    hosts = [Silent() for _ in range(DEAD)]
    yield hosts
    for host in hosts:
        host.close()


def test_dead_hosts_and_a_killed_worker_hold_nobody_up(tmp_path: Path, dead: list[Silent]) -> None:
    with ExitStack() as stack:
        live = stack.enter_context(Live())
        try:
            database = stack.enter_context(private_postgres())
        except NotInstalled as missing:
            pytest.skip(str(missing))
        urls = [host.url for host in dead]
        made = stack.enter_context(portal(database, tmp_path, [live.url, *urls]))
        made.manage("migrate", "--verbosity", "0")
        made.manage("shell", "-c", MAKE.format(dead=urls, live=live.url, count=LIVE + DEAD))
        with psycopg.connect(database, autocommit=True) as db:
            rows: list[Any] = db.execute(
                "SELECT name, base_url FROM integrations_connection ORDER BY id"
            ).fetchall()
        dead_names = {name for name, url in rows if url != live.url}
        assert (len(rows), len(dead_names)) == (LIVE + DEAD, DEAD)

        with_dead = run(made, live, database, names="true", dead_names=dead_names)
        called = [len(host.calls) for host in dead]
        with psycopg.connect(database, autocommit=True) as db:
            stands: list[Any] = db.execute(
                "SELECT name, is_slow, last_failure FROM integrations_connection"
            ).fetchall()
            db.execute("UPDATE integrations_connection SET is_paused = true, pause_reason = 'not now'")
        without = run(made, live, database, names=f"base_url = '{live.url}'", dead_names=set())

    sys.stderr.write(
        f"\nwith dead hosts {with_dead.seconds:.1f} s ({with_dead.most_seconds:.1f} s), "
        f"without {without.seconds:.1f} s ({without.most_seconds:.1f} s)\n"
    )
    live_projects = {f"p{name[1:]}" for name, _ in rows if name not in dead_names}
    for ran in (with_dead, without):
        # Each slot once: asked once, stored once. Only what was in the hands of the killed worker comes once more.
        assert set(ran.asked) == live_projects
        assert len(ran.in_hand) <= SLOTS
        assert max(ran.asked.values()) <= 2
        stored = {project: tuple(ran.runs.get(f"c{project[1:]}", ())) for project in live_projects}
        again = {project for project, outcomes in stored.items() if outcomes != ("ok",)}
        assert again <= ran.in_hand
        # Killed after it had stored and before it could give the lease back.
        assert {stored[project] for project in again} <= {("ok", "ok")}
    # The faults did happen: each dead host was called, and none of them gave or lost anything.
    assert min(called) >= 1
    assert {name for name, is_slow, _ in stands if is_slow} == dead_names
    assert {failure for name, _, failure in stands if name in dead_names} <= {"", "unreachable"}
    assert {tuple(with_dead.runs.get(name, ())) for name in dead_names} <= {(), ("failed",)}
