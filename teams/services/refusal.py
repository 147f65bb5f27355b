"""What a service says when it refuses: `str(error)` is a sentence for the person who asked."""

from __future__ import annotations

from teams.models import Team, Unit, User
from teams.queries.rights import can


class Refused(Exception):
    """Base of all refusals of `teams.services`: nothing was written."""


class NotAllowed(Refused):
    """The matrix does not give this person this action on this object."""


def check_right(by: User | None, action: str, obj: Unit | Team | None = None) -> None:
    """Nothing, when `by` may. None is the portal itself (set-up, commands, seed) and may. Raises NotAllowed."""
    if by is not None and not can(by, action, obj):
        place = f" on {obj.name}" if obj is not None else ""
        raise NotAllowed(f"Your roles do not allow this{place} ({action}).")
