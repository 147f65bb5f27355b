"""What "Test connection" sees: who the credential is, what it may see, and which signals would stay blind."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from integrations.connectors.azure_devops.asking import AzureAsker, rows_of
from integrations.connectors.base import Found
from integrations.connectors.common import change_signals, ci_signals, code_signals
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
# Changes are the code's, except whether builds covered them.
_CODE_SIGNALS = (
    *code_signals.SIGNALS,
    *(name for name in change_signals.SIGNALS if name.startswith("repo.")),
)
_BUILD_SIGNALS = (*ci_signals.SIGNALS, "ci.change_coverage_30d", *TRAINING_SIGNALS, *DEPLOY_SIGNALS)
_REFUSED = frozenset({401, 403, 404})


def look_round(asker: AzureAsker) -> Found:
    """What the credential shows in some fifteen questions. Raises SourceError when it is refused or nothing answers."""
    identity = _identity(asker)
    try:
        projects = [text(row, "name") for row in rows_of(asker.get("_apis/projects", {"$top": 100}))]
    except Unread as gap:
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    notes = [] if projects else ["No project is visible. The address ends with the name of the organisation."]
    repositories = _repositories(asker)
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
            "repositories": repositories,
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


def _repositories(asker: AzureAsker) -> list[str]:
    try:
        found = rows_of(asker.get("_apis/git/repositories"))
    except Unread:
        return []  # a missing scope is told by its own probe
    return [_full_name(row) for row in found if row.get("isDisabled") is not True]


def _full_name(row: Row) -> str:
    project, name = text(part(row, "project"), "name"), text(row, "name")
    return f"{project.replace(' ', '%20')}/{name.replace(' ', '%20')}"


def _names(asker: AzureAsker, path: str) -> list[str]:
    try:
        return [name for row in rows_of(asker.get(path, {"$top": 100})) if (name := text(row, "name"))]
    except Unread:
        return []  # a missing scope is told by its own probe


def _missing(asker: AzureAsker, project: str) -> dict[str, Sequence[str]]:
    """Scopes that the token does not have, with the signals that stay unknown without them."""
    path = quote(project, safe="")
    probes: tuple[tuple[str, str, dict[str, str | int], Sequence[str]], ...] = (
        (CODE, f"{path}/_apis/git/repositories", {}, _CODE_SIGNALS),
        (BUILD, f"{path}/_apis/build/builds", {"$top": 1}, _BUILD_SIGNALS),
        (ENVIRONMENTS, f"{path}/_apis/distributedtask/environments", {"$top": 1}, DEPLOY_SIGNALS),
        (TESTS, f"{path}/_apis/test/runs", {"$top": 1}, ("ci.tests_executed_p50",)),
    )
    found: dict[str, Sequence[str]] = {}
    for scope, place, params, signals in probes:
        try:
            asker.get(place, params)
        except Unread as gap:
            if gap.status in _REFUSED:
                found[scope] = tuple(signals)
    return found
