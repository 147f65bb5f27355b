"""Exchanges with the real api.github.com: the recordings in PyGithub's source distribution, downloaded and never committed."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

PACKAGE = "PyGithub"
VERSION = "2.10.0"
INSTALL = (
    f"python3 -m pip download --no-deps --no-binary {PACKAGE} {PACKAGE}=={VERSION} --dest var/test-downloads"
)
_ARCHIVE = f"[pP]y[gG]it[hH]ub-{VERSION}.tar.gz"
CACHE = Path(__file__).parents[2] / "var" / "test-downloads"


@dataclass(frozen=True)
class Exchange:
    """One recorded question and its answer. `headers` have the names that GitHub sent."""

    method: str
    url: str
    status: int
    headers: dict[str, str]
    body: Any


def missing(what: str, install: str) -> NoReturn:
    """Skips, saying what to install; under CI=true a missing service is a failure."""
    message = f"{what} is not here: {install}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def fetch_recordings(cache: Path = CACHE) -> Path:
    """The folder of recordings, downloaded once. Raises OSError or SubprocessError when it cannot be had."""
    folder = cache / f"pygithub-{VERSION}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        asked = [
            "download",
            "--no-deps",
            "--no-binary",
            PACKAGE,
            f"{PACKAGE}=={VERSION}",
            "--dest",
            str(cache),
        ]
        if not list(cache.glob(_ARCHIVE)):
            subprocess.run([*_pip(), *asked], check=True, capture_output=True, timeout=300)
        fresh = folder.with_suffix(f".{os.getpid()}")
        with tarfile.open(next(cache.glob(_ARCHIVE))) as archive:
            recordings = [
                member for member in archive if "/tests/ReplayData/" in member.name and member.isfile()
            ]
            for member in recordings:
                member.name = Path(member.name).name
            fresh.mkdir()
            archive.extractall(fresh, members=recordings, filter="data")
        fresh.rename(folder)
    return folder


def _pip() -> list[str]:
    """A pip: of this Python, or run by uv where the environment was made without one."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    from uv import find_uv_bin  # noqa: PLC0415 -- only there where pip is not

    return [find_uv_bin(), "tool", "run", "--quiet", "pip"]


class Recordings:
    """Finds an exchange by the file it is recorded in and the path that was asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exchange(self, file: str, path: str) -> Exchange:
        """The first GET of `path` in a recording. Raises LookupError when it is not there."""
        for found in _exchanges(self._folder / f"{file}.txt"):
            if (found.method, found.url) == ("GET", path):
                return found
        raise LookupError(f"{path} is not recorded in {file}")

    def body(self, file: str, path: str) -> Any:
        return self.exchange(file, path).body


def _exchanges(file: Path) -> Iterator[Exchange]:
    """A recording is ten lines an exchange: scheme, method, host, port, path, headers sent, body sent, status, headers, body."""
    lines = file.read_text(encoding="utf-8").split("\n")
    for at in range(0, len(lines) - 9, 11):
        _, method, _, _, url, _, _, status, headers, body = lines[at : at + 10]
        try:
            data = json.loads(body) if body else None
        except ValueError:
            data = body
        yield Exchange(method, url, int(status), dict(ast.literal_eval(headers)), data)
