"""`manage.py check_mapping`: the same judgement as at collection, on a file at hand, with an exit code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from integrations.models import Source
from tests.factories import make_team
from tests.integrations.factories import make_connection, make_source

GOOD = "version: 1\nteam: churn\nconnections:\n  - name: Git\n    options:\n      workflows: [train.yml]\n"


def check(path: Path, *flags: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("check_mapping", str(path), *flags, stdout=out)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue().replace(str(path), "FILE")
    return 0, out.getvalue().replace(str(path), "FILE")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".mlops-portal.yaml"


@pytest.fixture
def mapped(db: None, fake_kinds: None) -> Source:
    return make_source(make_connection(name="Git"), make_team("Churn"))


def test_file_that_would_be_followed_is_0_and_writes_nothing(mapped: Source, file: Path) -> None:
    file.write_text(GOOD)

    assert check(file) == (0, "FILE is as it should be.\n")
    mapped.refresh_from_db()
    assert mapped.options == {"project": "churn"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\n", "FILE:1:1: The key team is missing.\nFILE:1:1: The key connections is missing.\n"),
        (
            GOOD.replace("workflows", "workflow"),
            "FILE:6:7: Fake Git has no option “workflow”. Did you mean workflows?\n",
        ),
        (GOOD.replace("churn", "chrun"), "FILE:2:7: There is no team “chrun”. Did you mean churn?\n"),
        (
            GOOD.replace("name: Git", "name: Got"),
            "FILE:4:5: The team is mapped to no connection named “Got”; a file sets options of mappings that are there, and "
            "makes none. Did you mean Git?\n",
        ),
        (
            GOOD.replace("workflows: [train.yml]", "project: all"),
            "FILE:6:16: project: “all” is not part of what was mapped by hand (churn). A file may narrow that, never widen it; "
            "who maps teams has to add it first.\n",
        ),
    ],
    ids=["form", "option", "team", "connection", "scope"],
)
def test_file_with_faults_is_3_and_names_each_place(mapped: Source, file: Path, text: str, said: str) -> None:
    file.write_text(text)

    assert check(file) == (3, said)


def test_file_that_is_not_there_is_the_commands_own_failure(mapped: Source, file: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot be read: No such file or directory\.$"):
        check(file)


def test_form_only_asks_no_database(fake_kinds: None, file: Path) -> None:
    """Outside of the db fixture any query fails."""
    file.write_text(GOOD.replace("workflows", "workflow").replace("name: Git", "kind: fakegit"))
    assert check(file, "--form-only") == (
        3,
        "FILE:6:7: Fake Git has no option “workflow”. Did you mean workflows?\n",
    )

    file.write_text("version: 1\nteam: nobody\nconnections:\n  - kind: fakegut\n")
    assert check(file, "--form-only") == (
        3,
        "FILE:4:5: This portal has no connector of the kind “fakegut”. Did you mean fakegit?\n",
    )

    file.write_text(GOOD)
    assert check(file, "--form-only") == (0, "FILE is as it should be.\n")


def test_database_that_fails_is_1_and_names_the_way_without(mapped: Source, file: Path) -> None:
    file.write_text(GOOD)

    def down(*_: Any) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(down), pytest.raises(CommandError, match="--form-only asks none"):
        check(file)
