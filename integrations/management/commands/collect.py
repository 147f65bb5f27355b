from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from integrations.models import Collection, Connection, Source
from integrations.queries.connection_page import run_words
from integrations.queries.connections import why_not_now
from integrations.services import collecting, leases

NOT_ALL_READ, OWN_FAILURE, STOPPED = 3, 1, 130
BAR = 24


class Command(BaseCommand):
    help = (
        "Read all connections, or one, in the foreground; what it finds counts at once. "
        "Exits 0 when all was read, 3 when something could not be read, 1 when the portal itself failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--connection", metavar="NAME", help="read this one only, even when it is paused")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            code = self._run(options["connection"])
        except DatabaseError as error:
            raise CommandError(f"The database failed: {error}. What was read before stands.") from error
        except KeyboardInterrupt:
            self._say("Stopped. What was read so far is stored.")
            sys.exit(STOPPED)
        if code:
            sys.exit(code)

    def _run(self, name: str | None) -> int:
        connections = _chosen(name)
        sources = Source.objects.open().filter(connection__in=connections)
        self._bar = Bar(self.stdout, total=sources.count())
        codes = [self._read(connection, is_named=name is not None) for connection in connections]
        self._bar.clear()
        self._say(self._bar.summary if connections else "There is no connection to read.")
        return OWN_FAILURE if OWN_FAILURE in codes else max(codes, default=0)

    def _read(self, connection: Connection, *, is_named: bool) -> int:
        """The exit code that this connection asks for."""
        if connection.is_paused and not is_named:
            self._say(f"{connection.name}: not read, it is paused. {connection.pause_reason}")
            # What a person paused was not to be read; what the portal paused could not be read.
            return 0 if connection.paused_by_id else NOT_ALL_READ
        now = timezone.now()
        claim = leases.claim_one(connection_id=connection.pk, at=now)
        if claim is None:
            self._say(f"{connection.name}: not read, {why_not_now(connection, now)}")
            return NOT_ALL_READ
        source_count = Source.objects.open().filter(connection=connection).count()
        runs = collecting.collect_connection(
            claim=claim,
            clock=timezone.now,
            trigger=Collection.Trigger.COMMAND,
            on_source=lambda source: self._bar.begin(f"{connection.name}: {source.team}"),
            on_collected=lambda run: self._say(f"{connection.name}: {run.source.team}: {run_words(run)}"),
        )
        self._bar.read += sum(run.outcome == Collection.Outcome.OK for run in runs)
        if len(runs) < source_count:
            self._say(f"{connection.name}: broken off, somebody else took over or unmapped a team meanwhile.")
            return NOT_ALL_READ
        if not runs:
            self._say(f"{connection.name}: nothing to read, no team is mapped to it.")
        return _code(runs)

    def _say(self, line: str) -> None:
        self._bar.clear()
        self.stdout.write(line)


class Bar:
    """One line that moves, on a terminal only; in a file or a pipe it is silent."""

    def __init__(self, out: Any, *, total: int) -> None:
        self.out, self.total = out, total
        self.begun = self.read = 0

    def begin(self, what: str) -> None:
        if self.out.isatty():
            full = BAR * self.begun // max(self.total, 1)
            line = f"[{'#' * full}{'.' * (BAR - full)}] {self.begun + 1} of {self.total}  {what}"
            self.out.write(f"\r\x1b[K{line[:100]}", ending="")
            self.out.flush()
        self.begun += 1

    def clear(self) -> None:
        if self.out.isatty():
            self.out.write("\r\x1b[K", ending="")

    @property
    def summary(self) -> str:
        return f"{self.read} of {self.total} sources were read in full."


def _chosen(name: str | None) -> list[Connection]:
    connections = Connection.objects.open().order_by("name", "pk")
    if name is None:
        return list(connections)
    found = list(connections.filter(name=name))
    if not found:
        known = ", ".join(connections.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no connection named {name!r}. There are: {known}.")
    return found


def _code(runs: Iterable[Collection]) -> int:
    if any(run.failure == collecting.PORTAL for run in runs):
        return OWN_FAILURE
    return 0 if all(run.outcome == Collection.Outcome.OK for run in runs) else NOT_ALL_READ
