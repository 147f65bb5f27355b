"""What makes the benchmark fail: RULINGS 17."""

from __future__ import annotations

import pytest

from bench.figures import Budget, Figure, Kind, equal, exact, exit_code, ratio, seconds, table


@pytest.mark.parametrize(
    ("budget", "value", "verdict", "code"),
    [
        (exact("P9", "bytes", 40, "kB"), 40.0, "pass", 0),
        (exact("P9", "bytes", 40, "kB"), 40.1, "FAIL", 1),
        (ratio("P1", "heatmap", 2.0), 2.0, "pass", 0),
        (ratio("P1", "heatmap", 2.0), 3.9, "FAIL", 0),
        (ratio("P1", "heatmap", 2.0), 4.1, "FAIL", 1),
        (ratio("P16", "storing", 0.5, at_most=False), 0.5, "pass", 0),
        (ratio("P16", "storing", 0.5, at_most=False), 0.3, "FAIL", 0),
        (ratio("P16", "storing", 0.5, at_most=False), 0.2, "FAIL", 1),
        (seconds("P15", "start", 1.3), 9.0, "FAIL", 0),
        (exact("P9", "bytes", 40, "kB"), None, "not measured", 0),
    ],
)
def test_a_figure_stops_the_run_or_is_only_printed(budget, value, verdict, code):
    figure = Figure(budget, value)

    assert (figure.verdict, exit_code([figure])) == (verdict, code)


def test_other_data_than_the_floor_stops_the_run():
    same, other = equal("P1", "heatmap", ""), equal("P1", "heatmap", "team a differs")

    assert (exit_code([same]), exit_code([other]), exit_code([same, other])) == (0, 1, 1)


def test_table_says_budget_value_and_verdict_in_the_order_of_performance():
    lines = list(
        table(
            [
                Figure(exact("P18", "bytes", 60, "kB"), 55.9, "br"),
                Figure(ratio("P2", "prepared", 0.5), 1.2),
                Figure(Budget("P9", "kept", Kind.EXACT, 40, "kB"), None, "why not"),
            ]
        )
    )

    assert [line.split("  ")[0].strip() for line in lines[2:]] == ["P2", "P9", "P18"]
    assert "<= 0.5 x" in lines[2]
    assert "FAIL (stops the run)" in lines[2]
    assert lines[3].endswith("why not")
    assert "55.9 kB" in lines[4]
