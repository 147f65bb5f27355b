"""What changed from one release to the next, and whether it was a repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.common.changes import History, is_hotfix
from integrations.connectors.common.releases import Commit, Line, Release, returns, steps
from integrations.connectors.common.unread import Unread

MAX_COMPARISONS = 200
NOT_COMPARABLE = "shas_not_comparable"


@dataclass(frozen=True, slots=True)
class Changed:
    """The commits of a release that were not in the one before it."""

    commits: tuple[Commit, ...]


Compare = Callable[[Line, Release, Release], Changed | Unread]
"""What a release changed from the one before it. Unread (NOT_COMPARABLE) where the host knows no common history."""


class Comparer:
    """Compares releases with their predecessors, newest first, each pair once."""

    def __init__(self, compare: Compare, histories: Sequence[History | Unread], marks: Sequence[str]) -> None:
        self._ask = compare
        self._histories = {h.place.full_name: h for h in histories if isinstance(h, History)}
        self._gaps = [history for history in histories if isinstance(history, Unread)]
        self._marks = marks
        self._left = MAX_COMPARISONS
        self._lines: dict[tuple[str, str], list[tuple[Release, Changed | Unread | None]]] = {}

    def changes(self, line: Line) -> list[tuple[Release, Changed | Unread | None]]:
        """Each step of a line, oldest first, with what it changed: None for the first known and for a return."""
        key = (line.place.full_name, line.environment)
        if key not in self._lines:
            sequence = steps(line.releases)
            back = {at for at, _ in returns(sequence)}
            found: list[tuple[Release, Changed | Unread | None]] = []
            for at in range(len(sequence) - 1, -1, -1):
                is_new = at > 0 and at not in back
                found.append(
                    (sequence[at], self._compare(line, sequence[at - 1], sequence[at]) if is_new else None)
                )
            self._lines[key] = found[::-1]
        return self._lines[key]

    def _compare(self, line: Line, before: Release, after: Release) -> Changed | Unread:
        if self._left <= 0:
            return Unread("truncated", f"More than {MAX_COMPARISONS} releases to compare.")
        self._left -= 1
        return self._ask(line, before, after)

    def gap(self, line: Line, since: datetime) -> Unread | None:
        """Why hotfixes since then cannot be told from other changes, None when they can."""
        history = self._histories.get(line.place.full_name)
        if history is None:
            return (
                self._gaps[0]
                if self._gaps
                else Unread("unreachable", "The merged changes could not be read.")
            )
        missing = history.missing(since)
        if missing is not None:
            return missing
        for release, changed in self.changes(line):
            is_failure = isinstance(changed, Unread) and changed.reason != NOT_COMPARABLE
            if release.finished_at > since and is_failure and isinstance(changed, Unread):
                return changed
        return None

    def is_hotfix(self, line: Line, release: Release, changed: Changed | Unread | None) -> bool:
        """Whether a release brought a revert or a change with the team's mark.

        Where the history was rewritten only the released commit itself can be judged.
        """
        commits = changed.commits if isinstance(changed, Changed) else ()
        if any(commit.is_revert for commit in commits):
            return True
        shas = {release.sha, *(commit.sha for commit in commits)}
        history = self._histories.get(line.place.full_name)
        merged = history.changes if history else ()
        return any(
            is_hotfix(change, self._marks)
            for change in merged
            if change.merge_sha in shas or change.head_sha in shas
        )
