"""Where is measured: a PostgreSQL server (given or private) or SQLite files, with a database per organisation."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.floor import SQLITE
from tests.services.servers import private_postgres, private_redis

ROOT = Path(__file__).resolve().parent.parent
SEED_MINUTES = 60
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1", ""}


class NotHere(Exception):
    """Something that the benchmark needs is missing. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Size:
    """An organisation to measure."""

    teams: int
    weeks: int

    @property
    def units(self) -> int:
        """Units of about 50 teams in a tree."""
        return max(3, self.teams // 45)

    @property
    def name(self) -> str:
        return f"t{self.teams}w{self.weeks}"


@dataclass(slots=True)
class Place:
    """One database with what is needed to serve and to ask it. `seconds`: how long migrating and seeding took."""

    size: Size
    url: str
    data_dir: Path
    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)

    @property
    def is_postgres(self) -> bool:
        return not self.url.startswith(SQLITE)

    def manage(self, *arguments: str, minutes: int = 5) -> str:
        """What a management command printed. Raises NotHere with its last lines."""
        return self.run("manage.py", *arguments, minutes=minutes)

    def inside(self, task: str, **options: Any) -> Any:
        """What a task of `bench.inside` found, run in a process of the portal against this database."""
        return json.loads(self.run("-m", "bench.inside", task, json.dumps(options), minutes=10))

    def run(self, *command: str, minutes: int) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=minutes * 60,
            check=False,
        )
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-15:])
            raise NotHere(f"{' '.join(command)} failed:\n{last}")
        return done.stdout


@dataclass(frozen=True, slots=True)
class Servers:
    """Where databases are made, and the Redis that a production installation needs (empty on SQLite)."""

    database: str
    redis: str = ""


@contextmanager
def servers(*, on_sqlite: bool) -> Iterator[Servers]:
    """PostgreSQL as DATABASE_URL names it, else a private one, with a private Redis. Raises NotHere or NotInstalled."""
    if on_sqlite:
        yield Servers(SQLITE)
        return
    with ExitStack() as stack:
        given = os.environ.get("DATABASE_URL", "")
        if given and urlsplit(given).hostname not in LOOPBACK_HOSTS:
            raise NotHere("DATABASE_URL names another machine; the benchmark stays on this one.")
        database = given or stack.enter_context(private_postgres())
        yield Servers(database, stack.enter_context(private_redis()))


@contextmanager
def place(on: Servers, size: Size) -> Iterator[Place]:
    """A new database for that size, dropped at the end. Raises NotHere."""
    with tempfile.TemporaryDirectory(prefix=f"portal-bench-{size.name}-") as folder:
        data_dir = Path(folder)
        if on.database == SQLITE:
            url = f"{SQLITE}{data_dir / 'portal.sqlite3'}"
            yield Place(size, url, data_dir, _environment(data_dir, {}))
            return
        name = f"bench_{size.name}_{secrets.token_hex(3)}"
        with _postgres_database(on.database, name) as url:
            production = {"PORTAL_PRODUCTION": "1", "DATABASE_URL": url, "REDIS_URL": on.redis}
            yield Place(size, url, data_dir, _environment(data_dir, production))


@contextmanager
def _postgres_database(server: str, name: str) -> Iterator[str]:
    """The address of a new database. Raises NotHere when the server does not answer."""
    import psycopg  # noqa: PLC0415 -- only where PostgreSQL is measured

    parts = urlsplit(server)
    url = parts._replace(path=f"/{name}").geturl()
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError as error:
        raise NotHere(f"The database server of DATABASE_URL does not answer: {error}") from error
    try:
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _environment(data_dir: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What an installation on loopback needs, behind a pretended proxy that ends TLS."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # As the Dockerfile has it: large answers in several threads otherwise leave their memory behind in each.
        "MALLOC_ARENA_MAX": "2",
        "DJANGO_SETTINGS_MODULE": "mlops_portal.settings",
        "PORTAL_DATA_DIR": str(data_dir),
        "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
        "PORTAL_KEYS": f"k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        "PORTAL_HOSTS": "127.0.0.1",
        "PORTAL_BEHIND_TLS_PROXY": "1",
        "PORTAL_LOG_LEVEL": "WARNING",
        # The throttle counts as always; it only never says no.
        "PORTAL_API_READS_PER_MINUTE": "100000000",
        "PORTAL_API_WRITES_PER_MINUTE": "100000000",
        **more,
    }
