"""Data folders to start a portal on: made once, copied for each test, so that no test waits for what another has made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.launched import manage


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "var"
    manage(folder, "bootstrap")
    return folder


@pytest.fixture(scope="session")
def _seeded(tmp_path_factory: pytest.TempPathFactory, _empty: Path) -> Path:
    folder = tmp_path_factory.mktemp("seeded") / "var"
    shutil.copytree(_empty, folder)
    manage(folder, "seed_demo", "--units", "2", "--teams", "3", "--weeks", "4")
    return folder


@pytest.fixture
def empty_folder(_empty: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder of a portal in which nobody is yet."""
    yield from _copied(_empty, tmp_path)


@pytest.fixture
def demo_folder(_seeded: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder with a small demo."""
    yield from _copied(_seeded, tmp_path)


def _copied(original: Path, place: Path) -> Iterator[Path]:
    folder = place / "var"
    shutil.copytree(original, folder)
    yield folder
    # Ten copies of the static files are not worth keeping for a look at a failure.
    shutil.rmtree(folder, ignore_errors=True)
