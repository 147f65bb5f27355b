"""One file of a repository as it stands on its default branch, with the commit that wrote it last."""

from __future__ import annotations

from urllib.parse import quote

from integrations.connectors.base import SourceFile
from integrations.connectors.common.files import decoded, failure_of_gap
from integrations.connectors.common.payload import Row, moment, page_url, part, record, sha, text
from integrations.connectors.common.unread import Unread
from integrations.connectors.failures import Failure, SourceError
from integrations.connectors.github.options import REPOSITORY
from integrations.connectors.github.reader import Reader

EMPTY_REPOSITORY = 409


def read_file(reader: Reader, place: str, path: str) -> SourceFile | None:
    """The file, or None where no commit wrote it or the last one took it away. Raises SourceError.

    Commits are asked first: they prove that the repository can be read, so that a 404 for the file means "not there".
    """
    if not REPOSITORY.fullmatch(place):
        raise SourceError(Failure.REJECTED, "This is not the name of a repository; write owner/name.")
    try:
        commits = reader.rows_of(reader.get(f"repos/{place}/commits", {"path": path, "per_page": 1}))
    except Unread as gap:
        if gap.status == EMPTY_REPOSITORY:
            return None
        raise failure_of_gap(gap) from gap
    if not commits:
        return None
    head = sha(commits[0], "sha")
    if not head:
        raise SourceError(Failure.BAD_PAYLOAD, "GitHub named no commit that wrote the file.")
    try:
        answer = record(reader.get(f"repos/{place}/contents/{quote(path)}", {"ref": head}).data)
    except Unread as gap:
        if gap.status == 404:
            return None
        raise failure_of_gap(gap) from gap
    return SourceFile(
        content=_bytes(answer),
        sha=head,
        committed_at=moment(part(part(commits[0], "commit"), "committer"), "date"),
        url=page_url(text(answer, "html_url")),
    )


def _bytes(answer: Row) -> bytes:
    if text(answer, "encoding") == "none":
        raise SourceError(Failure.TOO_BIG, "GitHub does not hand out a file of this size.")
    return decoded(answer)
