"""Conventions as tests over the syntax tree, each with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parents[2]
APPS = ("teams", "assessments", "integrations", "insights", "mlops_portal")
MAX_LINES = 400
# Grown past it, each one subject still; the next one to touch them splits them. They may shrink, never grow.
GROWN = {"assessments/scoring.py": 470, "mlops_portal/templatetags/portal.py": 430}
WRITES = {
    "save",
    "create",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
    "delete",
}
# The demo is a writer like a service; managers and forms of Django's own have methods of these names.
WRITERS = ("services", "demo", "migrations", "models")
# Only edges know what time it is, so that tests do not pass until midnight.
# accounts.py answers allauth, http.py turns "retry after" into a moment.
CLOCKS = {"mlops_portal/accounts.py", "integrations/connectors/http.py"}
EDGES = ("views", "api", "tasks", "management", "templatetags", "launcher", "migrations")
# Open to visitors, each for its reason: health, the way to sign-in, set-up, the end of the demo, invitations, problem pages,
# systems that sign what they send.
OPEN_TO_VISITORS = {
    "home",
    "demo-remove",
    "livez",
    "readyz",
    "styleguide",
    "teams:welcome",
    "teams:setup",
    "teams:demo-sign-in",
    "teams:invitation",
    "account_reset_password",
    "hook-github",
    "hook-gitlab",
    "client-file",
}


def modules() -> Iterator[tuple[str, Path]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def test_files_stay_under_400_lines() -> None:
    long = [
        name
        for name, path in modules()
        if "migrations" not in path.parts and len(path.read_text().splitlines()) > GROWN.get(name, MAX_LINES)
    ]

    assert long == []


def test_only_services_write() -> None:
    """What no import rule can see: a view that saves."""
    found = [
        f"{name}:{call.lineno} .{call.func.attr}()"
        for name, path in modules()
        if not set(Path(name).parts) & set(WRITERS)
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in WRITES
        and "objects" in ast.unparse(call.func.value)
    ]

    assert found == []


def test_services_take_keywords_only() -> None:
    """`publish_assessment(a, b)` is a puzzle; `publish_assessment(assessment=a, by=b)` is a sentence."""
    found = [
        f"{name}: {node.name}"
        for name, path in modules()
        if "services" in Path(name).parts
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        # Whatever happens at a moment is an act; pure helpers beside it may take their argument plainly.
        and "at" in {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        and len(node.args.args) > 1
    ]

    assert found == []


def test_only_edges_read_the_clock() -> None:
    found = [
        f"{name}:{call.lineno}"
        for name, path in modules()
        if not set(Path(name).parts) & set(EDGES)
        and Path(name).name not in {"tasks.py", "views.py"}
        and name not in CLOCKS
        for call in calls(path)
        if ast.unparse(call.func) in {"timezone.now", "timezone.localdate", "datetime.now", "date.today"}
    ]

    assert found == []


def named(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from named(pattern.url_patterns, inner)
        else:
            yield f"{space}{pattern.name or ''}", pattern


def test_every_address_has_a_name() -> None:
    found = [
        str(pattern.pattern)
        for name, pattern in named(get_resolver().url_patterns)
        if (not name or name.endswith(":")) and (pattern.callback.__module__ or "").split(".")[0] in APPS
    ]

    assert found == []


def test_pages_open_to_visitors_are_listed() -> None:
    """A forgotten sign-in shows here: LoginRequiredMiddleware closes everything that is not marked open."""
    ours = {
        name
        for name, pattern in named(get_resolver().url_patterns)
        if not getattr(pattern.callback, "login_required", True)
        and not name.startswith("api:")
        and not (pattern.callback.__module__ or "").startswith(("allauth", "django"))
    }

    assert ours <= OPEN_TO_VISITORS


@pytest.mark.parametrize("app", ["teams", "assessments", "integrations"])
def test_migrations_have_one_leaf_and_names(app: str) -> None:
    files = sorted(path.stem for path in (ROOT / app / "migrations").glob("0*.py"))
    numbers = [name[:4] for name in files]

    assert len(numbers) == len(set(numbers))
    assert [name for name in files if "_auto_" in name] == []


def test_the_repository_names_no_place() -> None:
    """No path of a developer's machine and no registry's host: a clone must not depend on where it was made."""
    forbidden = ("/work/" + "main", "/root/", "/home/", "artifactory", "jfrog")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for folder in (
            *APPS,
            "clients",
            "tests",
            "docs",
            "requirements",
            ".ci",
            "bench",
            "templates",
            "static",
        )
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file()
        and path.suffix
        in {
            ".py",
            ".md",
            ".txt",
            ".in",
            ".lock",
            ".html",
            ".css",
            ".js",
            ".yaml",
            ".yml",
            ".toml",
            ".groovy",
            "",
        }
        for word in forbidden
        if word in path.read_text(encoding="utf-8", errors="ignore")
        and path != Path(__file__)
        and "__pycache__" not in path.parts
    ]

    assert found == []
