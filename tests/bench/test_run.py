"""One tiny run of the whole benchmark on SQLite: servers, rounds, table, file, exit code."""

from __future__ import annotations

import json

import pytest

from bench.__main__ import main
from bench.figures import exact
from bench.measures import api

pytestmark = pytest.mark.slow


def test_a_wrong_figure_makes_the_run_fail_and_is_kept(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(api, "BYTES", exact("P9", "heatmap JSON as sent, compressed", 0.001, "kB"))
    size = ("--teams", "2", "--weeks", "2", "--rounds", "1")

    code = main(["--sqlite", *size, "--only", "P1", "P9", "--results", str(tmp_path)])

    printed = capfd.readouterr().out
    (kept,) = tmp_path.iterdir()
    figures = {figure["what"]: figure for figure in json.loads(kept.read_text())["figures"]}
    assert code == 1
    assert "2 teams x 2 weeks on SQLite" in printed
    assert figures["equal data: heatmap"]["verdict"] == "pass"
    missed = figures["heatmap JSON as sent, compressed"]
    assert (missed["verdict"], missed["stops"]) == ("FAIL", True)
    assert figures["heatmap JSON, uncached, with permissions / floor"]["value"] > 0


def test_what_is_missing_is_said(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://portal@db.example.org/portal")

    assert main(["--quick"]) == 2
    assert capsys.readouterr().err == (
        "Nothing was measured. DATABASE_URL names another machine; the benchmark stays on this one.\n"
    )
