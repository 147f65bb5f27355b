"""A connection that feeds one team, and the people around it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from integrations.models import Connection, Source
from teams.models import Team, User
from tests.factories import (
    make_admin,
    make_lead,
    make_member,
    make_platform_engineer,
    make_team,
    make_user,
    make_viewer,
    sign_in,
)
from tests.integrations.factories import make_connection, make_source


@dataclass(frozen=True)
class World:
    team: Team
    other: Team
    connection: Connection
    source: Source


@pytest.fixture
def world(db: Any, fake_kinds: None) -> World:
    """Churn is fed by Git; Fraud by nothing."""
    team, other = make_team("Churn"), make_team("Fraud")
    connection = make_connection(name="Git")
    return World(team, other, connection, make_source(connection, team))


@pytest.fixture
def person(world: World) -> Callable[[str], User]:
    def make(role: str) -> User:
        return {
            "admin": make_admin,
            "platform": make_platform_engineer,
            "lead": lambda: make_lead(world.team),
            "member": lambda: make_member(world.team),
            "viewer": lambda: make_viewer(world.team.unit),
            "stranger": lambda: make_lead(world.other),
            "nobody": make_user,
        }[role]()

    return make


@pytest.fixture
def as_(person: Callable[[str], User]) -> Callable[..., Client]:
    def signed_in(role: str, **options: Any) -> Client:
        return sign_in(Client(), person(role), **options)

    return signed_in


def text_of(response: Any) -> str:
    """The page as one line of text, entities resolved: what somebody reads."""
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(html.unescape(plain).split())
