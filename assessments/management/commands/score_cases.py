from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from assessments.catalog.cases import Case, run_case
from assessments.catalog.shipped import shipped_model

# What a case that says nonsense runs into; one line then, and the next case.
UNRUNNABLE = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    StopIteration,
    ArithmeticError,
    AssertionError,
)


class Command(BaseCommand):
    help = "Run worked scoring cases from a file; exit code 1 when one fails."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_: Any, **options: Any) -> None:
        cases = _read(options["file"])
        failed = sum(not self._passes(case) for case in cases)
        self.stdout.write(f"{len(cases) - failed} passed, {failed} failed")
        if failed:
            sys.exit(1)

    def _passes(self, case: Case) -> bool:
        try:
            got = run_case(case, shipped_model())
        except UNRUNNABLE as error:
            self.stdout.write(f"{case.get('id', '?')}: cannot be run: {type(error).__name__}: {error}")
            return False
        if got == case.get("expect"):
            return True
        self.stdout.write(f"{case.get('id', '?')}: expected {case.get('expect')!r}, got {got!r}")
        return False


def _read(path: Path) -> list[Case]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a 13th month
        raise CommandError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error
    cases = data.get("cases") if isinstance(data, dict) else None
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise CommandError(f"{path}: no list of `cases` in it")
    return cases
