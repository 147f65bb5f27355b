"""Where an actor may do something, from rights that have been read already: for large readings, without subselects.

The same answer as `teams_visible_to`, at a third of the cost; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from teams.models import Unit
from teams.permissions import Reach, row
from teams.queries.rights import Rights


@dataclass(frozen=True, slots=True)
class Places:
    """Everywhere, or below the units with these tree paths and on these teams (those that were granted by name)."""

    is_everywhere: bool = False
    paths: tuple[str, ...] = ()
    teams: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[bool, int, int]:
        """What a query looks like whose values these are."""
        return self.is_everywhere, len(self.paths), len(self.teams)

    @property
    def values(self) -> tuple[str | int, ...]:
        """Paths, then teams: what `shaped` takes apart again."""
        return (*self.paths, *self.teams)

    @classmethod
    def shaped(cls, shape: tuple[bool, int, int], values: Sequence[Any]) -> Places:
        """Places of a shape out of its values, or out of what stands for them (see `Compiled`)."""
        is_everywhere, paths, teams = shape
        return cls(is_everywhere, tuple(values[:paths]), tuple(values[paths : paths + teams]))

    @property
    def is_nowhere(self) -> bool:
        return not (self.is_everywhere or self.paths or self.teams)

    def where(self, team: str = "") -> Q:
        """The condition on a team that `team` leads to, as `team__`. Archived teams are the caller's question."""
        if self.is_everywhere:
            return Q()
        here = Q(**{f"{team}pk__in": self.teams})
        for path in self.paths:
            # Asked of twenty units and looked up, not asked of a thousand teams.
            below = Unit.objects.filter(path__startswith=path).values("pk")
            here |= Q(**{f"{team}unit__in": below})
        return here


EVERYWHERE, NOWHERE = Places(is_everywhere=True), Places()


def places_of(rights: Rights, action: str) -> Places:
    """Where these rights give `action`. Own things and reviewers' assignments do not count. Raises UnknownAction."""
    wanted = row(action)
    if not rights.is_signed_in or (rights.principal is not None and not rights.principal.may_use(action)):
        return NOWHERE
    paths: set[str] = set()
    teams: set[int] = set()
    for held in rights.held:
        right = wanted.rights[held.role]
        if not right.is_given or right.reach is Reach.SELF or "assigned" in right.conditions:
            continue
        if right.reach is Reach.ORGANISATION and not rights.is_bound:
            return EVERYWHERE
        if held.unit_path is not None:
            paths.add(held.unit_path)
        elif held.team_id is not None:
            teams.add(held.team_id)
    # What lies below another path needs no condition of its own.
    top = {path for path in paths if not any(path != one and path.startswith(one) for one in paths)}
    return Places(paths=tuple(sorted(top)), teams=tuple(sorted(teams)))
