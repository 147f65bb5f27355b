"""What changed from one release to the next, and whether it was a repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.github.changes import is_hotfix
from integrations.connectors.github.gather_changes import History
from integrations.connectors.github.lines import Line
from integrations.connectors.github.payload import number, record
from integrations.connectors.github.reader import PER_PAGE, Reader
from integrations.connectors.github.releases import Commit, Release, read_commits, returns, steps
from integrations.connectors.github.server import named_gap
from integrations.connectors.github.unread import Unread

MAX_COMPARISONS = 200
MAX_PAGES = 5
NOT_COMPARABLE = frozenset({404, 422})


@dataclass(frozen=True, slots=True)
class Changed:
    """The commits of a release that were not in the one before it."""

    commits: tuple[Commit, ...]


class Comparer:
    """Compares releases with their predecessors, newest first, each pair once."""

    def __init__(self, reader: Reader, histories: Sequence[History | Unread], marks: Sequence[str]) -> None:
        self._reader = reader
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
        path = f"{line.place.path}/compare/{before.sha}...{after.sha}"
        commits: list[Commit] = []
        try:
            for page in range(1, MAX_PAGES + 1):
                answer = record(self._reader.get(path, {"per_page": PER_PAGE, "page": page}).data)
                listed = answer.get("commits")
                if not isinstance(listed, list):
                    return Unread("unreachable", f"{line.place.full_name}: a comparison without commits.")
                commits += read_commits(row for row in listed if isinstance(row, dict))
                if not listed or page * PER_PAGE >= number(answer, "total_commits"):
                    return Changed(tuple(commits))
        except Unread as gap:
            return named_gap(line.place, gap)
        return Unread(
            "unreachable", f"{line.place.full_name}: a release with more than {MAX_PAGES * PER_PAGE} commits."
        )

    def gap(self, line: Line, since: datetime) -> Unread | None:
        """Why hotfixes since then cannot be told from other changes, None when they can."""
        history = self._histories.get(line.place.full_name)
        if history is None:
            return (
                self._gaps[0]
                if self._gaps
                else Unread("unreachable", "The merged changes could not be read.")
            )
        if history.covered_from > since:
            return Unread("unreachable", f"{line.place.full_name}: the list of merged changes was cut off.")
        for release, changed in self.changes(line):
            is_failure = isinstance(changed, Unread) and changed.status not in NOT_COMPARABLE
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
