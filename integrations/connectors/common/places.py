"""The repositories of a team: as people named them, and as they answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from integrations.connectors.common.unread import Unread


class Role(StrEnum):
    """What a repository is for. A line without a role means application and training, the commonest single repository."""

    APP = "app"
    TRAINING = "training"
    INFRA = "infra"


@dataclass(frozen=True, slots=True)
class Named:
    """A workflow, a job or an environment by name, in one repository or (empty) in all of the team's."""

    name: str
    repository: str = ""

    def is_in(self, full_name: str) -> bool:
        return self.repository in ("", full_name.lower())


@dataclass(frozen=True, slots=True)
class Mapped:
    """A repository that the team named. `problem` says why the line cannot be used."""

    full_name: str
    roles: frozenset[Role] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository that answered. `head_sha` is the newest commit of its default branch, empty where there is none yet.

    `path` is where the host answers questions about it, below the base address.
    """

    full_name: str
    roles: frozenset[Role]
    branch: str
    head_sha: str
    url: str
    is_archived: bool
    path: str
    # The number stays when a repository is renamed, and never goes to another.
    id: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for one repository that the team named: it, or why not."""

    mapped: Mapped
    found: Place | Unread

    def has_role(self, *roles: Role) -> bool:
        """Whether it has one of the roles."""
        # A line whose role could not be read counts everywhere: leaving it out would let the others speak for it.
        return not self.mapped.roles or not self.mapped.roles.isdisjoint(roles)


def named_gap(place: Place, gap: Unread) -> Unread:
    """The gap with the name of the repository in front."""
    return Unread(gap.reason, f"{place.full_name}: {gap.detail}", gap.cause)


def refuse_another(mapped: Mapped, found: int, identities: Mapping[str, str]) -> None:
    """Raises Unread when the name belongs to another repository now: its numbers must never be taken for the team's."""
    known = identities.get(mapped.full_name.lower(), "")
    if found and known and known != str(found):
        raise Unread(
            "not_found",
            f"another repository has this name now (number {found}; the one that was mapped had {known}). Nothing was read of "
            "it. If it is the right one, save the mapping again.",
        )


def identities_of(asked: Iterable[Asked]) -> dict[str, str]:
    """The number that answered to each name, in small letters."""
    return {
        one.mapped.full_name.lower(): str(one.found.id)
        for one in asked
        if isinstance(one.found, Place) and one.found.id
    }


def raise_if_all_failed(asked: list[Asked]) -> None:
    """Raises SourceError when none of the repositories could be asked because the line or the server failed."""
    causes = [
        one.found.cause if isinstance(one.found, Unread) and one.found.reason == "unreachable" else None
        for one in asked
    ]
    if asked and all(causes) and causes[0] is not None:
        raise causes[0]


def note_on(one: Asked) -> str:
    """What the run record should say about a repository, empty when there is nothing to say."""
    if isinstance(one.found, Unread):
        return "" if one.mapped.problem else one.found.detail
    if one.found.is_archived:
        return f"{one.found.full_name} is archived: its signals will no longer change."
    return "" if one.found.head_sha else f"{one.found.full_name} has no commit yet."
