"""The import contracts are worth what they catch: each seeded violation must break one of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("mlops_portal", "teams", "assessments", "integrations", "insights")

VIOLATIONS = {
    "an app imports upward": ("teams/queries/rights.py", "import assessments.models"),
    "siblings know each other": ("insights/queries/heatmap.py", "import integrations.models"),
    "the other way round": ("integrations/services/leases.py", "import insights.queries.heatmap"),
    "a model calls a service": ("assessments/models/score.py", "import assessments.services.scores"),
    "a query calls a service": ("assessments/queries/readings.py", "import assessments.services.scores"),
    "a service calls an edge": ("assessments/services/scores.py", "import assessments.tasks"),
    "a view leans on the API": ("assessments/views/team.py", "import assessments.api.results"),
    "scoring learns of Django": ("assessments/scoring.py", "import django"),
    "rules learn of models": ("assessments/rules.py", "import assessments.models"),
    "permissions learn of Django": ("teams/permissions.py", "import django"),
    "a foreign form": ("insights/views/heatmap.py", "import assessments.forms.answers"),
    "a foreign view": ("integrations/access.py", "import assessments.views.team"),
    "a connector reads models": ("integrations/connectors/github/connector.py", "import integrations.models"),
    "a connector leans on another": (
        "integrations/connectors/github/connector.py",
        "import integrations.connectors.mlflow.parse",
    ),
    "what connectors share learns of one": (
        "integrations/connectors/common/pool.py",
        "import integrations.connectors.github.reader",
    ),
    "plotly outside the charts": ("insights/views/progress.py", "import plotly"),
    "settings imported": ("assessments/services/scores.py", "import mlops_portal.settings"),
    "a leaf helper looks up": ("mlops_portal/lib/words.py", "import teams.models"),
    "code imports its tests": ("assessments/services/scores.py", "import tests.factories"),
    "hidden in a function": (
        "teams/queries/rights.py",
        "def hidden():\n    import assessments.models\n    return assessments.models",
    ),
    "a module of a new kind": ("assessments/helpers.py", "VALUE = 1"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("contracts")
    for name in COPIED:
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    (place / "tests").mkdir()
    (place / "tests" / "__init__.py").touch()
    (place / "tests" / "factories.py").touch()
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def contracts_hold(place: Path) -> bool:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=place, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


@pytest.mark.slow
def test_contracts_hold_as_the_tree_stands(copy: Path) -> None:
    assert contracts_hold(copy)


@pytest.mark.slow
@pytest.mark.parametrize("what", VIOLATIONS)
def test_a_seeded_violation_breaks_a_contract(copy: Path, what: str) -> None:
    file, line = VIOLATIONS[what]
    path = copy / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        assert not contracts_hold(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
