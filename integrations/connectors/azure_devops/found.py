"""What "Test connection" sees: who the credential is, what it may see, and which signals would stay blind."""

from __future__ import annotations

from urllib.parse import quote

from integrations.connectors.azure_devops.asking import AzureAsker, rows_of
from integrations.connectors.base import Found
from integrations.connectors.common import change_signals, ci_signals, code_signals
from integrations.connectors.common.joins import COMMIT_JOINS, RUN_JOINS
from integrations.connectors.common.payload import Row, part, record, text
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.common.unread import Unread
from integrations.connectors.http import Failure, SourceError

# Projects that are looked into for names to choose from; the rest can be typed.
LOOKED_INTO = 3

CODE, BUILD, ENVIRONMENTS, TESTS = (
    "Code (read)",
    "Build (read)",
    "Environment (read and manage)",
    "Test Management (read)",
)
_BEHIND_BUILDS = (*ci_signals.SIGNALS, *TRAINING_SIGNALS, *DEPLOY_SIGNALS, *RUN_JOINS)
# A scope, and the signals that stay unknown without it: proven one by one in tests/integrations/connectors/test_doctor.py.
# Without code not even the newest commit of a repository is told, and all rests on it.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    CODE: (*code_signals.SIGNALS, *change_signals.SIGNALS, *_BEHIND_BUILDS, *COMMIT_JOINS),
    BUILD: ("ci.change_coverage_30d", *_BEHIND_BUILDS),
    ENVIRONMENTS: DEPLOY_SIGNALS,
    TESTS: ("ci.tests_executed_p50",),
}
# The question about a project that shows whether a scope is there.
_PROBES = {
    CODE: "git/repositories",
    BUILD: "build/builds",
    ENVIRONMENTS: "distributedtask/environments",
    TESTS: "test/runs",
}
_REFUSED = frozenset({401, 403, 404})


def look_round(asker: AzureAsker) -> Found:
    """What the credential shows in some fifteen questions. Raises SourceError when it is refused or nothing answers."""
    identity = _identity(asker)
    rows = _repositories(asker)
    projects = _projects(asker, rows)
    notes = [] if projects else ["No project is visible. The address ends with the name of the organisation."]
    pipelines: dict[str, None] = {}
    environments: dict[str, None] = {}
    for project in projects[:LOOKED_INTO]:
        path = quote(project, safe="")
        pipelines |= dict.fromkeys(_names(asker, f"{path}/_apis/build/definitions"))
        environments |= dict.fromkeys(_names(asker, f"{path}/_apis/distributedtask/environments"))
    if len(projects) > LOOKED_INTO:
        notes.append(f"Pipelines and environments are those of the first {LOOKED_INTO} projects.")
    return Found(
        identity=identity,
        choices={
            "repositories": [_full_name(row) for row in rows],
            "training_pipelines": list(pipelines),
            "production_environments": list(environments),
            "preproduction_environments": list(environments),
        },
        missing=_missing(asker, projects[0]) if projects else {},
        notes=tuple(notes),
    )


def _identity(asker: AzureAsker) -> str:
    """Whose credential it is. To a token of narrow scopes this is refused, and then the projects tell whether it is good."""
    try:
        answer = record(asker.get("_apis/connectionData").data)
    except Unread as gap:
        if gap.status in _REFUSED:
            return "a token"
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    user = part(answer, "authenticatedUser")
    return text(user, "providerDisplayName") or text(user, "customDisplayName") or "a token"


def _projects(asker: AzureAsker, repositories: list[Row]) -> list[str]:
    """The names of the projects. Nothing is collected from their list, so a token that may not see it names them by its code."""
    try:
        return [text(row, "name") for row in rows_of(asker.get("_apis/projects", {"$top": 100}))]
    except Unread as gap:
        named = dict.fromkeys(text(part(row, "project"), "name") for row in repositories)
        if gap.status in _REFUSED and named:
            return list(named)
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap


def _repositories(asker: AzureAsker) -> list[Row]:
    try:
        found = rows_of(asker.get("_apis/git/repositories"))
    except Unread:
        return []  # a missing scope is told by its own probe
    return [row for row in found if row.get("isDisabled") is not True]


def _full_name(row: Row) -> str:
    project, name = text(part(row, "project"), "name"), text(row, "name")
    return f"{project.replace(' ', '%20')}/{name.replace(' ', '%20')}"


def _names(asker: AzureAsker, path: str) -> list[str]:
    try:
        return [name for row in rows_of(asker.get(path, {"$top": 100})) if (name := text(row, "name"))]
    except Unread:
        return []  # a missing scope is told by its own probe


def _missing(asker: AzureAsker, project: str) -> dict[str, tuple[str, ...]]:
    """Scopes that the token does not have, with the signals that stay unknown without them."""
    path = quote(project, safe="")
    found: dict[str, tuple[str, ...]] = {}
    for scope, what in _PROBES.items():
        try:
            asker.get(f"{path}/_apis/{what}", {} if scope == CODE else {"$top": 1})
        except Unread as gap:
            if gap.status in _REFUSED:
                found[scope] = PERMISSIONS[scope]
    return found
