from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from integrations.mapping.judging import judge_file, judge_form
from integrations.mapping.marked import MOST_BYTES, Fault
from integrations.mapping.reading import read_mapping
from integrations.queries.kinds import connector_classes
from integrations.queries.mapping import sources_of, targets_of, team_of

FAULTY = 3


class Command(BaseCommand):
    help = (
        "Check a mapping file (.mlops-portal.yaml) against the teams and mappings of this portal; nothing is written. "
        "Exits 0 when it would be followed, 3 when it has faults, 1 when it could not be checked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--form-only",
            action="store_true",
            help="ask no database: check the form of the file, and the options of connections that name their kind",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            faults = _form(content) if options["form_only"] else _all(content)
        except DatabaseError as error:
            raise CommandError(f"The database failed: {error}. --form-only asks none.") from error
        for fault in faults:
            self.stdout.write(f"{path}:{fault.line}:{fault.column}: {fault.sentence}")
        if faults:
            sys.exit(FAULTY)
        self.stdout.write(f"{path} is as it should be.")


def _form(content: bytes) -> list[Fault]:
    return list(judge_form(content, connector_classes()))


def _all(content: bytes) -> list[Fault]:
    read = read_mapping(content)
    if read.text is None:
        return list(read.faults)
    named = read.text.team
    team, hint = team_of(named.text.strip())
    if team is None:
        return [Fault(named.line, named.column, hint)]
    return list(judge_file(content, team.slug, targets_of(sources_of(team))).faults)
