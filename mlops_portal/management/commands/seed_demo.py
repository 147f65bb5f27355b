"""`manage.py seed_demo`: fill an empty database with a made-up organisation of any size."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mlops_portal.demo.seed import DatabaseNotEmpty, Size, TooFew, seed_demo


class Command(BaseCommand):
    help = "Make the demo organisation in an empty database. Every number in it comes out of real scoring."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Size()
        parser.add_argument("--units", type=int, default=default.units, help="units below the organisation")
        parser.add_argument("--teams", type=int, default=default.teams, help="teams in total")
        parser.add_argument("--weeks", type=int, default=default.weeks, help="weeks of history")
        parser.add_argument(
            "--seed", type=int, default=default.seed, help="another number, another organisation"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when the database is not empty or a number is too small; nothing is stored then."""
        began = time.monotonic()
        try:
            size = Size(options["units"], options["teams"], options["weeks"], options["seed"])
            seed_demo(size=size, at=timezone.now(), tell=lambda done: self._tell(done, size.teams))
        except (DatabaseNotEmpty, TooFew) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Made {size.teams} teams in {size.units} units over {size.weeks} weeks "
            f"in {time.monotonic() - began:.1f} s."
        )

    def _tell(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"{done} of {total} teams", ending="\r")
