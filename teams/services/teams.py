"""Teams: what is assessed. Made, named, moved and archived by who manages the unit; described by their leads too."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from teams.models import Team, Unit, User
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right
from teams.services.slugs import free_slug

# Profile flags say what a team works on. Its lead knows, so the right is that of who looks after the team, not of who
# may rename it; the matrix has no row of its own for it.
_DESCRIBES_TEAM = "team.edit_members"


class StaleTeam(Refused):
    """Somebody else changed the team since the page was opened."""

    def __init__(self, current: Team) -> None:
        super().__init__(f"{current.name} was changed by somebody else meanwhile. Look at it and save again.")
        self.current = current


def _locked(team: Team, row_version: int | None = None) -> Team:
    current = Team.objects.select_for_update(of=("self",)).select_related("unit").get(pk=team.pk)
    if row_version is not None and current.row_version != row_version:
        raise StaleTeam(current)
    return current


def _save(team: Team, *, by: User | None, at: datetime, action: str, fields: dict[str, Any]) -> Team:
    """Writes `fields` and one event, or nothing when nothing changes."""
    before = {name: getattr(team, name) for name in fields}
    changed = [name for name in fields if before[name] != fields[name]]
    if not changed:
        return team
    for name in changed:
        setattr(team, name, fields[name])
    team.row_version += 1
    team.save(update_fields=[*changed, "row_version"])
    record_event(
        at=at,
        by=by,
        action=action,
        obj=team,
        before={name: _plain(before[name]) for name in changed},
        after={name: _plain(fields[name]) for name in changed},
    )
    return team


def _plain(value: Any) -> Any:
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else (value.slug if isinstance(value, Unit) else value)
    )


@transaction.atomic
def create_team(*, name: str, unit: Unit, description: str = "", by: User | None, at: datetime) -> Team:
    """A team in `unit`. Raises NotAllowed."""
    check_right(by, "team.edit", unit)
    slug = free_slug(name, Team.objects.all(), "team")
    team = Team.objects.create(unit=unit, slug=slug, name=name, description=description, created_at=at)
    record_event(at=at, by=by, action="team.create", obj=team, after={"name": name, "unit": unit.slug})
    return team


@transaction.atomic
def rename_team(
    *,
    team: Team,
    name: str,
    description: str | None = None,
    row_version: int | None = None,
    by: User | None,
    at: datetime,
) -> Team:
    """The team with its new name and (unless None) description; its address stays. Raises NotAllowed, StaleTeam."""
    team = _locked(team, row_version)
    check_right(by, "team.edit", team)
    fields = {"name": name} | ({} if description is None else {"description": description})
    return _save(team, by=by, at=at, action="team.rename", fields=fields)


@transaction.atomic
def move_team(*, team: Team, unit: Unit, by: User | None, at: datetime) -> Team:
    """The team under another unit. Raises NotAllowed, unless `by` may edit teams at both ends."""
    team = _locked(team)
    check_right(by, "team.edit", team.unit)
    check_right(by, "team.edit", unit)
    return _save(team, by=by, at=at, action="team.move", fields={"unit": unit})


@transaction.atomic
def set_team_flags(*, team: Team, flags: Iterable[str], by: User | None, at: datetime) -> Team:
    """The team with these profile flags, sorted, each once. Which flags there are is the caller's knowledge.

    Raises NotAllowed: leads of the team and managers above it may.
    """
    team = _locked(team)
    check_right(by, _DESCRIBES_TEAM, team)
    return _save(team, by=by, at=at, action="team.set_flags", fields={"flags": sorted(set(flags))})


@transaction.atomic
def archive_team(*, team: Team, by: User | None, at: datetime) -> Team:
    """The team, out of lists, heatmap and roll-ups; all it has is kept. Raises NotAllowed."""
    team = _locked(team)
    check_right(by, "team.edit", team)
    return _save(team, by=by, at=at, action="team.archive", fields={"archived_at": team.archived_at or at})


@transaction.atomic
def restore_team(*, team: Team, by: User | None, at: datetime) -> Team:
    """The team, back in the lists. Raises NotAllowed."""
    team = _locked(team)
    check_right(by, "team.edit", team)
    return _save(team, by=by, at=at, action="team.restore", fields={"archived_at": None})
