"""`manage.py remove_demo`: take the demo organisation away."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mlops_portal.demo.remove import NoDemo, remove_demo


class Command(BaseCommand):
    help = "Remove the demo organisation with its units, teams, people and connections."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when there is no demo."""
        try:
            removed = remove_demo(at=timezone.now())
        except NoDemo as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Removed the demo: {removed.units} units, {removed.teams} teams, {removed.people} people."
        )
