"""`manage.py rotate_keys`: every stored credential under the first key of PORTAL_KEYS, and which keys are still needed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.services.credentials import rotate_keys


class Command(BaseCommand):
    help = "Seal every credential anew with the first key of PORTAL_KEYS. May run at any time, and again."

    def handle(self, *_: Any, **options: Any) -> None:
        """Says what moved. Raises CommandError when a credential could not be opened; it stays as it was."""
        rotated = rotate_keys()
        needed = ", ".join(rotated.in_use) or "none"
        self.stdout.write(f"{rotated.moved} credentials sealed anew. Keys that are still needed: {needed}.")
        if rotated.failed:
            raise CommandError("\n".join(rotated.failed))
