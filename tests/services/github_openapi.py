"""GitHub's own description of its API, from the npm package @octokit/openapi, and the check of an answer against it."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]

PACKAGE = "@octokit/openapi@23.0.2"
# Where this machine has no network: fetch it elsewhere, and put it into the folder.
INSTALL = f"apt-get install -y npm && npm pack {PACKAGE} --pack-destination var/test-downloads"
_ARCHIVE = f"octokit-openapi-{PACKAGE.rpartition('@')[2]}.tgz"
_MEMBER = "package/generated/api.github.com.json"


def fetch_description(cache: Path) -> Path:
    """The description as a file in `cache`, packed by npm once. Raises OSError or CalledProcessError without npm or network."""
    found = cache / f"{PACKAGE.rpartition('@')[2]}-api.github.com.json"
    if not found.exists():
        if not list(cache.glob(_ARCHIVE)):
            command = ["npm", "pack", PACKAGE, "--silent"]
            subprocess.run(command, cwd=cache, check=True, capture_output=True, timeout=300)
        with tarfile.open(next(cache.glob(_ARCHIVE))) as archive:
            member = archive.extractfile(_MEMBER)
            assert member is not None
            found.write_bytes(member.read())
    return found


class Description:
    """Finds the operation of a path and says where an answer departs from what GitHub describes."""

    def __init__(self, file: Path) -> None:
        self._document: dict[str, Any] = json.loads(file.read_bytes())
        _allow_null(self._document)
        self._components = {"components": self._document["components"]}
        self._paths: list[tuple[re.Pattern[str], str]] = [
            (_pattern(path), path) for path in self._document["paths"]
        ]
        # The most literal path first: actions/runs/{run_id} is not git/ref/{ref}.
        self._paths.sort(key=lambda pair: (pair[1].count("{"), -len(pair[1])))

    def template(self, path: str) -> str:
        """The path as GitHub writes it, such as /repos/{owner}/{repo}. Raises LookupError for one that GitHub does not have."""
        for pattern, template in self._paths:
            if pattern.fullmatch(path) and "get" in self._document["paths"][template]:
                return template
        raise LookupError(path)

    def unknown_parameters(self, path: str, names: set[str]) -> set[str]:
        """Names in a query that GitHub's description of this operation does not know."""
        operation = self._document["paths"][self.template(path)]["get"]
        known = {self._deref(parameter)["name"] for parameter in operation.get("parameters", ())}
        return names - known

    def problems(self, path: str, status: int, body: Any) -> list[str]:
        """Where the body of an answer departs from the description; empty when it does not."""
        operation = self._document["paths"][self.template(path)]["get"]
        answer = self._deref(operation["responses"][str(status)])
        schema = answer["content"]["application/json"]["schema"]
        validator = jsonschema.Draft7Validator({**schema, **self._components})
        return [f"{path}: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]

    def example(self, template: str, number: int = 0) -> Any:
        """An example that GitHub gives for an operation."""
        answer = self._deref(self._document["paths"][template]["get"]["responses"]["200"])
        examples = list(answer["content"]["application/json"]["examples"].values())
        return self._deref(examples[number])["value"]

    def _deref(self, node: Any) -> Any:
        while isinstance(node, dict) and "$ref" in node:
            found: Any = self._document
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{[^}]+\})", template)
    # A branch or a file holds slashes, encoded or not.
    wide = {"{path}", "{branch}", "{ref}"}
    return re.compile(
        "".join((".+" if p in wide else "[^/]+") if p.startswith("{") else re.escape(p) for p in pieces)
    )


def _allow_null(node: Any) -> None:
    """OpenAPI 3.0 says `nullable: true` where JSON Schema names the type null."""
    if isinstance(node, list):
        for item in node:
            _allow_null(item)
    elif isinstance(node, dict):
        for item in node.values():
            _allow_null(item)
        if node.pop("nullable", None) is True:
            _or_null(node)


def _or_null(node: dict[str, Any]) -> None:
    if isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
        if isinstance(node.get("enum"), list):
            node["enum"] = [*node["enum"], None]
    elif not {"anyOf", "oneOf", "allOf", "$ref"}.isdisjoint(node):
        inner = dict(node)
        node.clear()
        node["anyOf"] = [inner, {"type": "null"}]
