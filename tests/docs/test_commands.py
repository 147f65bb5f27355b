"""Commands, settings and words that the docs promise are the ones that the code has."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parents[2]
# Run, not imported: it is written for older Pythons and stays out of the types.
COMMANDS = runpy.run_path(str(ROOT / "dev.py"), run_name="dev")["COMMANDS"]
# Read by settings.py, the launcher and the command behind it; each function takes the name of a variable first.
READERS = {"text", "flag", "number", "words"}
# Set by the launcher, tests and checks for the processes that they start; nobody sets these by hand.
INTERNAL = {"PORTAL_DEMO", "PORTAL_LOG_COLOURS", "PORTAL_PASSWORD_HASHERS", "PORTAL_DEV_APPS"}
# Variables of compose itself, not of the portal.
COMPOSE = {"POSTGRES_PASSWORD"}


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def settings_that_are_read():
    found = set()
    for path in (ROOT / "mlops_portal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in READERS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(node.args[0].value)
    return found


def test_the_table_of_settings_is_complete():
    table = re.findall(r"^\| `([A-Z_]+)` \|", text("docs/operations.md"), re.MULTILINE)

    assert len(settings_that_are_read()) > 20
    assert sorted(table) == sorted(settings_that_are_read())


def test_the_example_file_names_every_setting():
    named = re.findall(r"^(?:# )?([A-Z_]+)=", text(".env.example"), re.MULTILINE)

    assert sorted(named) == sorted(settings_that_are_read() - INTERNAL | COMPOSE)


def test_readme_has_the_two_commands_and_the_gate_runs_them():
    readme, gate = text("README.md"), text(".ci/run")

    for name in ("run", "test"):
        assert f"    make {name} " in readme
        assert f"    python3 dev.py {name}\n" in readme
        assert name in COMMANDS
    assert "leg python3 dev.py test\n" in gate
    assert "\t@python3 dev.py $@" in text("Makefile")


@pytest.mark.parametrize(
    "page",
    ["README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))],
)
def test_commands_that_are_named_exist(page):
    words = text(page)

    assert set(re.findall(r"manage\.py (\w+)", words)) - set(get_commands()) - {"NAME"} == set()
    assert set(re.findall(r"dev\.py ([\w-]+)", words)) - set(COMMANDS) - {"TARGET"} == set()
    assert set(re.findall(r"\bmake ([a-z-]+)`", words)) - set(COMMANDS) - {"help"} == set()


def test_the_licence_is_whole_and_every_bundled_library_is_noticed():
    assert text("LICENSE").startswith("                              Apache License\n")
    assert "END OF TERMS AND CONDITIONS" in text("LICENSE")
    notice = text("NOTICE")
    for name in ("htmx", "plotly.js", "Lucide", "Swagger UI", "CC BY 4.0"):
        assert name in notice
