"""The commits that live versions elsewhere name, looked up in the team's repositories."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from integrations.connectors.base import Fact
from integrations.connectors.common.places import Asked, Place
from integrations.connectors.common.unread import Unread

MAX_WANTED = 200
_SHA = re.compile(r"[0-9a-fA-F]{7,64}")


Find = Callable[[Place, str], Fact | None]
"""The COMMIT fact of a commit in a repository, None where it has no such commit. Raises Unread when it cannot be asked."""


def look_up(
    find: Find, asked: Sequence[Asked], wanted: Sequence[str]
) -> tuple[list[Fact], list[str], list[str]]:
    """COMMIT facts for the wanted commits that exist, those looked up everywhere, and notes on what could not be.

    One that was looked up everywhere and has no fact is not there. A word that is no commit's name can be nowhere.
    """
    gaps = [one.found for one in asked if isinstance(one.found, Unread)]
    places = [one.found for one in asked if isinstance(one.found, Place)]
    facts: list[Fact] = []
    checked: list[str] = []
    notes = (
        [f"{len(wanted)} commits were asked for; {MAX_WANTED} were looked up."]
        if len(wanted) > MAX_WANTED
        else []
    )
    for name in list(dict.fromkeys(wanted))[:MAX_WANTED]:
        try:
            fact = _first(find, places, name) if _SHA.fullmatch(name) else None
        except Unread as gap:
            notes.append(f"The commit {name[:12]} could not be looked up everywhere. {gap.detail}")
            continue
        if fact is not None:
            facts.append(fact)
        if fact is not None or not gaps:
            checked.append(name)
    return facts, checked, notes


def _first(find: Find, places: Sequence[Place], name: str) -> Fact | None:
    """The commit in the first repository that has it. Raises Unread when it was not found and one could not be asked."""
    gap: Unread | None = None
    for place in places:
        try:
            fact = find(place, name)
        except Unread as found:
            gap = found
            continue
        if fact is not None:
            return fact
    if gap is not None:
        raise gap
    return None
