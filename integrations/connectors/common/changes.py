"""Changes that were merged into a default branch. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.common.places import Place
from integrations.connectors.common.unread import Unread


@dataclass(frozen=True, slots=True)
class Change:
    """A pull or merge request that was merged into the default branch."""

    number: int
    merged_at: datetime
    author: str
    is_by_person: bool
    merge_sha: str
    head_sha: str
    head_ref: str
    labels: frozenset[str]


def is_hotfix(change: Change, marks: Iterable[str]) -> bool:
    """Whether a label is one of the marks, or the branch begins with one."""
    return any(mark in change.labels or change.head_ref.lower().startswith(mark) for mark in marks)


@dataclass(frozen=True, slots=True)
class History:
    """The merged changes of one repository. Everything merged after `covered_from` is among them; `cut`: why older ones are not."""

    place: Place
    changes: tuple[Change, ...]
    covered_from: datetime
    cut: Unread | None = None

    def missing(self, since: datetime) -> Unread | None:
        """Why changes merged since then may be missing, None when none can be."""
        if self.covered_from <= since:
            return None
        words = f"{self.place.full_name}: the list of merged changes was cut off."
        return self.cut or Unread("unreachable", words)

    def by_people(self, since: datetime) -> list[Change]:
        return [change for change in self.changes if change.is_by_person and change.merged_at > since]
