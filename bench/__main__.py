"""`python -m bench`: make organisations, serve them, measure, print. Exits 1 when a figure stops the run (RULINGS 17)."""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench import report
from bench.asking import WrongAnswer
from bench.figures import Figure, exact, exit_code
from bench.floor import SQLITE
from bench.measures import api, collecting, counting, independence, pages, saving, server, storing
from bench.places import SEED_MINUTES, NotHere, Place, Servers, Size, place, servers
from bench.run import DEFAULT, QUICK, Plan, stand
from tests.services.servers import NotInstalled

SEED = "1"
NOT_HERE = 2
ENDED = 143
# Rows of PERFORMANCE that are measured elsewhere, with where.
ELSEWHERE = (
    Figure(exact("P19", "Lighthouse", 1), None, "needs Lighthouse"),
    Figure(exact("P20", "make test", 120, "s"), None, "`make test` prints its time"),
)


def main(arguments: list[str]) -> int:
    """0, 1 when a figure stops the run, 2 when something is missing."""
    options = _options(arguments)
    plan = _plan(options)
    # Whoever ends the run ends its servers and databases with it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(ENDED))
    began = time.monotonic()
    try:
        with servers(on_sqlite=options.sqlite) as on:
            figures = list(_measure(plan, on, options))
            database = _database(on)
    except (NotHere, NotInstalled, WrongAnswer) as error:
        print(f"Nothing was measured. {error}", file=sys.stderr)
        return NOT_HERE
    seconds = time.monotonic() - began
    report.show(figures, plan, database, seconds)
    print(f"Kept in {report.write(figures, plan, database, seconds, options.results)}")
    return exit_code(figures)


def _options(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 teams, short: a minute or two")
    parser.add_argument("--teams", type=int, help="teams of the organisation that is measured")
    parser.add_argument("--weeks", type=int, help="weeks of its history")
    parser.add_argument("--deep", type=int, help="weeks of the old organisation of P11")
    parser.add_argument("--rounds", type=int, help="rounds of interleaved asking")
    parser.add_argument(
        "--large", type=int, metavar="TEAMS", help="measure P12 with an organisation of so many teams"
    )
    parser.add_argument("--only", nargs="+", metavar="ROW", help="measure only these rows, as P1 P9")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite; PostgreSQL's rows are left out")
    parser.add_argument("--results", type=Path, default=report.RESULTS, help="folder for what is kept")
    return parser.parse_args(arguments)


def _plan(options: Namespace) -> Plan:
    plan = QUICK if options.quick else DEFAULT
    given = {name: getattr(options, name) for name in ("teams", "weeks", "deep", "rounds")}
    return replace(plan, **{name: value for name, value in given.items() if value is not None})


def _measure(plan: Plan, on: Servers, options: Namespace) -> Iterator[Figure]:
    wanted = frozenset(options.only or ())

    def wants(*rows: str) -> bool:
        return not wanted or not wanted.isdisjoint(rows)

    with ExitStack() as stack:
        main_place = _prepared(stack.enter_context(place(on, Size(plan.teams, plan.weeks))))
        if wants("P21"):
            # As old as the other: only the number of teams may tell them apart.
            with place(on, Size(plan.few, plan.weeks)) as few:
                yield from counting.queries(_prepared(few), main_place)
        yield from _served(plan, main_place, wants)
        if wants("P15"):
            _say("starting the portal")
            yield from server.starting(main_place)
        if wants("P16"):
            _say("storing measurements")
            yield from storing.storing(main_place, plan)
        if wants("P17"):
            _say("collecting with and without Celery")
            yield from collecting.collecting(main_place, plan)
    if wants("P11"):
        yield from _pair(plan, on)
    yield from _growth(plan, on, options) if wants("P12") else ()
    yield from (figure for figure in ELSEWHERE if wants(figure.budget.row))


def _served(plan: Plan, main_place: Place, wants: object) -> Iterator[Figure]:
    assert callable(wants)
    with stand(main_place) as made:
        for rows, measure in (
            (("P1", "P2", "P9"), api.heatmap),
            (("P4",), saving.save),
            (("P6",), pages.teams),
            (("P7",), api.history),
            (("P8",), pages.assessment),
            (("P10",), api.ping),
            (("P18",), pages.weights),
            (("P14",), server.memory),
        ):
            if wants(*rows):
                _say(f"measuring {', '.join(rows)}")
                yield from measure(made, plan)


def _pair(plan: Plan, on: Servers) -> Iterator[Figure]:
    with (
        place(on, Size(plan.teams, plan.deep)) as deep,
        place(on, Size(plan.teams, plan.young)) as young,
        stand(_prepared(deep)) as old,
        stand(_prepared(young)) as new,
    ):
        _say("measuring P11")
        yield from independence.independence(old, new, plan)


def _growth(plan: Plan, on: Servers, options: Namespace) -> Iterator[Figure]:
    if options.large is None:
        yield Figure(independence.GROWTH, None, "--large 10000 measures it")
        return
    with (
        place(on, Size(options.large, plan.weeks)) as large,
        place(on, Size(plan.teams, plan.weeks)) as small,
        stand(_prepared(large)) as many,
        stand(_prepared(small)) as few,
    ):
        _say("measuring P12")
        yield from independence.growth(many, few, plan)


def _prepared(made: Place) -> Place:
    """The place with its schema, its organisation, static files, tokens and sessions."""
    size = made.size
    began = time.monotonic()
    made.manage("migrate", "--verbosity", "0")
    made.seconds["migrate"] = time.monotonic() - began
    made.manage("bootstrap", "--static-only")
    began = time.monotonic()
    _say(f"making {size.teams} teams x {size.weeks} weeks")
    made.manage(
        *("seed_demo", "--units", str(size.units), "--teams", str(size.teams)),
        *("--weeks", str(size.weeks), "--seed", SEED),
        minutes=SEED_MINUTES,
    )
    made.seconds["seed"] = time.monotonic() - began
    made.people = made.inside("prepare")
    _say(f"made in {made.seconds['seed']:.0f} s")
    return made


def _database(on: Servers) -> str:
    if on.database == SQLITE:
        return "SQLite"
    import psycopg  # noqa: PLC0415 -- only where PostgreSQL is measured

    with psycopg.connect(on.database) as connection:
        return f"PostgreSQL {connection.info.server_version // 10000}"


def _say(text: str) -> None:
    print(f"... {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
