"""A portal of its own for pictures and checks: fresh data folder, embedded database, a clock that stands still.

`with served(folder, demo=True) as portal` starts it as another process; `python -m tests.e2e.serving` is that process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# A Friday. The same pictures on any day, and nothing in the demo grows old between two runs.
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WEEKS = 26
TEAMS = 12


class NotServed(Exception):
    """The portal ended before it could serve; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Portal:
    """`names` fill the addresses in tests/e2e/pages.py: slugs and keys of things in the demo."""

    url: str
    names: dict[str, str]


@contextmanager
def served(folder: Path, *, demo: bool) -> Iterator[Portal]:
    """A portal on a free port of this machine, ended with the block. Raises NotServed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PORTAL_")}
    environment |= {
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_DEMO": "1" if demo else "0",
        "PORTAL_STYLEGUIDE": "1",
        "PORTAL_LOG_LEVEL": "CRITICAL",
        "DJANGO_SETTINGS_MODULE": "mlops_portal.settings",
        # Embedded, also where the suite itself runs on PostgreSQL.
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.serving"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise NotServed(process.communicate()[1])
        answer = json.loads(said)
        yield Portal(answer["url"], answer["names"])
    finally:
        process.terminate()
        process.communicate()


def _names() -> dict[str, str]:
    """What stands for {team}, {person} ... in the addresses of pages."""
    from assessments.models import Evidence, VerdictChange  # noqa: PLC0415 -- models need the app registry
    from integrations.models import Connection, MappingFile, Source, SourceFact  # noqa: PLC0415 -- as above
    from teams.models import Team, User  # noqa: PLC0415 -- as above

    def first(model: Any, **wanted: Any) -> str:
        found = model.objects.filter(**wanted).order_by("pk").first()
        return str(found.pk) if found is not None else "0"

    team = Team.objects.order_by("pk").first()
    if team is None:
        return {}
    without = Team.objects.filter(assessments__isnull=True).order_by("pk").first()
    evidence = Evidence.objects.filter(team=team, removed_at__isnull=True).order_by("pk").first()
    changed = VerdictChange.objects.select_related("criterion", "team").order_by("-at", "-pk").first()
    live = SourceFact.objects.filter(kind="version", is_live=True).select_related("source__team")
    traced = live.order_by("-has_digest", "source_id", "pk").first()
    faulty = MappingFile.objects.exclude(faults=[]).order_by("pk").first()
    return {
        "team": team.slug,
        "team_without_result": without.slug if without is not None else team.slug,
        "team_of_integrator": Team.objects.order_by("pk")[TEAMS - 1].slug,
        "unit": team.unit.slug,
        "person": first(User, username="demo-person-2"),
        "evidence": str(evidence.pk) if evidence is not None else "0",
        "team_of_change": changed.team.slug if changed is not None else team.slug,
        "team_traced": traced.source.team.slug if traced is not None else team.slug,
        "changed": changed.criterion.slug if changed is not None else "0",
        "criterion": evidence.criteria.order_by("pk")[0].slug if evidence is not None else "0",
        "connection": first(Connection, name="GitHub (demo)"),
        "mlflow": first(Connection, kind="mlflow"),
        "gitlab": first(Connection, kind="gitlab"),
        "broken": first(Connection, name__contains="acquired"),
        "source": first(Source, connection__name="GitHub (demo)"),
        "team_with_fault": faulty.source.team.slug if faulty is not None else team.slug,
    }


def _deliver() -> None:
    """A webhook at the demo's GitHub, and deliveries of the last days through the real door."""
    from integrations.models import Connection  # noqa: PLC0415 -- models need the app registry
    from integrations.services.inbound import new_hook_secret, receive  # noqa: PLC0415 -- as above
    from tests.integrations.hooked import github_signature  # noqa: PLC0415 -- as above

    connection = Connection.objects.get(name="GitHub (demo)")
    made_at = NOW - timedelta(days=3)
    hook, secret = new_hook_secret(connection=connection, by=None, at=made_at)
    told = (
        ("ping", "", "team-1"),
        ("star", "created", "team-1"),
        ("release", "published", "sandbox"),
        ("workflow_run", "completed", "team-1"),
    )
    for number, (event, action, repository) in enumerate(told):
        body = json.dumps({"action": action, "repository": {"full_name": f"nordhafen/{repository}"}}).encode()
        headers = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": f"demo-{number}",
            "X-Hub-Signature-256": github_signature(secret, body),
        }
        at = made_at + timedelta(hours=number)
        assert receive(kind="github", key=hook.key, headers=headers, body=body, at=at) is not None


def _connect_gitlab() -> None:
    """A GitLab that leads nowhere, beside the demo's own connections: it alone can make a signing token for its webhook."""
    from integrations.services import connections  # noqa: PLC0415 -- models need the app registry
    from teams.models import User  # noqa: PLC0415 -- as above

    person, at = User.objects.get(username="demo-platform"), NOW - timedelta(days=2)
    made = connections.create_connection(
        kind="gitlab",
        name="GitLab (demo)",
        base_url="https://gitlab.example.org",
        answers={"token": "leads-nowhere"},
        by=person,
        at=at,
    )
    reason = "Demo data: this connection leads nowhere and is not read."
    connections.pause_connection(connection=made, reason=reason, by=person, at=at)


def main() -> None:
    """Prepare, fill, say the address on one line, serve until the process is ended."""
    import django  # noqa: PLC0415 -- settings read the environment that the parent made
    from django.utils import timezone  # noqa: PLC0415 -- as above

    timezone.now = lambda: NOW
    django.setup()

    from django.conf import settings  # noqa: PLC0415 -- needs django.setup()
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: PLC0415 -- as above
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 -- as above
    from django.db import connections  # noqa: PLC0415 -- as above

    from mlops_portal.demo.seed import Size, seed_demo  # noqa: PLC0415 -- as above
    from mlops_portal.launcher.first_start import prepare  # noqa: PLC0415 -- as above

    settings.ROOT_URLCONF = "tests.e2e.urls"
    prepare(at=NOW)
    if settings.PORTAL_DEMO:
        seed_demo(size=Size(teams=TEAMS, weeks=WEEKS), at=NOW)
        _deliver()
        _connect_gitlab()
    names = _names()
    connections.close_all()

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is the base's
            """Nothing: the pictures are the output."""

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "names": names}), flush=True)  # noqa: T201 -- read by `served`
    server.serve_forever()


if __name__ == "__main__":
    main()
