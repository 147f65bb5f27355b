"""The team's repositories as they are now at Azure DevOps, with their files and branch policies."""

from __future__ import annotations

import re
from urllib.parse import quote

from integrations.connectors.azure_devops.asking import AzureAsker, project_of, repository_of, rows_of
from integrations.connectors.base import Fact, FactKind
from integrations.connectors.common.payload import Row, moment, page_url, part, record, sha, text
from integrations.connectors.common.places import Asked, Mapped, Place, raise_if_all_failed
from integrations.connectors.common.setup import Setup
from integrations.connectors.common.tree import Listing, is_vendored
from integrations.connectors.common.unread import Unread

HEADS = "refs/heads/"
_GUID = re.compile(r"[0-9a-fA-F-]{36}")
# Policies have types that are the same everywhere.
_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
_CHECKS = frozenset({"0609b952-1397-4640-95ec-e00a01b2c241", "cbdc66da-9728-4af8-aada-9a5a32e4a226"})


def ask_places(asker: AzureAsker, setup: Setup) -> list[Asked]:
    """Every named repository. Raises SourceError when none could be asked because the line or the server failed."""
    asked = [Asked(mapped, _place(asker, mapped)) for mapped in setup.repositories]
    raise_if_all_failed(asked)
    return asked


def _place(asker: AzureAsker, mapped: Mapped) -> Place | Unread:
    if mapped.problem:
        return Unread("not_configured", mapped.problem)
    project = quote(project_of(mapped.full_name), safe="")
    named = quote(repository_of(mapped.full_name), safe="")
    try:
        answer = record(asker.get(f"{project}/_apis/git/repositories/{named}").data)
        branch = text(answer, "defaultBranch").removeprefix(HEADS)
        # By its number it is found whatever its name becomes.
        path = f"{project}/_apis/git/repositories/{guid_of(answer)}"
        head = head_sha(asker, path, branch) if branch else ""
    except Unread as gap:
        return Unread(gap.reason, f"{mapped.full_name}: {gap.detail}", gap.cause)
    return Place(
        mapped.full_name,
        mapped.roles,
        branch,
        head,
        page_url(text(answer, "webUrl")),
        is_archived=answer.get("isDisabled") is True,
        path=path,
    )


def guid_of(answer: Row) -> str:
    """The number of a repository. Unread for an answer that is none."""
    if not _GUID.fullmatch(text(answer, "id")):
        raise Unread("unreachable", "Azure DevOps answered in a form that is not a repository.")
    return text(answer, "id").lower()


def head_sha(asker: AzureAsker, path: str, branch: str) -> str:
    """The newest commit of a branch. Unread where the branch is not shown."""
    found = rows_of(asker.get(f"{path}/refs", {"filter": f"heads/{branch}"}))
    # The filter is the beginning of a name: release finds release-2 as well.
    head = next((row for row in found if text(row, "name") == f"{HEADS}{branch}"), None)
    if head is None:
        raise Unread("unreachable", f"Its default branch {branch[:80]} is not among its branches.")
    return sha(head, "objectId")


def project_path(place: Place) -> str:
    """Where the project of a repository answers."""
    return place.path.partition("/_apis/")[0]


def repository_id(place: Place) -> str:
    return place.path.rpartition("/")[2]


class Code:
    """The files and branch policies of repositories, asked for at Azure DevOps."""

    def __init__(self, asker: AzureAsker) -> None:
        self._asker = asker

    def listing(self, place: Place) -> Listing:
        """The files at the head of the default branch. Raises Unread."""
        asked = {"recursionLevel": "Full", **_at_head(place)}
        found = rows_of(self._asker.get(f"{place.path}/items", asked))
        paths = (text(row, "path").lstrip("/") for row in found if row.get("gitObjectType") == "blob")
        return Listing(tuple(path for path in paths if path and not is_vendored(path)))

    def content(self, place: Place, path: str) -> str:
        """The text of a file at the head. Raises Unread."""
        asked = {"path": f"/{path}", "includeContent": "true", "$format": "json", **_at_head(place)}
        answer = record(self._asker.get(f"{place.path}/items", asked).data)
        if not isinstance(answer.get("content"), str):
            raise Unread("unreachable", f"{place.full_name}: the content of {path} could not be read.")
        return text(answer, "content")

    def is_guarded(self, place: Place) -> bool:
        """Whether policies that block ask for an approval by somebody else and for a check. Raises Unread."""
        asked = {"repositoryId": repository_id(place), "refName": f"{HEADS}{place.branch}"}
        needs_approval = needs_checks = False
        for page in self._asker.listing(f"{project_path(place)}/_apis/git/policy/configurations", asked):
            for policy in page:
                kind, settings = text(part(policy, "type"), "id").lower(), part(policy, "settings")
                if policy.get("isEnabled") is not True or policy.get("isBlocking") is not True:
                    continue
                count = settings.get("minimumApproverCount")
                own = 1 if settings.get("creatorVoteCounts") is True else 0
                needs_approval |= kind == _REVIEWERS and isinstance(count, int) and count > own
                needs_checks |= kind in _CHECKS
        return needs_approval and needs_checks


def _at_head(place: Place) -> dict[str, str]:
    # The commit and not the branch, so that all questions of a collection speak of one state.
    return {"versionDescriptor.version": place.head_sha, "versionDescriptor.versionType": "commit"}


def find_commit(asker: AzureAsker, place: Place, name: str) -> Fact | None:
    """The COMMIT fact of a commit, None where the repository has none of that name. Raises Unread."""
    try:
        answer = record(asker.get(f"{place.path}/commits/{name}").data)
    except Unread as gap:
        if gap.status in (400, 404):
            return None
        raise
    committed_at = moment(part(answer, "committer"), "date")
    if committed_at is None or not text(answer, "commitId").lower().startswith(name.lower()):
        return None
    url = page_url(text(answer, "remoteUrl"))
    return Fact(FactKind.COMMIT, key=name, happened_at=committed_at, sha=name, url=url)
