"""A deliberate bug in scoring, rules, rights or collection turns the tests red: tried on a copy, never on the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.mutations.listed import PURE, RULES, SCORING, UNDER_DJANGO, Mutation

ROOT = Path(__file__).parents[2]
COPIED = ("mlops_portal", "teams", "assessments", "integrations", "insights", "templates", "static", "tests")
AT_ONCE = 2
# Mutated copies see fewer random teams than the suite: enough to notice, seconds instead of a minute.
RANDOM_TEAMS = "400"
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> SimpleQueue[Path]:
    """Copies of the repository that nobody uses at the moment."""
    free: SimpleQueue[Path] = SimpleQueue()
    for _ in range(AT_ONCE):
        place = tmp_path_factory.mktemp("mutated")
        for name in COPIED:
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "manage.py"):
            shutil.copy(ROOT / name, place)
        (place / "plain.ini").write_text("[pytest]\nmarkers = slow\n")
        free.put(place)
    return free


def run(place: Path, tests: tuple[str, ...], *, needs_database: bool) -> subprocess.CompletedProcess[str]:
    """These tests in this copy. Pure ones start without Django and without plugins, in half a second."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "BRUTE_FORCE_TEAMS": RANDOM_TEAMS,
        # An old compiled file of the same second and size would hide the bug.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PORTAL_DATA_DIR": str(place / "var"),
    }
    command = [*PYTEST, *tests]
    if needs_database:
        command.append("--no-migrations")
    else:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command += ["-c", "plain.ini", "--rootdir", ".", "--confcutdir", "tests/assessments"]
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def survivors(copies: SimpleQueue[Path], mutations: tuple[Mutation, ...]) -> list[str]:
    """Of each mutation that no test noticed: where and why it matters."""

    def survives(mutation: Mutation) -> str:
        place = copies.get()
        path = place / mutation.file
        before = path.read_text(encoding="utf-8")
        path.write_text(before.replace(mutation.old, mutation.new), encoding="utf-8")
        try:
            done = run(place, mutation.sufficient(), needs_database=mutation.needs_database)
        finally:
            path.write_text(before, encoding="utf-8")
            copies.put(place)
        # 1: tests ran and failed. Anything else (a file that does not even import) would prove nothing.
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return "" if done.returncode == 1 else f"{mutation.file}: {mutation.why}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [line for line in pool.map(survives, mutations) if line]


def test_there_are_twenty_for_scoring_and_rules_and_each_applies() -> None:
    everything = (*PURE, *UNDER_DJANGO)
    found = [(m.why, (ROOT / m.file).read_text(encoding="utf-8").count(m.old)) for m in everything]

    assert [(why, times) for why, times in found if times != 1] == []
    assert all(m.old != m.new for m in everything)
    assert len({(m.file, m.old, m.new) for m in everything}) == len(everything)
    assert sum(m.file in (SCORING, RULES) for m in everything) >= 20


@pytest.mark.parametrize("mutations", [PURE, UNDER_DJANGO], ids=["pure", "under django"])
def test_untouched_copies_pass(copies: SimpleQueue[Path], mutations: tuple[Mutation, ...]) -> None:
    tests = tuple(sorted({test for mutation in mutations for test in mutation.sufficient()}))
    place = copies.get()
    try:
        done = run(place, tests, needs_database=mutations is UNDER_DJANGO)
    finally:
        copies.put(place)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mutations", [PURE, UNDER_DJANGO], ids=["pure", "under django"])
def test_every_mutation_is_noticed(copies: SimpleQueue[Path], mutations: tuple[Mutation, ...]) -> None:
    assert survivors(copies, mutations) == []
