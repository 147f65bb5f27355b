"""docker-compose.yml and the Dockerfile, without Docker: what the file says, and that the services it describes work together."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_world import OPTIONS, build_world
from tests.portal.launched import descendants, processes, wait_until
from tests.services.compose import ROOT, Host, Service, parsed, start_order
from tests.services.servers import NotInstalled, free_port, private_postgres, private_redis

OURS = ("migrate", "web", "worker", "beat")
LONG_RUNNING = ("db", "redis", "web", "worker", "beat")
SET_UP = """
from django.utils import timezone
from integrations.services.connections import create_connection
from integrations.services.sources import map_team
from teams.models import Role, Unit, User
from teams.services.grants import grant_role
from teams.services.organisation import create_unit
from teams.services.teams import create_team
from teams.services.tokens import create_token
at, by = timezone.now(), User.objects.get()
team = create_team(unit=create_unit(name="Risk", parent=Unit.objects.get(depth=1), by=by, at=at), name="Fraud", by=by, at=at)
grant_role(user=by, role=Role.LEAD, team=team, by=by, at=at)
connection = create_connection(
    kind="github", name="GitHub", base_url={url!r}, answers={{"token": "github_pat_loopback"}}, by=by, at=at
)
map_team(connection=connection, team=team, options={options!r}, by=by, at=at)
print(connection.pk, create_token(name="t", scopes=["measurements:read"], owner=by, days=1, by=by, at=at)[1])
"""
STORED = """
from integrations.models import Collection
from assessments.models import Measurement
from django.db import connection
run = Collection.objects.order_by("-pk").first()
if run is not None:
    found = Measurement.objects.filter(signal="repo.connected").values_list("value", "source").first()
    print(connection.vendor, run.outcome, *found)
"""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = parsed()["services"]
    return found


def example() -> dict[str, str]:
    """Name and value of every line of .env.example that is not commented out."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


# --- what the file says ------------------------------------------------------------------------------------------------


def test_services_wait_for_what_they_need(services: dict[str, Any]) -> None:
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    after_migration = {"migrate": "service_completed_successfully"}
    assert waits == {
        "db": {},
        "redis": {},
        "migrate": {"db": "service_healthy", "redis": "service_healthy"},
        "web": after_migration,
        "worker": after_migration,
        "beat": after_migration,
    }
    assert start_order(services)[:3] == ["db", "redis", "migrate"]


def test_what_runs_on_is_watched_and_started_again(services: dict[str, Any]) -> None:
    assert {name: service["restart"] for name, service in services.items()} == {
        **dict.fromkeys(LONG_RUNNING, "unless-stopped"),
        "migrate": "no",
    }
    assert {name for name, service in services.items() if "healthcheck" in service} == set(LONG_RUNNING)
    assert services["migrate"]["command"] == ["python", "manage.py", "bootstrap"]


def test_no_secret_stands_in_the_file_or_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert re.findall(r"\$\{(\w+)([^}]*)\}", text) == [
        ("POSTGRES_PASSWORD", ":?Set POSTGRES_PASSWORD in .env"),
        ("POSTGRES_PASSWORD", ":?Set POSTGRES_PASSWORD in .env"),
    ]
    assert not re.search(r"PORTAL_(SECRET_KEY|KEYS|SETUP_TOKEN):", text)
    assert example() == dict.fromkeys(
        ("PORTAL_HOSTS", "PORTAL_SECRET_KEY", "PORTAL_KEYS", "POSTGRES_PASSWORD"), ""
    )


def test_the_example_lists_every_name_that_is_read() -> None:
    read = {
        name
        for path in (*(ROOT / "mlops_portal").rglob("*.py"),)
        for name in re.findall(
            r'env\.(?:text|flag|number|words)\(\s*"([A-Z_]+)"', path.read_text(encoding="utf-8")
        )
    }
    # Set by the launcher for its children, or for our own tests and checks.
    internal = {"PORTAL_DEMO", "PORTAL_LOG_COLOURS", "PORTAL_PASSWORD_HASHERS", "PORTAL_DEV_APPS"}
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = set(re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE))
    assert listed == (read - internal) | {"POSTGRES_PASSWORD"}


def test_the_image_is_pinned_runs_as_nobody_special_and_holds_no_key(services: dict[str, Any]) -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM (\S+)$", lines, re.MULTILINE) == ["python:3.11-slim-bookworm"]
    assert re.findall(r"^USER (\S+)$", lines, re.MULTILINE) == ["10001"]
    assert not re.search(r"^(ENV|ARG)[^\n]*(SECRET|KEYS)", lines, re.MULTILINE)
    for name in OURS:
        assert (services[name]["read_only"], services[name]["cap_drop"]) == (True, ["ALL"])
    # Only the web server is reachable, and from this host only: a proxy ends TLS.
    assert {name: service.get("ports") for name, service in services.items() if "ports" in service} == {
        "web": ["127.0.0.1:8000:8000"]
    }


# --- that it works -----------------------------------------------------------------------------------------------------


@pytest.fixture
def github() -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        build_world(fake)
        yield fake


@pytest.fixture
def host(tmp_path: Path, github: FakeGithub) -> Iterator[Host]:
    given = {
        "PORTAL_HOSTS": "portal.example.org",
        "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
        "PORTAL_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "POSTGRES_PASSWORD": secrets.token_hex(24),
    }
    assert given.keys() == example().keys()
    given |= {"PORTAL_EGRESS_ALLOW": github.url, "PORTAL_SETUP_TOKEN": secrets.token_hex(16)}
    try:
        with private_postgres() as database, private_redis() as redis:
            yield Host(
                folder=tmp_path,
                variables=given,
                servers={"db": database, "redis": redis},
                port=free_port(),
            )
    except NotInstalled as missing:
        pytest.skip(str(missing))


def build_image(host: Host) -> None:
    """The one step of the Dockerfile that runs our code: static files, with keys that stay in no file."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (step,) = re.findall(r"^RUN (PORTAL_SECRET_KEY=.*)$", text, re.MULTILINE)
    host.services["build"] = {"command": ["sh", "-c", step], "environment": {}}
    with Service(host, "build") as build:
        build.completed()
    var = host.folder / "var"
    assert [path.name for path in var.iterdir()] == ["static"]


def shell(host: Host, script: str) -> str:
    """What a script of Django's shell prints in a container of ours."""
    host.services["shell"] = host.services["migrate"] | {
        "command": ["python", "manage.py", "shell", "-v", "0", "-c", script]
    }
    with Service(host, "shell") as run:
        run.completed()
        return run.said.strip()


def contents(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.service
@pytest.mark.slow
def test_all_services_start_in_order_collect_and_stop(host: Host, github: FakeGithub) -> None:
    build_image(host)
    image = contents(host.folder / "var")
    order = [name for name in start_order(host.services) if name in OURS]
    with ExitStack() as stack:
        running: dict[str, Service] = {}
        for name in order:
            for other, how in host.services[name]["depends_on"].items():
                if other in running and how["condition"] == "service_completed_successfully":
                    running[other].completed()
            running[name] = stack.enter_context(Service(host, name))
        assert "give it PORTAL_SETUP_TOKEN" in running["migrate"].said
        for name in ("web", "worker", "beat"):
            running[name].healthy()

        with _proxied(host) as http:
            _set_up(http, host)
            number, token = shell(host, SET_UP.format(url=github.url, options=OPTIONS)).split()
            stored = wait_until(lambda: shell(host, STORED), "a collection in PostgreSQL")
            assert stored.split() == ["postgresql", "ok", "1.0", f"connection:{number}"]
            assert "Task integrations.collect_connection" in running["worker"].said
            assert "prefork" in running["worker"].said
            bearer = {"Authorization": f"Bearer {token}"}
            shown = http.get("/api/v1/measurements/?signal=repo.connected", headers=bearer).json()["items"]
            assert [(one["team"], one["value"]) for one in shown] == [("fraud", 1.0)]
            assert "Fraud" in http.get("/heatmap/").text

        below = {pid for service in running.values() for pid in descendants(service.process.pid)}
        for name in reversed(order):
            if name != "migrate":
                assert (name, running[name].stop()) == (name, 0), running[name].said
        assert not below & processes().keys()
    # Nothing wrote into the image: it is read-only there.
    assert contents(host.folder / "var") == image


def _proxied(host: Host) -> httpx2.Client:
    """Somebody who comes through the proxy that ends TLS."""
    headers = {
        "Host": "portal.example.org",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "portal.example.org",
        "X-Forwarded-For": "192.0.2.7",
        "Origin": "https://portal.example.org",
    }
    return httpx2.Client(
        base_url=f"http://127.0.0.1:{host.port}", headers=headers, timeout=60, trust_env=False
    )


def _set_up(http: httpx2.Client, host: Host) -> None:
    """Become the first administrator by the token of `.env`, in a browser's way."""
    page = http.get("/setup/")
    assert page.status_code == 200, page.text[:300]
    assert "Secure" in page.headers["Set-Cookie"]
    # The jar will not send a Secure cookie over the plain connection that the proxy makes.
    cookies = _cookies(page)
    form = {
        "csrfmiddlewaretoken": re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0],
        "organisation": "Acme",
        "full_name": "Ada",
        "username": "ada",
        "password": "several words in a row",
        "again": "several words in a row",
    }
    refused = http.post("/setup/", data=form | {"token": "guessed"}, headers={"Cookie": cookies})
    assert refused.status_code == 422
    done = http.post(
        "/setup/",
        data=form | {"token": host.variables["PORTAL_SETUP_TOKEN"]},
        headers={"Cookie": cookies},
    )
    assert (done.status_code, done.headers["Location"]) == (302, "/")
    http.headers["Cookie"] = _cookies(done)


def _cookies(answer: httpx2.Response) -> str:
    pairs = [one.split(";", 1)[0] for one in answer.headers.get_list("Set-Cookie")]
    assert all(pair.startswith("__Host-") for pair in pairs)
    return "; ".join(pairs)
