"""What "Test connection" sees: who the credential is, what it may see, and which signals would stay blind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.base import Found
from integrations.connectors.common import change_signals, ci_signals, code_signals
from integrations.connectors.common.asking import Params
from integrations.connectors.common.change_signals import BEHIND_CHANGES
from integrations.connectors.common.joins import COMMIT_JOINS, RUN_JOINS
from integrations.connectors.common.payload import Row, moment, number, record, text
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.http import Failure, SourceError

# Projects that are looked into for names to choose from; the rest can be typed.
LOOKED_INTO = 3
# Scopes that tell who somebody is and open nothing for writing.
_READING = frozenset({"openid", "profile", "email"})
_GUARDED = "repo.main_branch_guarded"
_ALL = (
    *code_signals.SIGNALS,
    *change_signals.SIGNALS,
    *ci_signals.SIGNALS,
    *TRAINING_SIGNALS,
    *DEPLOY_SIGNALS,
    *COMMIT_JOINS,
    *RUN_JOINS,
)

SCOPE = "Scope: read_api"
MEMBERSHIP = "Membership: role Reporter in a project"
REPOSITORY = "Repository: role Reporter"
CI = "CI/CD: role Reporter, and CI/CD switched on"
APPROVALS = "Approvals of merge requests"
# A right, and the signals that stay unknown without it: proven one by one in tests/integrations/connectors/test_doctor.py.
# Without the repository not even the newest commit is told, and all rests on it.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    SCOPE: _ALL,
    MEMBERSHIP: _ALL,
    REPOSITORY: _ALL,
    "Merge requests: role Reporter": BEHIND_CHANGES,
    CI: (
        *ci_signals.SIGNALS,
        *TRAINING_SIGNALS,
        "ci.change_coverage_30d",
        "deploy.automated_share_90d",
        "deploy.tested_sha_share_90d",
        *RUN_JOINS,
    ),
    "Environments: role Reporter": DEPLOY_SIGNALS,
    "Protected branches: role Maintainer": (_GUARDED,),
    "Approval rules: GitLab Premium": (_GUARDED,),
    APPROVALS: ("repo.reviewed_change_share_90d",),
}
# The question about a project that shows whether a right is there.
_PROBES = {
    REPOSITORY: "repository/tree",
    "Merge requests: role Reporter": "merge_requests",
    CI: "pipelines",
    "Environments: role Reporter": "deployments",
    "Protected branches: role Maintainer": "protected_branches",
    "Approval rules: GitLab Premium": "approval_rules",
}


@dataclass(frozen=True, slots=True)
class _Token:
    """What a token is, in words, when it ends, and what to say about it."""

    words: str = ""
    ends_at: datetime | None = None
    notes: tuple[str, ...] = ()


def look_round(reader: Reader) -> Found:
    """What the credential shows in some twenty questions. Raises SourceError when it is refused or nothing answers."""
    identity = _identity(reader)
    has_scope, projects, is_more = _projects(reader)
    names = [text(row, "path_with_namespace") for row in projects]
    environments: dict[str, None] = {}
    production: dict[str, None] = {}
    trains: dict[str, None] = {}
    for row in projects[:LOOKED_INTO]:
        path = f"projects/{number(row, 'id')}"
        for environment in _rows(reader, f"{path}/environments"):
            environments |= {text(environment, "name"): None}
            if text(environment, "tier") == "production":
                production |= {text(environment, "name"): None}
        for listing in ("pipelines", "jobs"):
            trains |= {
                name: None for one in _rows(reader, f"{path}/{listing}") if (name := text(one, "name"))
            }
    token = _token(reader)
    notes = [*token.notes]
    if has_scope and not names:
        notes.append("No project is visible. The token's account has to be a member of the team's projects.")
    if is_more:
        notes.append(f"Only the {len(names)} projects changed last are listed; others can be typed.")
    if len(names) > LOOKED_INTO:
        notes.append(f"Jobs and environments are those of the {LOOKED_INTO} projects changed last.")
    return Found(
        identity=identity,
        choices={
            "repositories": names,
            "training_jobs": list(trains),
            "production_environments": [
                *production,
                *(name for name in environments if name not in production),
            ],
            "preproduction_environments": [name for name in environments if name not in production],
        },
        missing=_missing(reader, projects[0])
        if projects
        else _all_behind(MEMBERSHIP if has_scope else SCOPE),
        notes=tuple(notes),
        credential=token.words,
        ends_at=token.ends_at,
    )


def _identity(reader: Reader) -> str:
    try:
        answer = record(reader.get("user").data)
    except Unread as gap:
        if gap.status == 403:
            return "a token that may not ask who it is"
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    return text(answer, "username") or "unnamed"


def _token(reader: Reader) -> _Token:
    """What GitLab says of the token; nothing where it does not say, as of a job's token."""
    try:
        answer = record(reader.get("personal_access_tokens/self").data)
    except Unread:
        return _Token()
    listed = answer.get("scopes")
    scopes = [one[:40] for one in listed if isinstance(one, str)][:20] if isinstance(listed, list) else None
    # A day of GitLab's begins at midnight UTC, and with it the token is at its end.
    ends_at = moment({"at": f"{text(answer, 'expires_at')[:10]}T00:00:00Z"}, "at")
    if scopes is None:
        return _Token("a token", ends_at)
    notes = []
    if not {"api", "read_api"} & set(scopes):
        notes.append("The token lacks the scope read_api, which everything here needs.")
    if writing := [scope for scope in scopes if not scope.startswith("read_") and scope not in _READING]:
        notes.append(f"The scope {writing[0]} lets this token write too. read_api is enough here.")
    return _Token(f"a token with {', '.join(scopes) or 'no scope'}", ends_at, tuple(notes))


def _all_behind(right: str) -> dict[str, tuple[str, ...]]:
    return {right: PERMISSIONS[right]}


def _projects(reader: Reader) -> tuple[bool, list[Row], bool]:
    """Whether the token may ask for projects at all; those that its account is in, the ones changed last first; if more are.

    Raises SourceError where that cannot be told: no answer is not no project.
    """
    asked: Params = {
        "membership": "true",
        "archived": "false",
        "order_by": "last_activity_at",
        "simple": "true",
        "per_page": 100,
    }
    try:
        reply = reader.get("projects", asked)
        found = [row for row in reader.rows_of(reply) if number(row, "id")]
    except Unread as gap:
        if gap.status == 403:
            return False, [], False
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    return True, found, bool(reply.next_url)


def _rows(reader: Reader, path: str, params: Params | None = None) -> list[Row]:
    try:
        return reader.rows_of(reader.get(path, params or {"per_page": 100}))
    except Unread:
        return []  # a missing right is told by its own probe


def _missing(reader: Reader, project: Row) -> dict[str, tuple[str, ...]]:
    """Rights that the project changed last does not grant, with the signals that stay unknown without them."""
    found: dict[str, tuple[str, ...]] = {}
    base = f"projects/{number(project, 'id')}"
    for right, path in _PROBES.items():
        if _is_refused(reader, f"{base}/{path}"):
            found[right] = PERMISSIONS[right]
    merged = _rows(reader, f"{base}/merge_requests", {"state": "merged", "per_page": 1})
    if merged and _is_refused(reader, f"{base}/merge_requests/{number(merged[0], 'iid')}/approvals"):
        found[APPROVALS] = PERMISSIONS[APPROVALS]
    return found


def _is_refused(reader: Reader, path: str) -> bool:
    try:
        reader.get(path, {"per_page": 1})
    except Unread as gap:
        # The tree of an empty repository is not there either.
        is_empty = gap.status == 404 and path.endswith("/tree")
        return gap.reason == "unauthorized" and not is_empty
    return False
