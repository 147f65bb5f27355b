"""The process: memory under load, how quickly it is there, how quickly a database is (P14, P15)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.figures import Figure, exact, ratio, seconds
from bench.measures.api import HEATMAP, PING
from bench.places import Place
from bench.run import Plan, Stand
from bench.serving import PORTAL, served
from tests.portal.launched import portal

MEMORY = exact("P14", "memory of the web worker after load (PSS)", 150.0, "MiB")
FLAT = ratio("P14", "memory after load / after warming up", 1.1)
SECOND = seconds("P15", "second start of the whole portal, with the demo", 10.0)
FIRST = seconds("P15", "process start to first 200", 1.3)
MIGRATE = seconds("P15", "migrate from empty", 15.0)
STARTS = 3
MIB = 1024 * 1024


def memory(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P14: heatmap, list and ping, many times."""
    token, reader = stand.by_token(), stand.as_reader()

    def load(requests: int) -> None:
        for number in range(requests):
            token.ask(HEATMAP if number % 10 == 0 else PING)
            if number % 10 == 5:
                reader.ask("/heatmap/?columns=capabilities")

    load(plan.requests // 2)
    warm = stand.portal.worker_memory()
    load(plan.requests)
    after = stand.portal.worker_memory()
    yield Figure(MEMORY, after / MIB, f"after {plan.requests} requests")
    yield Figure(FLAT, after / warm)


def starting(place: Place) -> Iterator[Figure]:
    """P15."""
    taken = []
    for _ in range(STARTS):
        with served(place, PORTAL, first="/livez") as server:
            taken.append(server.started_in)
    yield Figure(FIRST, median(taken), "interpreter, Django and server")
    yield Figure(MIGRATE, place.seconds["migrate"])
    with TemporaryDirectory() as folder:
        # The first one makes the demo and is not measured.
        taken = [_launched_in(Path(folder) / "var") for _ in range(1 + STARTS)][1:]
    yield Figure(SECOND, median(taken), "launcher, web, worker, beat and broker on SQLite")


def _launched_in(folder: Path) -> float:
    with portal(folder, {"DEMO": "1"}) as running:
        return running.wait_ready()
