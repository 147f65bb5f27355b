"""The team's repositories as they are now at GitHub, with their files and branch rules."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import quote

from integrations.connectors.common.payload import number, page_url, record, sha, text
from integrations.connectors.common.places import Asked, Mapped, Place, raise_if_all_failed, refuse_another
from integrations.connectors.common.setup import Setup
from integrations.connectors.common.tree import Listing
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.guards import Guard, guard_of_protection, guard_of_rules
from integrations.connectors.github.options import REPOSITORY
from integrations.connectors.github.reader import Reader
from integrations.connectors.github.tree import read_listing

EMPTY_REPOSITORY, NOT_FOUND = 409, 404
_HIDDEN = frozenset({403, 404})


def ask_places(reader: Reader, setup: Setup, identities: Mapping[str, str]) -> list[Asked]:
    """Every named repository. Raises SourceError when none could be asked because the line or the server failed."""
    asked = [Asked(mapped, _place(reader, mapped, identities)) for mapped in setup.repositories]
    raise_if_all_failed(asked)
    return asked


def _place(reader: Reader, mapped: Mapped, identities: Mapping[str, str]) -> Place | Unread:
    if mapped.problem:
        return Unread("not_configured", mapped.problem)
    try:
        answer = record(reader.get(f"repos/{mapped.full_name}", is_kept=True).data)
        refuse_another(mapped, number(answer, "id"), identities)
        # A renamed repository answers under its new name; asking by that saves a redirect for each question.
        named, branch = text(answer, "full_name"), text(answer, "default_branch")
        full_name = named if REPOSITORY.fullmatch(named) else mapped.full_name
        head = _head_sha(reader, full_name, branch)
    except Unread as gap:
        return Unread(gap.reason, f"{mapped.full_name}: {gap.detail}", gap.cause)
    return Place(
        full_name,
        mapped.roles,
        branch,
        head,
        page_url(text(answer, "html_url")),
        answer.get("archived") is True,
        path=f"repos/{full_name}",
        id=number(answer, "id"),
    )


def _head_sha(reader: Reader, full_name: str, branch: str) -> str:
    try:
        reply = reader.get(f"repos/{full_name}/commits", {"sha": branch, "per_page": 1})
    except Unread as gap:
        if gap.status == EMPTY_REPOSITORY:
            return ""
        raise
    return next((sha(row, "sha") for row in reader.rows_of(reply)), "")


class Code:
    """The files and branch rules of repositories, asked for at GitHub."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def listing(self, place: Place) -> Listing:
        """The files at the head of the default branch. Raises Unread."""
        reply = self._reader.get(f"{place.path}/git/trees/{place.head_sha}", {"recursive": 1}, is_kept=True)
        return read_listing(record(reply.data))

    def content(self, place: Place, path: str) -> str:
        """The text of a file at the head. Raises Unread."""
        answer = self._reader.get(f"{place.path}/contents/{quote(path)}", {"ref": place.head_sha}).data
        try:
            return base64.b64decode(text(record(answer), "content")).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise Unread(
                "unreachable", f"{place.full_name}: the content of {path} could not be read."
            ) from error

    def is_guarded(self, place: Place) -> bool:
        """Whether the default branch is guarded. Raises Unread when nothing is found: 404 is "none" and "not for you" alike."""
        branch = quote(place.branch, safe="")
        gap: Unread | None = None
        guard = Guard()
        try:
            guard = guard_of_rules(
                self._reader.rows_of(
                    self._reader.get(f"{place.path}/rules/branches/{branch}", {"per_page": 100}, is_kept=True)
                )
            )
        except Unread as unread:
            # Servers without rulesets answer 404; whatever else kept them from being read may hide the rule that guards.
            gap = None if unread.status == NOT_FOUND else unread
        if guard.is_whole:
            return True
        try:
            guard |= guard_of_protection(
                record(self._reader.get(f"{place.path}/branches/{branch}/protection", is_kept=True).data)
            )
        except Unread as unread:
            if unread.status in _HIDDEN:
                hidden = "No rule shows it, and classic protection is for administrators only."
                unread = Unread("unauthorized", hidden, unread.cause)
            raise gap or unread from unread.cause
        if gap is not None and not guard.is_whole:
            raise gap
        return guard.is_whole
