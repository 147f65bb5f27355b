"""One file of a repository as it stands on its default branch, with the commit that wrote it last."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote

from integrations.connectors.base import SourceFile
from integrations.connectors.common.payload import moment, page_url, part, record, sha, text
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
        raise _failure(gap) from gap
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
        raise _failure(gap) from gap
    return SourceFile(
        content=_bytes(text(answer, "content"), text(answer, "encoding")),
        sha=head,
        committed_at=moment(part(part(commits[0], "commit"), "committer"), "date"),
        url=page_url(text(answer, "html_url")),
    )


def _bytes(content: str, encoding: str) -> bytes:
    if encoding != "base64":
        raise SourceError(Failure.TOO_BIG, "GitHub does not hand out a file of this size.")
    try:
        return base64.b64decode(content)
    except (binascii.Error, ValueError) as error:
        raise SourceError(Failure.BAD_PAYLOAD, "The content of the file could not be read.") from error


def _failure(gap: Unread) -> SourceError:
    return gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail)
