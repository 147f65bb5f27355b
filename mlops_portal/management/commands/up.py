"""`manage.py up`: the whole embedded portal - web, worker, beat and a private broker - until Ctrl-C."""

from __future__ import annotations

import os
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections
from django.utils import timezone

from mlops_portal import env
from mlops_portal.demo.seed import ensure_demo
from mlops_portal.launcher import address as addresses
from mlops_portal.launcher import first_start
from mlops_portal.launcher.address import Address, CannotListen
from mlops_portal.launcher.broker import Broker, NoBroker, private_broker
from mlops_portal.launcher.children import broker_plan, children_environment, portal_plans
from mlops_portal.launcher.choices import (
    AlreadyRunning,
    DemoChoice,
    demo_choice,
    hosts_for,
    hosts_note,
    only_launcher,
)
from mlops_portal.launcher.lost_keys import lost_credentials, warning
from mlops_portal.launcher.output import Output
from mlops_portal.launcher.readiness import answers, named_host
from mlops_portal.launcher.supervisor import Supervisor
from teams.queries.people import has_administrator, has_own_people

SETUP_TOKEN_BYTES = 18


class Command(BaseCommand):
    help = "Serve the portal with everything it needs. HOST, PORT and DEMO=0 change where and what."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Serves until a signal. Exits 1 with one line when it cannot start."""
        output = Output()
        try:
            address = addresses.from_environment()
            demo = demo_choice(address, production=settings.PRODUCTION)
            with only_launcher(settings.DATA_DIR):
                addresses.require_free(address, lambda told: output.line("portal", told))
                broker = None if settings.REDIS_URL else private_broker(settings.DATA_DIR)
                self._serve(output, address, demo, broker)
        except (env.WrongSetting, CannotListen, AlreadyRunning, NoBroker) as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(1)
        except DatabaseError as error:
            self.stderr.write(f"The database cannot be used: {str(error).strip()}", self.style.ERROR)
            sys.exit(1)

    def _serve(self, output: Output, address: Address, demo: DemoChoice, broker: Broker | None) -> None:
        if demo.note:
            output.line("portal", demo.note)
        with Supervisor(output, settings.BASE_DIR) as supervisor:
            if broker is not None:
                supervisor.start([broker_plan(broker)], os.environ)
            self._prepare(output, demo)
            token = self._setup_token(address)
            hosts = hosts_for(address, settings.ALLOWED_HOSTS)
            environment = children_environment(
                os.environ,
                REDIS_URL=settings.REDIS_URL or (broker.url if broker is not None else ""),
                PORTAL_DEMO="1" if demo.is_on else "0",
                PORTAL_SETUP_TOKEN=token,
                PORTAL_HOSTS=" ".join(hosts),
                PORTAL_LOG_COLOURS="1" if output.is_coloured else "0",
            )
            if not supervisor.is_stopping:
                supervisor.start(portal_plans(address, settings.DATA_DIR), environment)
            supervisor.run(
                is_ready=lambda: answers(address, named_host(hosts)),
                on_ready=lambda: self._say_ready(output, address, demo, token),
            )
            output.line("portal", "Stopping ...")
        if broker is not None:
            broker.forget()
        output.line("portal", f"Stopped. Everything that was saved is in {_where()}.")

    def _prepare(self, output: Output, demo: DemoChoice) -> None:
        """Make the first start's things, and say what is wrong with what is there."""
        now = timezone.now()
        output.line("portal", f"Preparing {_where()} ...")
        first_start.prepare(at=now)
        if demo.is_on and ensure_demo(at=now):
            output.line("portal", "Made the demo organisation.")
        if lost := lost_credentials():
            output.line("portal", warning(lost, settings.PORTAL_KEYS_FROM))
        # The children have connections of their own; an open one here would hold a server slot for nothing.
        connections.close_all()

    def _setup_token(self, address: Address) -> str:
        """What the set-up page asks for wherever a visitor may sit elsewhere; empty on a plain loopback address.

        Made also while a demo is there: when it goes, the set-up page opens.
        """
        is_here = address.is_loopback and not settings.USE_X_FORWARDED_HOST
        token = settings.PORTAL_SETUP_TOKEN
        return str(token) if token or is_here else secrets.token_urlsafe(SETUP_TOKEN_BYTES)

    def _say_ready(self, output: Output, address: Address, demo: DemoChoice, token: str) -> None:
        output.line("portal", f"MLOps Portal is ready: {address.url}")
        is_closed, has_people = has_administrator(), has_own_people()
        if note := hosts_note(address, hosts_for(address, settings.ALLOWED_HOSTS)):
            output.line("portal", note)
        if token and not (is_closed and has_people):
            output.line("portal", f"The set-up page asks for this token: {token}")
        if demo.is_on and not has_people:
            output.line("portal", "Sign in with one click as a demo person. DEMO=0 starts without them.")
        elif is_closed and not has_people:
            output.line(
                "portal",
                "Only the demo is in here, and it is switched off: nobody can sign in. Start without DEMO=0, or remove it "
                f"with {sys.executable} manage.py remove_demo.",
            )
        output.line("portal", "Ctrl-C stops everything.")
        connections.close_all()


def _where() -> str:
    return "the database of DATABASE_URL" if settings.DATABASE_URL else str(settings.DATA_DIR)
