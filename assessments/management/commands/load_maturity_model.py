from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from assessments.catalog.parse import MOST_BYTES
from assessments.catalog.reader import CatalogError
from assessments.services.catalog import VersionIsImmutable, load_maturity_model


class Command(BaseCommand):
    help = "Load a maturity model from its YAML file. Nothing is stored unless the whole file is right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--activate", action="store_true", help="make it the active version of its key")

    def handle(self, *_: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{path}: cannot be read: {error.strerror}") from error
        try:
            loaded = load_maturity_model(
                content=content, file=path.name, at=timezone.now(), activate=options["activate"]
            )
        except (CatalogError, VersionIsImmutable) as error:
            raise CommandError(str(error)) from error
        state = "active" if loaded.is_active else "loaded, not active (--activate makes it so)"
        self.stdout.write(f"{loaded.name} {loaded.version}: {state}")
