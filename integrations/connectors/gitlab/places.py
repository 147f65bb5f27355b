"""The team's projects as they are now at GitLab, with their files and branch rules."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from integrations.connectors.common.payload import Row, number, page_url, record, sha, text
from integrations.connectors.common.places import Asked, Mapped, Place, raise_if_all_failed, refuse_another
from integrations.connectors.common.setup import Setup
from integrations.connectors.common.tree import Listing, is_vendored
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.guards import is_closed_to_pushes, needs_approval, needs_checks
from integrations.connectors.gitlab.options import PROJECT
from integrations.connectors.gitlab.reader import Reader

# Five thousand files and folders; beyond these the listing is cut off, and says so.
MAX_TREE_PAGES = 50
_UNGUARDED = "Who may push to the default branch is shown to maintainers only."
_NO_RULES = "This GitLab shows no approval rules: its edition has none, or the role of the token is too low."


class Projects:
    """What came of asking for the projects that a team named."""

    def __init__(self, asked: list[Asked], rows: Mapping[str, Row]) -> None:
        self.asked = asked
        self.rows = rows

    def lacks(self, place: Place, feature: str) -> bool:
        """Whether a feature of a project is switched off: its part of the API answers 403 then, and there is nothing in it."""
        return self.rows.get(place.path, {}).get(f"{feature}_access_level") == "disabled"


def ask_projects(reader: Reader, setup: Setup, identities: Mapping[str, str]) -> Projects:
    """Every named project. Raises SourceError when none could be asked because the line or the server failed."""
    found: dict[str, Asked] = {}
    rows: dict[str, Row] = {}
    for mapped in setup.repositories:
        place, row = _place(reader, mapped, identities)
        key = place.path if isinstance(place, Place) else mapped.full_name
        before = found.get(key)
        if before is not None and isinstance(place, Place):
            # One project named twice, by its path and by its number, counts once and has the roles of both.
            roles = before.mapped.roles | mapped.roles
            found[key] = Asked(replace(before.mapped, roles=roles), replace(place, roles=roles))
            continue
        found[key] = Asked(mapped, place)
        rows[key] = row
    asked = list(found.values())
    raise_if_all_failed(asked)
    return Projects(asked, rows)


def _place(reader: Reader, mapped: Mapped, identities: Mapping[str, str]) -> tuple[Place | Unread, Row]:
    if mapped.problem:
        return Unread("not_configured", mapped.problem), {}
    try:
        answer = record(reader.get(f"projects/{quote(mapped.full_name, safe='')}").data)
        # By its number a project is found under any later name, and another under its old name is not taken for it.
        id_, branch = number_of(answer), branch_of(answer)
        refuse_another(mapped, id_, identities)
        head = _head_sha(reader, id_, branch)
    except Unread as gap:
        return Unread(gap.reason, f"{mapped.full_name}: {gap.detail}", gap.cause), {}
    named = text(answer, "path_with_namespace")
    place = Place(
        named if PROJECT.fullmatch(named) else mapped.full_name,
        mapped.roles,
        branch,
        head,
        page_url(text(answer, "web_url")),
        answer.get("archived") is True,
        path=f"projects/{id_}",
        id=id_,
    )
    return place, answer


def number_of(answer: Row) -> int:
    """The number of a project. Raises Unread for an answer that is none."""
    id_ = number(answer, "id")
    if not id_:
        raise Unread("unreachable", "The answer names no project.")
    return id_


def branch_of(answer: Row) -> str:
    """The default branch of a project, empty where it has no commit. Raises Unread where it is hidden."""
    if answer.get("empty_repo") is True or answer.get("repository_access_level") == "disabled":
        return ""
    # Left out for a role that may not read code, which is no project without any.
    if "default_branch" not in answer:
        raise Unread(
            "unauthorized", "GitLab does not show its code to the credential: it needs the role Reporter."
        )
    return text(answer, "default_branch")


def _head_sha(reader: Reader, id_: int, branch: str) -> str:
    if not branch:
        return ""  # an empty repository has no default branch
    reply = reader.get(f"projects/{id_}/repository/commits", {"ref_name": branch, "per_page": 1})
    return next((sha(row, "id") for row in reader.rows_of(reply)), "")


class Code:
    """The files and branch rules of projects, asked for at GitLab."""

    def __init__(self, reader: Reader, projects: Projects) -> None:
        self._reader = reader
        self._projects = projects

    def listing(self, place: Place) -> Listing:
        """The files at the head of the default branch. Raises Unread."""
        asked = {"recursive": "true", "ref": place.head_sha, "pagination": "keyset"}
        found = self._reader.listing(f"{place.path}/repository/tree", asked, max_pages=MAX_TREE_PAGES)
        paths = (text(row, "path") for row in found.rows if row.get("type") == "blob")
        return Listing(tuple(path for path in paths if path and not is_vendored(path)), not found.is_complete)

    def content(self, place: Place, path: str) -> str:
        """The text of a file at the head. Raises Unread."""
        where = f"{place.path}/repository/files/{quote(path, safe='')}"
        answer = self._reader.get(where, {"ref": place.head_sha}).data
        try:
            return base64.b64decode(text(record(answer), "content")).decode("utf-8", "replace")
        except (binascii.Error, ValueError) as error:
            raise Unread("unreachable", f"The content of {path} could not be read.") from error

    def is_guarded(self, place: Place) -> bool:
        """Whether the default branch is guarded. A setting that says no settles it; Unread where one is hidden."""
        checks = needs_checks(self._projects.rows.get(place.path, {}))
        if checks is False:
            return False
        gaps: list[Unread] = []
        for path, says, hidden in (
            ("protected_branches", is_closed_to_pushes, _UNGUARDED),
            ("approval_rules", needs_approval, _NO_RULES),
        ):
            try:
                if not says(self._reader.whole(f"{place.path}/{path}"), place.branch):
                    return False
            except Unread as gap:
                gaps.append(Unread("unauthorized", hidden, gap.cause) if gap.status in (403, 404) else gap)
        if checks is None:
            gaps.append(
                Unread("unauthorized", "Whether merges wait for a pipeline is hidden from the token.")
            )
        if gaps:
            raise gaps[0]
        return True
