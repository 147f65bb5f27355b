"""The event log: who did what. Called inside the transaction of the change, so that neither stands without the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model
from structlog.contextvars import get_contextvars

from teams.models import Event, Team, Unit, User

# What the log calls the actor when no person and no token acted: a schedule, a command, the first set-up.
THE_PORTAL = "the portal"


def object_kind(obj: Model) -> str:
    """`MaturityModel` is `maturity_model`: the words of the API."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(obj).__name__).lower()


def event_of(
    *,
    at: datetime,
    by: User | None,
    actor_name: str = "",
    action: str,
    obj: Model,
    unit: Unit | None = None,
    team: Team | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Event:
    """An unsaved event, for who writes many with one bulk_create. A Team or Unit as `obj` names its own place."""
    if isinstance(obj, Team) and team is None:
        team = obj
    if isinstance(obj, Unit) and unit is None:
        unit = obj
    return Event(
        at=at,
        actor=by,
        actor_name=(actor_name or (str(by) if by is not None else THE_PORTAL))[:160],
        action=action,
        object_kind=object_kind(obj),
        object_id=str(obj.pk),
        unit_id=unit.pk if unit is not None else (team.unit_id if team is not None else None),
        team=team,
        before=dict(before or {}),
        after=dict(after or {}),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )


def record_event(
    *,
    at: datetime,
    by: User | None,
    actor_name: str = "",
    action: str,
    obj: Model,
    unit: Unit | None = None,
    team: Team | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Event:
    """The stored event. `actor_name` names a machine; without it the person, or the portal itself, did it.

    `before` and `after` hold plain JSON values of the fields that changed, never secrets.
    """
    event = event_of(
        at=at,
        by=by,
        actor_name=actor_name,
        action=action,
        obj=obj,
        unit=unit,
        team=team,
        before=before,
        after=after,
    )
    event.save(force_insert=True)
    return event
