"""One file of a project as it stands on its default branch, with the commit that wrote it last."""

from __future__ import annotations

from urllib.parse import quote

from integrations.connectors.base import SourceFile
from integrations.connectors.common.asking import Params
from integrations.connectors.common.files import decoded, failure_of_gap
from integrations.connectors.common.payload import Row, moment, number, page_url, record, sha, text
from integrations.connectors.common.unread import Unread
from integrations.connectors.failures import Failure, SourceError
from integrations.connectors.gitlab.options import PROJECT
from integrations.connectors.gitlab.places import branch_of, number_of
from integrations.connectors.gitlab.reader import Reader


def read_file(reader: Reader, place: str, path: str) -> SourceFile | None:
    """The file, None where the branch was read and does not hold it. Raises SourceError.

    GitLab answers 404 for a file that is not there and for code that is hidden alike; only a branch whose commits are shown
    proves the former.
    """
    if not PROJECT.fullmatch(place):
        raise SourceError(
            Failure.REJECTED, "This is not the name of a project; write group/project or its number."
        )
    try:
        project = record(reader.get(f"projects/{quote(place, safe='')}").data)
        branch, at = branch_of(project), f"projects/{number_of(project)}"
        if not branch:
            return None
        answer = _answer(reader, f"{at}/repository/files/{quote(path, safe='')}", branch)
        if answer is None:
            _prove_readable(reader, at, branch)
            return None
        head = _last_commit(answer)
        commit = record(reader.get(f"{at}/repository/commits/{head}").data)
    except Unread as gap:
        raise failure_of_gap(gap) from gap
    home = page_url(text(project, "web_url"))
    return SourceFile(
        content=_bytes(answer),
        sha=head,
        committed_at=moment(commit, "committed_date") or moment(commit, "created_at"),
        url=f"{home}/-/blob/{head}/{quote(path)}" if home else "",
    )


def _answer(reader: Reader, path: str, branch: str) -> Row | None:
    """What GitLab says of the file, None for a 404. Raises Unread."""
    try:
        return record(reader.get(path, {"ref": branch}).data)
    except Unread as gap:
        if gap.status == 404:
            return None
        raise


def _prove_readable(reader: Reader, at: str, branch: str) -> None:
    """Raises Unread where the branch shows no commit."""
    asked: Params = {"ref_name": branch, "per_page": 1}
    if not reader.rows_of(reader.get(f"{at}/repository/commits", asked)):
        raise Unread("unreachable", f"Its default branch {branch[:80]} shows no commit.")


def _last_commit(answer: Row) -> str:
    head = sha(answer, "last_commit_id")
    if not head:
        raise Unread("unreachable", "GitLab named no commit that wrote the file.")
    return head


def _bytes(answer: Row) -> bytes:
    content = decoded(answer)
    if len(content) != number(answer, "size"):
        raise SourceError(Failure.BAD_PAYLOAD, "GitLab sent a file that is not as long as it says.")
    return content
