"""Everything that the portal asks of GitHub: a fixed list, and the paths as they stand in the connector's code.

A new question in the code fails test_github_contract until it stands here, and there it is put to GitHub's own description.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CODE = Path(__file__).parents[2] / "integrations" / "connectors" / "github"
# Words for files of a repository, not for paths of the API.
_NO_QUESTIONS = frozenset({"globs.py", "options.py", "payload.py", "tree.py", "releases.py"})
# What a path of the API looks like in code: words, placeholders and slashes.
_PATH = re.compile(r"(\{\}/)?[a-z]+(/[a-z]+|/\{\}(\.\.\.\{\})?)*")

REPO = "/repos/{owner}/{repo}"
PAGE = frozenset({"per_page", "page"})


@dataclass(frozen=True)
class Operation:
    """One GET. `code` are its paths in the code, {} for what is filled in; `query` are all parameters ever sent."""

    template: str
    code: tuple[str, ...]
    query: frozenset[str] = frozenset()


def _of_repository(path: str, *code: str, query: frozenset[str] = frozenset()) -> Operation:
    return Operation(f"{REPO}{path}", code or (f"{{}}{re.sub(r'{[a-z_]+}', '{}', path)}",), query)


# Unfinished runs are listed too, so that they can be asked for again.
RUNS = frozenset({"branch", "exclude_pull_requests", "created"}) | PAGE
OPERATIONS = (
    Operation("/user", ("user",)),
    Operation("/user/repos", ("user/repos",), frozenset({"per_page", "sort"})),
    Operation("/installation/repositories", ("installation/repositories",), frozenset({"per_page"})),
    _of_repository("", "repos/{}"),
    _of_repository("/commits", "repos/{}/commits", query=frozenset({"sha", "per_page"})),
    _of_repository("/commits/{ref}", query=frozenset({"per_page"})),
    _of_repository("/git/trees/{tree_sha}", query=frozenset({"recursive"})),
    _of_repository("/contents/{path}", "{}/contents/{}", "repos/{}/contents/{}", query=frozenset({"ref"})),
    _of_repository("/rules/branches/{branch}", "{}/rules/branches/{}", "repos/{}/rules/branches/{}", query=frozenset({"per_page"})),
    _of_repository("/branches/{branch}/protection", "{}/branches/{}/protection", "branches/{branch}/protection"),
    _of_repository("/pulls", query=frozenset({"state", "base", "sort", "direction"}) | PAGE),
    _of_repository("/pulls/{pull_number}/reviews", query=PAGE),
    _of_repository("/compare/{basehead}", "{}/compare/{}...{}", query=PAGE),
    _of_repository("/actions/runs", "{}/actions/runs", "actions/runs", query=RUNS | {"head_sha", "status"}),
    _of_repository("/actions/runs/{run_id}"),
    _of_repository("/actions/runs/{run_id}/jobs", query=frozenset({"filter"}) | PAGE),
    _of_repository("/actions/runs/{run_id}/approvals"),
    _of_repository("/actions/workflows", "{}/actions/workflows", "repos/{}/actions/workflows", query=frozenset({"per_page"})),
    _of_repository("/actions/workflows/{workflow_id}/runs", "actions/workflows/{}/runs", query=RUNS - {"branch"}),
    _of_repository("/deployments", query=frozenset({"environment"}) | PAGE),
    _of_repository("/deployments/{deployment_id}/statuses", query=PAGE),
    _of_repository("/environments", "repos/{}/environments", query=frozenset({"per_page"})),
    _of_repository("/environments/{environment_name}"),
)  # fmt: skip
# The probes of "Test connection", whose last part is one of the paths above.
COMPOSED = frozenset({"repos/{}/{}"})
BY_TEMPLATE = {operation.template: operation for operation in OPERATIONS}


def paths_in_code() -> set[str]:
    """Each path of the API that stands in the connector's code, {} for what is filled in."""
    files = (file for file in sorted(CODE.glob("*.py")) if file.name not in _NO_QUESTIONS)
    return {path for file in files for path in paths_in(file.read_text(encoding="utf-8"))}


def paths_in(source: str) -> set[str]:
    """The paths among the texts of a module, and what is handed to a reader by name alone."""
    tree = ast.parse(source)
    inside = {
        id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values
    }
    texts = [_plain(node) for node in ast.walk(tree) if id(node) not in inside]
    asked = [
        _plain(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        and node.func.attr in {"get", "listing", "whole"} and "reader" in ast.unparse(node.func.value)
    ]  # fmt: skip
    return {*_paths(text for text in texts if "/" in text), *_paths(asked)}


def _paths(texts: Iterable[str]) -> list[str]:
    filled = (text for text in texts if text)
    return [text for text in filled if _PATH.fullmatch(text.replace("{branch}", "{}"))]


def _plain(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and not _is_link(node):
        return "".join(_plain(value) or "{}" for value in node.values)
    return ""


def _is_link(node: ast.JoinedStr) -> bool:
    """A page for people: it begins with the address of a repository on the web."""
    first = node.values[0] if node.values else None
    return isinstance(first, ast.FormattedValue) and ast.unparse(first.value).endswith(".url")
