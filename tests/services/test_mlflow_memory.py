"""A real MLflow with ten thousand runs: read once in bounded time and memory, then only what is new, whenever a worker dies."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integrations.connectors.loopback import Loopback, Said
from tests.services.mlflow_seed import DAY_MS, EXPECTED, RUNS, seed
from tests.services.mlflow_server import MlflowServer, mlflow_server
from tests.services.servers import NotInstalled, private_postgres

pytestmark = pytest.mark.service

MOST_SECONDS = 60
MOST_MB = 200
KILLS = 10
SEARCH = "/api/2.0/mlflow/runs/search"


class Counter(Loopback):
    """Hands every question on to MLflow and notes those for runs; at one of them it kills whoever asked."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.searches: list[dict[str, Any]] = []
        self.kill_at = 0
        self.victim: subprocess.Popen[str] | None = None

    def serve_request(self, target: str, headers: dict[str, str], body: bytes) -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            kept = {"Content-Type": "application/json"} if body else {}
            connection.request("POST" if body else "GET", target, body or None, kept)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if target == SEARCH:
            self.searches.append(json.loads(body))
            if len(self.searches) == self.kill_at and self.victim is not None:
                self.victim.kill()
        return answer.status, said, {"Content-Type": answer.headers["Content-Type"]}


class Portal:
    """A portal of its own in a database, run in processes of their own."""

    def __init__(self, database: str, folder: Path, allowed: str) -> None:
        self._env = {
            **os.environ,
            "DATABASE_URL": database,
            "PORTAL_DATA_DIR": str(folder),
            "PORTAL_EGRESS_ALLOW": allowed,
            "DJANGO_SETTINGS_MODULE": "mlops_portal.settings",
        }
        self._folder = Path(__file__).parents[2]

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *command],
            env=self._env, cwd=self._folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *command: str) -> Any:
        """What the process said last; AssertionError with its words when it failed."""
        process = self.start("-m", "tests.services.collecting_process", *command)
        said, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]
        return json.loads(said.splitlines()[-1])

    def migrate(self) -> None:
        process = self.start("manage.py", "migrate", "--verbosity", "0")
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]


@pytest.fixture(scope="module")
def server() -> Iterator[MlflowServer]:
    try:
        with mlflow_server() as running:
            seed(running.database, int(time.time() * 1000))
            yield running
    except NotInstalled as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def counter(server: MlflowServer) -> Iterator[Counter]:
    with Counter(int(server.url.rpartition(":")[2])) as counter:
        yield counter


@pytest.fixture(scope="module")
def portals(
    server: MlflowServer, counter: Counter, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Portal, Portal]]:
    """Two of them, alike: one reads MLflow itself, the other through the counter."""
    folder, allowed = tmp_path_factory.mktemp("portal"), f"{server.url} {counter.url}"
    try:
        with private_postgres() as database:
            unbroken = Portal(database, folder, allowed)
            unbroken.migrate()
            base = database.rpartition("/")[0]
            with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE killed TEMPLATE portal")
            killed = Portal(f"{base}/killed", folder, allowed)
            unbroken.run("prepare", server.url)
            killed.run("prepare", counter.url)
            yield unbroken, killed
    except NotInstalled as error:
        pytest.skip(str(error))


@dataclass(frozen=True)
class First:
    """The first reading by the portal that nobody kills. One collection, unless the machine is so busy that it takes turns."""

    runs: list[dict[str, Any]]
    # Of both sides together; they take turns, so on a machine of their own the clock says the same.
    cpu_seconds: float
    state: dict[str, Any]


@pytest.fixture(scope="module")
def first(portals: tuple[Portal, Portal], server: MlflowServer) -> First:
    unbroken, _ = portals
    before = server.cpu_seconds()
    runs = [unbroken.run("collect", "0")]
    while runs[-1]["is_behind"]:
        runs.append(unbroken.run("collect", "0"))
    cpu = server.cpu_seconds() - before + sum(run["own_seconds"] for run in runs)
    seconds, peak = sum(run["seconds"] for run in runs), max(run["peak_mb"] for run in runs)
    sys.stdout.write(f"\n10,000 runs: {cpu:.1f} s of computing, {seconds} s by the clock, {peak} MB\n")
    return First(runs, cpu, unbroken.run("state"))


def test_ten_thousand_runs_are_counted_exactly_within_a_minute_and_200_mb(first: First) -> None:
    got = {name: first.state["readings"][name] for name in EXPECTED}
    assert {name: (value, part, whole) for name, (value, _, _, _, part, whole, _) in got.items()} == {
        name: (pytest.approx(value), part, whole) for name, (value, part, whole) in EXPECTED.items()
    }
    assert {(reason, bound) for _, reason, bound, *_ in got.values()} == {("", "exact")}
    assert len(first.state["items"]) == RUNS
    assert max(run["peak_mb"] for run in first.runs) < MOST_MB
    assert first.cpu_seconds < MOST_SECONDS


def test_killed_at_ten_pages_the_result_is_that_of_an_unbroken_reading(
    portals: tuple[Portal, Portal], counter: Counter, first: First
) -> None:
    _, killed = portals
    chance = random.Random(20_261_124)
    for turn in range(KILLS):
        counter.searches.clear()
        # The newest days are 5 pages; later turns go on where the one before was killed.
        counter.kill_at = chance.randint(1, 12)
        # The lease of who died ends after ten minutes.
        process = killed.start("-m", "tests.services.collecting_process", "collect", str(turn * 11))
        counter.victim = process
        said, errors = process.communicate(timeout=300)
        assert (process.returncode, said) == (-9, ""), errors[-3000:]
    counter.kill_at = 0

    turn = KILLS
    while killed.run("collect", str(turn * 11))["is_behind"]:
        turn += 1

    assert killed.run("state") | {"measurements": 0} == first.state | {"measurements": 0}


def test_reading_again_asks_for_the_overlap_only_and_stores_no_measurement(
    portals: tuple[Portal, Portal], counter: Counter, first: First
) -> None:
    _, killed = portals
    before = killed.run("state")
    counter.searches.clear()

    said = killed.run("collect", "300")

    assert (said["outcome"], said["stored"], said["is_behind"]) == ("ok", 0, False)
    assert killed.run("state") == before
    listings = [asked for asked in counter.searches if "start_time" in asked["filter"]]
    (bounds,) = {asked["filter"] for asked in listings}
    after, until = (int(part.split()[-1]) for part in bounds.split(" AND "))
    # The day before the last reading began, and the hours since.
    assert DAY_MS < until - after < 1.25 * DAY_MS
    # A hundred runs of that day on one page of two hundred, and one question for those that were not finished.
    assert len(listings) == 1
    again = [asked["filter"] for asked in counter.searches if "run_id IN" in asked["filter"]]
    # 1007, 2007, 3007 and 4007; 7 was told of again, and 5007 is older than anything that may still change.
    assert [asked.count("'") // 2 for asked in again] == [4]
