"""Valid objects for tests: plain functions, keywords override. They write rows directly; services are tested through services."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db.models import QuerySet
from django.test import Client

from teams.models import Event, Grant, Role, Team, Unit, User

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_numbers = count(1)


def make_user(username: str = "", **fields: Any) -> User:
    """A person who can sign in with the password "correct horse battery"; pass password=None for none."""
    username = username or f"person-{next(_numbers)}"
    fields.setdefault("password", "correct horse battery")
    fields.setdefault("full_name", username.replace("-", " ").title())
    return User.objects.create_user(username, **fields)


def root_unit() -> Unit:
    """The organisation, made when it is not there yet."""
    root: Unit | None = Unit.objects.filter(depth=1).first()
    if root is None:
        root = Unit.objects.add_root({"slug": "acme", "name": "Acme"})
    return root


def make_unit(name: str = "", *, parent: Unit | None = None, **fields: Any) -> Unit:
    """A unit below `parent`, or below the organisation."""
    # Padded: the tree keeps siblings by name, and a name in between would move the paths of units a test already holds.
    name = name or f"Unit {next(_numbers):06d}"
    fields.setdefault("slug", name.lower().replace(" ", "-"))
    unit: Unit = Unit.objects.add_child(parent or root_unit(), {"name": name, **fields})
    return unit


def make_team(name: str = "", *, unit: Unit | None = None, **fields: Any) -> Team:
    """An active team in a unit of its own, unless one is given."""
    name = name or f"Team {next(_numbers)}"
    fields.setdefault("slug", name.lower().replace(" ", "-"))
    fields.setdefault("created_at", AT)
    return Team.objects.create(unit=unit or make_unit(), name=name, **fields)


def grant(user: User, role: Role, place: Unit | Team | None = None) -> Grant:
    """A role on a team, a unit, or (None) the organisation."""
    place = place or root_unit()
    on = {"team": place} if isinstance(place, Team) else {"unit": place}
    return Grant.objects.create(user=user, role=role, granted_at=AT, **on)


def make_member(team: Team, username: str = "", **fields: Any) -> User:
    user = make_user(username, **fields)
    grant(user, Role.MEMBER, team)
    return user


def make_lead(team: Team, username: str = "", **fields: Any) -> User:
    user = make_user(username, **fields)
    grant(user, Role.LEAD, team)
    return user


def make_viewer(unit: Unit, username: str = "", **fields: Any) -> User:
    user = make_user(username, **fields)
    grant(user, Role.VIEWER, unit)
    return user


def make_manager(unit: Unit, username: str = "", **fields: Any) -> User:
    user = make_user(username, **fields)
    grant(user, Role.MANAGER, unit)
    return user


def make_platform_engineer(username: str = "", **fields: Any) -> User:
    user = make_user(username, **fields)
    grant(user, Role.PLATFORM)
    return user


def make_admin(username: str = "", **fields: Any) -> User:
    user = make_user(username, **fields)
    grant(user, Role.ADMIN)
    return user


def events() -> QuerySet[Event]:
    """What a test logged: without the shipped maturity model, which is loaded once for all tests."""
    return Event.objects.exclude(object_kind="maturity_model")


def sign_in(client: Client, user: User, *, is_recent: bool = True) -> Client:
    """The client with a session of `user`; `is_recent`: who proved who they are just now, and is not asked again."""
    client.force_login(user)
    if is_recent:
        session = client.session
        session["account_authentication_methods_user"] = str(user.pk)
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session.save()
    return client
