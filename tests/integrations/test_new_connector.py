"""`manage.py new_connector` in a copy of the repository: what it writes passes every check, and its tests lead the way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "var", "node_modules", ".hypothesis", ".pytest_cache", "screenshots", "*.sqlite3*"
)
TOOLS = Path(sys.executable).parent
WRITTEN = [
    "integrations/connectors/build_box/__init__.py",
    "integrations/connectors/build_box/connector.py",
    "integrations/connectors/build_box/parse.py",
    "tests/integrations/connectors/test_build_box_contract.py",
    "tests/integrations/payloads/build_box/README.md",
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    there = tmp_path_factory.mktemp("clone") / "repository"
    shutil.copytree(ROOT, there, ignore=LEFT_OUT)
    return there


def run(copy, *command):
    environment = {**os.environ, "PORTAL_DATA_DIR": str(copy / "var"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def new_connector(copy, name):
    return run(copy, sys.executable, "manage.py", "new_connector", name)


def files(copy):
    return {
        str(path.relative_to(copy)): path.read_bytes()
        for folder in ("integrations", "tests/integrations", "mlops_portal")
        for path in (copy / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("github", "'github' is there already. Nothing was written."),
        ("http", "'http' is there already. Nothing was written."),
        *(
            (
                name,
                f"{name!r} cannot name a connector: small letters, digits and _, beginning with a letter, 2 to 30 long.",
            )
            for name in ("GitLab", "7up", "a", "class", "../evil", "git-lab", "x" * 31)
        ),
    ],
)
def test_a_name_that_cannot_be_used_is_one_line_and_changes_nothing(copy, name, message):
    before = files(copy)

    code, out, error = new_connector(copy, name)

    assert (code, out, error) == (1, "", f"CommandError: {message}\n")
    assert files(copy) == before


def test_what_it_writes_passes_the_checks_and_its_tests_are_red_for_the_right_reason(copy):
    before = files(copy)

    code, out, _ = new_connector(copy, "build_box")

    assert code == 0
    assert sorted(set(files(copy)) - set(before)) == WRITTEN
    assert {path: text for path, text in files(copy).items() if path in before} == before
    assert [line for line in out.splitlines() if line.startswith("wrote ")] == [
        f"wrote {path}" for path in (*WRITTEN[:3], WRITTEN[4], WRITTEN[3])
    ]
    python = [path for path in WRITTEN if path.endswith(".py")]
    assert run(copy, str(TOOLS / "ruff"), "check", *python)[0] == 0
    assert run(copy, str(TOOLS / "ruff"), "format", "--check", *python)[0] == 0
    assert run(copy, str(TOOLS / "lint-imports"))[0] == 0
    assert run(copy, str(TOOLS / "mypy"), *python)[1].strip().endswith("no issues found in 4 source files")
    # A connector that is not listed is within nobody's reach, however red its tests are.
    code, out, _ = run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", WRITTEN[3])
    assert code == 1
    assert re.findall(r"^E +AssertionError: (.{0,30})", out, re.MULTILINE) == [
        "Name the signals that Build Bo",
        "Record answers of a real Build",
        "Work out by hand what the payl",
        "Nothing to compare with yet: f",
        "Fill OPTIONS with what a mappi",
        "With empty options each signal",
        "Nothing to ask yet: see test 2",
        'Last of all: "build_box": "int',
    ]
    assert new_connector(copy, "build_box")[2] == (
        "CommandError: 'build_box' is there already. Nothing was written.\n"
    )
