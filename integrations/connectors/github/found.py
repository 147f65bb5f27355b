"""What "Test connection" sees: who the credential is, what it may see, and which signals would stay blind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from integrations.connectors.base import Found
from integrations.connectors.common import code_signals
from integrations.connectors.common.change_signals import BEHIND_CHANGES
from integrations.connectors.common.joins import COMMIT_JOINS, RUN_JOINS
from integrations.connectors.common.payload import Row, part, record, rows, text
from integrations.connectors.common.setup import DEPLOY_SIGNALS
from integrations.connectors.common.unread import Unread
from integrations.connectors.github import gather_changes, gather_runs
from integrations.connectors.github.guards import guard_of_rules
from integrations.connectors.github.reader import Reader
from integrations.connectors.http import Failure, Reply, SourceError

# Repositories that are looked into for names to choose from; the rest can be typed.
LOOKED_INTO = 5

# What a repository gives at all. GitHub tells no count of tests to anybody, so nothing hides it.
_ALL = (*code_signals.SIGNALS, *gather_changes.SIGNALS, *gather_runs.SIGNALS, *DEPLOY_SIGNALS)
_CODE_SIGNALS = tuple(dict.fromkeys(name for name in _ALL if name != "ci.tests_executed_p50"))

ACCESS = "Access to a repository"
ADMINISTRATION = "Administration: read (only where no ruleset guards the branch)"
# A permission, and the signals that stay unknown without it: proven one by one in tests/integrations/connectors/test_doctor.py.
# Without contents not even the newest commit is told, and all rests on it.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    ACCESS: (*_CODE_SIGNALS, *COMMIT_JOINS, *RUN_JOINS),
    "Contents: read": (*_CODE_SIGNALS, *COMMIT_JOINS, *RUN_JOINS),
    "Pull requests: read": BEHIND_CHANGES,
    "Actions: read": (
        *(name for name in gather_runs.SIGNALS if name in _CODE_SIGNALS),
        "ci.change_coverage_30d",
        "deploy.automated_share_90d",
        "deploy.tested_sha_share_90d",
        *RUN_JOINS,
    ),
    "Deployments: read": DEPLOY_SIGNALS,
    ADMINISTRATION: ("repo.main_branch_guarded",),
}
# The question about a repository that shows whether a permission is there.
_PROBES = {
    "Contents: read": "commits",
    "Pull requests: read": "pulls",
    "Actions: read": "actions/runs",
    "Deployments: read": "deployments",
    ADMINISTRATION: "branches/{branch}/protection",
}
_EMPTY_REPOSITORY = 409
# Scopes of classic tokens that open nothing for writing though no "read:" says so.
_READING = frozenset({"user:email", "user:follow", "repo:status", "notifications"})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose credential it is, what it is, and when it ends."""

    name: str
    credential: str = ""
    ends_at: datetime | None = None
    notes: tuple[str, ...] = ()


def look_round(reader: Reader) -> Found:
    """What the credential shows in some twenty questions. Raises SourceError when it is refused or nothing answers."""
    owner = _owner(reader)
    repositories, is_more = _repositories(reader)
    names = [text(row, "full_name") for row in repositories]
    workflows: dict[str, None] = {}
    environments: dict[str, None] = {}
    for name in names[:LOOKED_INTO]:
        workflows |= dict.fromkeys(_names(reader, f"repos/{name}/actions/workflows", "workflows", "path"))
        environments |= dict.fromkeys(_names(reader, f"repos/{name}/environments", "environments", "name"))
    notes = list(owner.notes)
    if not names:
        notes.append(
            "No repository is visible. A fine-grained token names the repositories that it may read."
        )
    if is_more:
        notes.append(f"Only the {len(names)} repositories changed last are listed; others can be typed.")
    if len(names) > LOOKED_INTO:
        notes.append(f"Workflows and environments are those of the {LOOKED_INTO} repositories changed last.")
    return Found(
        identity=owner.name,
        choices={
            "repositories": names,
            "training_workflows": [path.rpartition("/")[2] for path in workflows],
            "production_environments": list(environments),
            "preproduction_environments": list(environments),
        },
        missing=_missing(reader, repositories[0]) if repositories else {ACCESS: PERMISSIONS[ACCESS]},
        notes=tuple(notes),
        credential=owner.credential,
        ends_at=owner.ends_at,
    )


def _owner(reader: Reader) -> Owner:
    """Whose credential it is, of which kind, and when it ends. An app's token is nobody's: it may not ask who it is."""
    try:
        reply = reader.get("user")
    except Unread as gap:
        if gap.cause is not None and gap.cause.kind is Failure.FORBIDDEN:
            return Owner("an app's token", "an app's token")
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    name = text(record(reply.data), "login") or "unnamed"
    said = reply.headers.get("github-authentication-token-expiration", "")
    ends_at = _moment(said)
    notes = [f"The token ends on {said[:40]}."] if said and ends_at is None else []
    # GitHub sends this header, empty or not, for classic tokens alone.
    scopes = reply.headers.get("x-oauth-scopes")
    if scopes is None:
        return Owner(name, "a fine-grained token", ends_at, tuple(notes))
    named = tuple(scope.strip()[:40] for scope in scopes.split(",") if scope.strip())[:20]
    if "repo" not in named:
        notes.append("The scope repo is missing: private repositories stay hidden from this classic token.")
    if writing := [scope for scope in named if not scope.startswith("read:") and scope not in _READING]:
        notes.append(
            f"The scope {writing[0]} lets this token write too. A fine-grained token with read access is enough here."
        )
    return Owner(name, f"a classic token with {', '.join(named) or 'no scope'}", ends_at, tuple(notes))


def _moment(said: str) -> datetime | None:
    """`2027-02-01 09:30:00 UTC` or `2027-02-01 11:30:00 +0200`, as GitHub sends them."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            moment = datetime.strptime(said.strip(), form)  # noqa: DTZ007 -- the first form names UTC in words
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


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
    branch = text(repository, "default_branch") or "main"
    for permission, path in _PROBES.items():
        if permission == ADMINISTRATION and _is_guarded(reader, repository, branch):
            continue
        try:
            reader.get(f"repos/{text(repository, 'full_name')}/{path.format(branch=branch)}", {"per_page": 1})
        except Unread as gap:
            # To an administrator 404 means "not protected"; an empty repository has no commits to show.
            is_none = gap.status == _EMPTY_REPOSITORY or (gap.status == 404 and is_admin)
            if gap.reason == "unauthorized" and not is_none:
                found[permission] = PERMISSIONS[permission]
    return found


def _is_guarded(reader: Reader, repository: Row, branch: str) -> bool:
    """Whether rulesets guard the branch; they are shown to every reader, so that nobody need be an administrator."""
    try:
        path = f"repos/{text(repository, 'full_name')}/rules/branches/{branch}"
        return guard_of_rules(rows(reader.get(path, {"per_page": 100}).data)).is_whole
    except Unread:
        return False
