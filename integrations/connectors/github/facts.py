"""The commits that live versions elsewhere name, looked up in the team's repositories."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations.connectors.base import Fact, FactKind
from integrations.connectors.github.payload import moment, page_url, part, record, text
from integrations.connectors.github.places import Asked, Place
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.unread import Unread

MAX_WANTED = 200
_SHA = re.compile(r"[0-9a-fA-F]{7,64}")


def look_up(
    reader: Reader, asked: Sequence[Asked], wanted: Sequence[str]
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
            fact = _find(reader, places, name) if _SHA.fullmatch(name) else None
        except Unread as gap:
            notes.append(f"The commit {name[:12]} could not be looked up everywhere. {gap.detail}")
            continue
        if fact is not None:
            facts.append(fact)
        if fact is not None or not gaps:
            checked.append(name)
    return facts, checked, notes


def _find(reader: Reader, places: Sequence[Place], name: str) -> Fact | None:
    """The commit in the first repository that has it. Raises Unread when it was not found and one could not be asked."""
    gap: Unread | None = None
    for place in places:
        try:
            fact = _commit(reader, place, name)
        except Unread as found:
            gap = found
            continue
        if fact is not None:
            return fact
    if gap is not None:
        raise gap
    return None


def _commit(reader: Reader, place: Place, name: str) -> Fact | None:
    try:
        # One file a page keeps the answer small; the list of changed files is of no use here.
        answer = record(reader.get(f"{place.path}/commits/{name}", {"per_page": 1}).data)
    except Unread as gap:
        # 422 is GitHub's word for "no commit of that name", 404 for the name of something else.
        if gap.status in (404, 409, 422):
            return None
        raise
    committed_at = moment(part(part(answer, "commit"), "committer"), "date")
    if committed_at is None or not text(answer, "sha").startswith(name.lower()):
        return None
    return Fact(
        FactKind.COMMIT, key=name, happened_at=committed_at, sha=name, url=page_url(text(answer, "html_url"))
    )
