"""What is kept of a run: bench/results/<date>-<commit>.json, and the table on the screen."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.figures import Figure, table
from bench.places import ROOT
from bench.run import Plan

RESULTS = ROOT / "bench" / "results"
PACKAGES = ("django", "granian", "psycopg", "orjson", "djangorestframework", "brotli")


def write(figures: Sequence[Figure], plan: Plan, database: str, seconds: float, folder: Path) -> Path:
    """The file of this run. A second run of the same day and commit replaces it."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)  # noqa: TID251 -- an edge without Django
    path = folder / f"{now:%Y-%m-%d}-{_commit()}.json"
    path.write_text(
        json.dumps(
            {
                "at": now.isoformat(timespec="seconds"),
                "commit": _commit(),
                "plan": asdict(plan),
                "seconds": round(seconds, 1),
                "machine": _machine(),
                "versions": _versions(database),
                "figures": [_plain(figure) for figure in figures],
            },
            indent=2,
        )
        + "\n"
    )
    return path


def show(figures: Sequence[Figure], plan: Plan, database: str, seconds: float) -> None:
    """The table of PERFORMANCE with what was measured."""
    machine = _machine()
    print(
        f"\n{plan.teams:,} teams x {plan.weeks} weeks on {database}; {machine['cores']} cores, "
        f"load {machine['load']}; {seconds:.0f} s\n"
    )
    for line in table(figures):
        print(line)
    missed = [figure for figure in figures if figure.verdict == "FAIL"]
    stops = [figure for figure in missed if figure.stops]
    print(f"\n{len(missed)} missed, {len(stops)} of them stop the run.")


def _plain(figure: Figure) -> dict[str, Any]:
    return {
        "row": figure.budget.row,
        "what": figure.budget.what,
        "kind": figure.budget.kind.value,
        "budget": figure.budget.words,
        "value": figure.value,
        "verdict": figure.verdict,
        "stops": figure.stops,
        "note": figure.note,
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no-commit"


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def _versions(database: str) -> dict[str, str]:
    return {
        "python": sys.version.split()[0],
        "database": database,
        **{name: version(name) for name in PACKAGES},
    }
