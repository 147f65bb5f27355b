"""`manage.py up`: the whole embedded portal - web, worker, beat and a private broker - until Ctrl-C."""

from __future__ import annotations

import os
import secrets
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connections
from django.utils import timezone

from mlops_portal import env
from mlops_portal.demo.seed import ensure_demo
from mlops_portal.launcher import address as addresses
from mlops_portal.launcher import first_start
from mlops_portal.launcher.address import Address, CannotListen
from mlops_portal.launcher.broker import Broker, NoBroker, private_broker
from mlops_portal.launcher.children import broker_plan, portal_plans
from mlops_portal.launcher.choices import AlreadyRunning, DemoChoice, demo_choice, hosts_for, only_launcher
from mlops_portal.launcher.output import Output
from mlops_portal.launcher.readiness import answers
from mlops_portal.launcher.supervisor import Supervisor

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
            addresses.require_free(address)
            with only_launcher(settings.DATA_DIR):
                broker = None if settings.REDIS_URL else private_broker(settings.DATA_DIR)
                self._serve(output, address, demo, broker)
        except (env.WrongSetting, CannotListen, AlreadyRunning, NoBroker) as error:
            self.stderr.write(str(error), self.style.ERROR)
            sys.exit(1)

    def _serve(self, output: Output, address: Address, demo: DemoChoice, broker: Broker | None) -> None:
        if demo.note:
            output.line("portal", demo.note)
        with Supervisor(output, settings.BASE_DIR) as supervisor:
            if broker is not None:
                supervisor.start([broker_plan(broker)], os.environ)
            setup_token = self._prepare(output, address, demo)
            hosts = hosts_for(address, settings.ALLOWED_HOSTS)
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "mlops_portal.settings"),
                "REDIS_URL": settings.REDIS_URL or (broker.url if broker is not None else ""),
                "PORTAL_DEMO": "1" if demo.is_on else "0",
                "PORTAL_SETUP_TOKEN": setup_token,
                "PORTAL_HOSTS": " ".join(hosts),
            }
            if not supervisor.is_stopping:
                supervisor.start(portal_plans(address, settings.DATA_DIR), environment)
            # Wildcards of Django's ALLOWED_HOSTS are no host names.
            named = next((host for host in hosts if host != "*" and not host.startswith(".")), "localhost")
            supervisor.run(
                is_ready=lambda: answers(address, named),
                on_ready=lambda: self._say_ready(output, address, demo, setup_token),
            )
            output.line("portal", "Stopping ...")
        if broker is not None:
            broker.forget()

    def _prepare(self, output: Output, address: Address, demo: DemoChoice) -> str:
        """Make the first start's things; the set-up token that is asked for when nobody is there yet (else empty)."""
        now = timezone.now()
        first_start.prepare(at=now)
        if demo.is_on and ensure_demo(at=now):
            output.line("portal", "Made the demo organisation.")
        token = settings.PORTAL_SETUP_TOKEN
        if not token and not address.is_loopback and not first_start.has_people():
            token = secrets.token_urlsafe(SETUP_TOKEN_BYTES)
        # The children have connections of their own; an open one here would hold a server slot for nothing.
        connections.close_all()
        return str(token)

    def _say_ready(self, output: Output, address: Address, demo: DemoChoice, setup_token: str) -> None:
        output.line("portal", f"MLOps Portal is ready: {address.url}")
        if setup_token and not first_start.has_people():
            output.line("portal", f"The set-up page asks for this token: {setup_token}")
        if demo.is_on:
            output.line("portal", "Sign in with one click as a demo person. DEMO=0 starts without them.")
        output.line("portal", "Ctrl-C stops everything.")
        connections.close_all()
