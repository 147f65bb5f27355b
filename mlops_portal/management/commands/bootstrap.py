"""`manage.py bootstrap`: everything a start needs, each thing only where it is missing. Compose runs it once per start."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from mlops_portal.launcher import first_start
from mlops_portal.launcher.lost_keys import lost_credentials, warning
from teams.queries.people import has_administrator

FIRST_ADMINISTRATOR = "Nobody administers it yet: open /setup/ and give it PORTAL_SETUP_TOKEN."
NO_TOKEN = "Nobody administers it yet, and the set-up page is closed: set PORTAL_SETUP_TOKEN and start again."  # noqa: S105 -- words, no secret


class Command(BaseCommand):
    help = "Check production settings, migrate, load the shipped maturity model, collect static files."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--static-only", action="store_true", help="collect static files and stop (image build)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises SystemCheckError in production when a setting is missing or weak."""
        if options["static_only"]:
            first_start.ensure_static_files()
            return
        if settings.PRODUCTION:
            call_command("check", deploy=True, fail_level="WARNING", verbosity=0)
        first_start.prepare(at=timezone.now())
        if lost := lost_credentials():
            self.stderr.write(warning(lost, settings.PORTAL_KEYS_FROM), self.style.ERROR)
        self.stdout.write("The database, the maturity model and the static files are ready.")
        if settings.PRODUCTION and not has_administrator():
            self.stdout.write(FIRST_ADMINISTRATOR if settings.PORTAL_SETUP_TOKEN else NO_TOKEN)
