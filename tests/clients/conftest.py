"""The command as CI runs it: another process, a real portal on loopback, a service token for one team."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from teams.models import Team
from teams.services.tokens import create_token
from tests.clients.flaky import Line, between
from tests.factories import make_team

CLIENTS = Path(__file__).parents[2] / "clients"
COMMAND = CLIENTS / "mlops_portal_push.py"
# What a shell has; no proxy, nothing of this machine's own CI.
BARE = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example.org",
    "GITHUB_REPOSITORY": "nordhafen/forecast",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "train",
}


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Portal:
    url: str
    team: Team
    token: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **BARE,
            "MLOPS_PORTAL_URL": self.url,
            "MLOPS_PORTAL_TOKEN": self.token,
            "MLOPS_PORTAL_TEAM": self.team.slug,
        }


def service_token(*teams: Team, scopes: tuple[str, ...] = ("measurements:write", "results:read")) -> str:
    _, plain = create_token(
        name="ci", source="jenkins", teams=teams, scopes=scopes, by=None, at=timezone.now()
    )
    return plain


@pytest.fixture
def portal(live_server: Any, transactional_db: None, maturity_model: Any) -> Portal:
    team = make_team("Forecasting")
    return Portal(live_server.url, team, service_token(team))


@pytest.fixture
def line(portal: Portal) -> Iterator[Line]:
    with between(portal.url) as made:
        yield made


@pytest.fixture
def run(portal: Portal) -> Callable[..., Ended]:
    """Runs the command with the environment of GitHub Actions, unless `env` says otherwise (None takes a name out)."""

    def command(*words: str, env: dict[str, str | None] | None = None, stdin: str = "") -> Ended:
        wanted = {**portal.environment, **GITHUB, **(env or {})}
        return execute(
            [sys.executable, str(COMMAND), *words],
            {name: value for name, value in wanted.items() if value is not None},
            portal.token,
            stdin=stdin,
        )

    return command


def execute(
    words: list[str], environment: dict[str, str], token: str, *, stdin: str = "", cwd: Path | None = None
) -> Ended:
    """What came of a process. Whatever it was, it printed no token."""
    done = subprocess.run(
        words, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False, cwd=cwd
    )
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert token not in ended.said
    assert token.split("_")[2] not in ended.said
    return ended
