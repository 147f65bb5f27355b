"""`manage.py create_token --user NAME --scope SCOPE [--scope ...]`: prints a new API token, once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from teams.models import User
from teams.services.refusal import Refused
from teams.services.tokens import DEFAULT_DAYS, create_token


class Command(BaseCommand):
    help = "Makes a personal API token and prints it. It is stored nowhere: copy it now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="user name of the owner")
        parser.add_argument(
            "--scope", required=True, action="append", help="what the token may do; repeatable"
        )
        parser.add_argument("--name", default="made by create_token", help="what the list of tokens calls it")
        parser.add_argument("--days", type=int, default=DEFAULT_DAYS, help="how long it lives (1 to 365)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writes the token alone to stdout, for `TOKEN=$(...)`. Raises CommandError with one sentence."""
        owner = User.objects.filter(username=options["user"]).first()
        if owner is None:
            raise CommandError(f"There is no person with the user name {options['user']}.")
        if not owner.is_active:
            raise CommandError(f"{owner} is deactivated; the token would not work.")
        try:
            _, plain = create_token(
                name=options["name"],
                scopes=options["scope"],
                owner=owner,
                days=options["days"],
                by=None,
                at=timezone.now(),
            )
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(plain)
