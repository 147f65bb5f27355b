"""One file of a repository as it stands on its default branch, with the commit that wrote it last."""

from __future__ import annotations

from urllib.parse import quote

from integrations.connectors.azure_devops.asking import AzureAsker, project_of, repository_of, rows_of
from integrations.connectors.azure_devops.options import REPOSITORY
from integrations.connectors.azure_devops.places import HEADS, guid_of, head_sha
from integrations.connectors.base import SourceFile
from integrations.connectors.common.files import failure_of_gap
from integrations.connectors.common.payload import Row, moment, page_url, part, record, sha, text
from integrations.connectors.common.unread import Unread
from integrations.connectors.failures import Failure, SourceError


def read_file(asker: AzureAsker, place: str, path: str) -> SourceFile | None:
    """The file, None where the branch was read and does not hold it. Raises SourceError.

    Azure DevOps answers 404 for a path that is not there and for what it hides alike: a head that is shown proves the former.
    """
    if not REPOSITORY.fullmatch(place):
        raise SourceError(Failure.REJECTED, "This is not the name of a repository; write project/repository.")
    project, named = quote(project_of(place), safe=""), quote(repository_of(place), safe="")
    try:
        repository = record(asker.get(f"{project}/_apis/git/repositories/{named}").data)
        at = f"{project}/_apis/git/repositories/{guid_of(repository)}"
        branch = text(repository, "defaultBranch").removeprefix(HEADS)
        if not branch:
            return None  # an empty repository has no default branch
        head = head_sha(asker, at, branch)
        answer = _answer(asker, at, head, path)
        if answer is None:
            return None
        commit = _last_commit(asker, at, head, path)
    except Unread as gap:
        raise failure_of_gap(gap) from gap
    wrote, home = sha(commit, "commitId"), page_url(text(repository, "webUrl"))
    return SourceFile(
        content=_bytes(answer),
        sha=wrote,
        committed_at=moment(part(commit, "committer"), "date"),
        url=f"{home}?path={quote(f'/{path}', safe='')}&version=GC{wrote}" if home else "",
    )


def _answer(asker: AzureAsker, at: str, head: str, path: str) -> Row | None:
    """What Azure DevOps says of the file at that commit, None for a 404. Raises Unread."""
    asked = {
        "path": f"/{path}",
        "includeContent": "true",
        # Without this word the answer is the file itself and no JSON.
        "$format": "json",
        "versionDescriptor.version": head,
        "versionDescriptor.versionType": "commit",
    }
    try:
        return record(asker.get(f"{at}/items", asked).data)
    except Unread as gap:
        if gap.status == 404:
            return None
        raise


def _last_commit(asker: AzureAsker, at: str, head: str, path: str) -> Row:
    """The commit that wrote the file as it stands at `head`. Raises Unread."""
    asked: dict[str, str | int] = {
        "searchCriteria.itemPath": f"/{path}",
        "searchCriteria.itemVersion.version": head,
        "searchCriteria.itemVersion.versionType": "commit",
        "searchCriteria.$top": 1,
    }
    found = rows_of(asker.get(f"{at}/commits", asked))
    if not found or not sha(found[0], "commitId"):
        raise Unread("unreachable", "Azure DevOps named no commit that wrote the file.")
    return found[0]


def _bytes(answer: Row) -> bytes:
    """The bytes of the file. An answer without its text, of a folder for one, is no empty file."""
    if not isinstance(answer.get("content"), str):
        raise SourceError(Failure.BAD_PAYLOAD, "Azure DevOps sent no content of the file.")
    return text(answer, "content").encode()
