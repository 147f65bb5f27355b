"""What changed from one release to the next, asked for at GitHub."""

from __future__ import annotations

from integrations.connectors.common.comparing import NOT_COMPARABLE, Changed
from integrations.connectors.common.payload import number, record
from integrations.connectors.common.places import named_gap
from integrations.connectors.common.releases import Commit, Line, Release
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.reader import PER_PAGE, Reader
from integrations.connectors.github.releases import read_commits

MAX_PAGES = 5


def compare(reader: Reader, line: Line, before: Release, after: Release) -> Changed | Unread:
    """The commits of a release that were not in the one before it."""
    path = f"{line.place.path}/compare/{before.sha}...{after.sha}"
    commits: list[Commit] = []
    try:
        for page in range(1, MAX_PAGES + 1):
            answer = record(reader.get(path, {"per_page": PER_PAGE, "page": page}).data)
            listed = answer.get("commits")
            if not isinstance(listed, list):
                return Unread("unreachable", f"{line.place.full_name}: a comparison without commits.")
            commits += read_commits(row for row in listed if isinstance(row, dict))
            if not listed or page * PER_PAGE >= number(answer, "total_commits"):
                return Changed(tuple(commits))
    except Unread as gap:
        # GitHub knows one of the two no more, or no history that they share.
        is_lost = gap.status in (404, 422)
        return named_gap(line.place, Unread(NOT_COMPARABLE, gap.detail, gap.cause) if is_lost else gap)
    return Unread(
        "unreachable", f"{line.place.full_name}: a release with more than {MAX_PAGES * PER_PAGE} commits."
    )
