"""Sign-ins, for the log: who came in and how, and which account somebody failed to get into."""

from __future__ import annotations

from datetime import datetime

from teams.models import User
from teams.services.events import record_event


def record_sign_in(*, user: User, method: str, at: datetime) -> None:
    """One event. `method`: password, demo, set-up, invitation, provider."""
    record_event(at=at, by=user, action="session.start", obj=user, after={"method": method})


def record_refused_sign_in(*, username: str, at: datetime) -> None:
    """One event when the account exists. Other names are not kept: people type passwords into that field."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        record_event(at=at, by=None, actor_name="a visitor", action="session.refuse", obj=user)
