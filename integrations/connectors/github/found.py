"""What "Test connection" sees: who the credential is, what it may see, and which signals would stay blind."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.connectors.base import Found
from integrations.connectors.common import tree
from integrations.connectors.common.payload import Row, part, record, rows, text
from integrations.connectors.common.setup import DEPLOY_SIGNALS
from integrations.connectors.common.unread import Unread
from integrations.connectors.github import gather_changes, gather_runs
from integrations.connectors.github.reader import Reader
from integrations.connectors.http import Failure, Reply, SourceError

# Repositories that are looked into for names to choose from; the rest can be typed.
LOOKED_INTO = 5

# A permission, the question that shows whether it is there, and the signals that need it.
_PROBES: tuple[tuple[str, str, Sequence[str]], ...] = (
    (
        "Contents: read",
        "commits",
        (
            "repo.connected",
            "repo.code_files",
            "repo.notebook_share",
            "repo.test_file_ratio",
            "repo.has_tests",
            *tree.PATTERNS,
        ),
    ),
    ("Pull requests: read", "pulls", gather_changes.SIGNALS),
    (
        "Actions: read",
        "actions/runs",
        (*gather_runs.SIGNALS, "ci.change_coverage_30d", "deploy.tested_sha_share_90d"),
    ),
    ("Deployments: read", "deployments", DEPLOY_SIGNALS),
    (
        "Administration: read (only where no ruleset guards the branch)",
        "branches/{branch}/protection",
        ("repo.main_branch_guarded",),
    ),
)
_EMPTY_REPOSITORY = 409


def look_round(reader: Reader) -> Found:
    """What the credential shows in some twenty questions. Raises SourceError when it is refused or nothing answers."""
    identity, expires = _identity(reader)
    repositories, is_more = _repositories(reader)
    names = [text(row, "full_name") for row in repositories]
    workflows: dict[str, None] = {}
    environments: dict[str, None] = {}
    for name in names[:LOOKED_INTO]:
        workflows |= dict.fromkeys(_names(reader, f"repos/{name}/actions/workflows", "workflows", "path"))
        environments |= dict.fromkeys(_names(reader, f"repos/{name}/environments", "environments", "name"))
    notes = [*expires]
    if not names:
        notes.append(
            "No repository is visible. A fine-grained token names the repositories that it may read."
        )
    if is_more:
        notes.append(f"Only the {len(names)} repositories changed last are listed; others can be typed.")
    if len(names) > LOOKED_INTO:
        notes.append(f"Workflows and environments are those of the {LOOKED_INTO} repositories changed last.")
    return Found(
        identity=identity,
        choices={
            "repositories": names,
            "training_workflows": [path.rpartition("/")[2] for path in workflows],
            "production_environments": list(environments),
            "preproduction_environments": list(environments),
        },
        missing=_missing(reader, repositories[0]) if repositories else {},
        notes=tuple(notes),
    )


def _identity(reader: Reader) -> tuple[str, list[str]]:
    """Whose credential it is, and when it ends if GitHub says so. An app's token is nobody's: it may not ask who it is."""
    try:
        reply = reader.get("user")
    except Unread as gap:
        if gap.cause is not None and gap.cause.kind is Failure.FORBIDDEN:
            return "an app's token", []
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    ends = reply.headers.get("github-authentication-token-expiration", "")
    return text(record(reply.data), "login") or "unnamed", [f"The token ends on {ends[:40]}."] if ends else []


def _repositories(reader: Reader) -> tuple[list[Row], bool]:
    for path, key in (("user/repos", ""), ("installation/repositories", "repositories")):
        try:
            reply: Reply = reader.get(
                path, {"per_page": 100, "sort": "pushed"} if not key else {"per_page": 100}
            )
            return rows(reply.data, key), 'rel="next"' in reply.headers.get("link", "")
        except Unread:
            continue
    return [], False


def _names(reader: Reader, path: str, key: str, field: str) -> list[str]:
    try:
        return [
            name for row in rows(reader.get(path, {"per_page": 100}).data, key) if (name := text(row, field))
        ]
    except Unread:
        return []  # a missing permission is told by its own probe


def _missing(reader: Reader, repository: Row) -> dict[str, tuple[str, ...]]:
    """Permissions that the repository changed last does not grant, with the signals that stay unknown without them."""
    found: dict[str, tuple[str, ...]] = {}
    is_admin = part(repository, "permissions").get("admin") is True
    for permission, path, signals in _PROBES:
        branch = text(repository, "default_branch") or "main"
        try:
            reader.get(f"repos/{text(repository, 'full_name')}/{path.format(branch=branch)}", {"per_page": 1})
        except Unread as gap:
            # To an administrator 404 means "not protected"; an empty repository has no commits to show.
            is_none = gap.status == _EMPTY_REPOSITORY or (gap.status == 404 and is_admin)
            if gap.reason == "unauthorized" and not is_none:
                found[permission] = tuple(signals)
    return found
