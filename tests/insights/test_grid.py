"""Cells, unit rows and the sentence above the picture."""

from __future__ import annotations

from datetime import date

import orjson

from assessments.catalog.shipped import shipped_model
from assessments.scoring import OrgReason
from assessments.standing import plan_of
from insights.charts.heatmap_table import table_bodies
from insights.charts.words import how_to_read, lead_of
from insights.queries.grid import Cell, Column, build_grid
from insights.queries.heatmap import HeatRow

PLAN = plan_of(shipped_model())
COLUMNS = tuple(Column(d.id, d.name) for d in shipped_model().dimensions)
CAPABILITIES = tuple(Column(name, name, group) for name, group in PLAN.capabilities)
DAY = date(2026, 11, 20)


def row(name="Alpha", *, levels=(2, 2, 2), state=0, assessed_on=DAY, unit="commerce", **fields):
    verified, level, potential = levels
    width = len(PLAN.capabilities)
    cells = {"verified": [verified] * width, "level": [level] * width, "potential": [potential] * width}
    return HeatRow(
        slug="team",
        name=name,
        unit_slug=unit,
        unit_name=unit.title(),
        cells=orjson.dumps({**cells, "state": [state] * width}).decode(),
        rollups=orjson.dumps(
            {"dimensions": {key: [verified, level, potential] for key in PLAN.dimensions}}
        ).decode(),
        coverage=fields.pop("coverage", 1.0),
        assessed_on=assessed_on,
        is_provisional=fields.pop("is_provisional", False),
    )


def missing(name="Nobody", unit="commerce"):
    return HeatRow(name.lower(), name, unit, unit.title(), "", "", None, None, is_provisional=False)


def grid(*rows, by_capability=False):
    columns = CAPABILITIES if by_capability else COLUMNS
    return build_grid(rows, PLAN, columns, by_capability=by_capability, as_of=DAY)


def html(*rows, show="both", by_capability=False):
    return table_bodies(
        grid(*rows, by_capability=by_capability),
        show=show,
        team_url=lambda slug: f"/t/{slug}/",
        unit_url=lambda slug: f"?unit={slug}",
    )


def test_a_team_without_a_result_is_missing_never_zero():
    made = grid(missing())

    assert made.blocks[0].rows[0].cells == (Cell("none"),) * 5
    assert made.summary.current == 0
    assert html(missing()).count("<td class=lx>No data") == 5


def test_dimension_is_unknown_when_nothing_in_it_is_known():
    assert grid(row(levels=(0, 0, 4), state=1)).blocks[0].rows[0].cells[0].kind == "unknown"
    assert "<td class=lu>?" in html(row(levels=(0, 0, 4), state=1))


def test_zero_is_shown_as_zero():
    assert html(row(levels=(0, 0, 3))).count("<td class=l0>0") == 5


def test_claimed_and_verified_stand_side_by_side():
    assert html(row(levels=(1, 3, 4))).count("<td class=l3>3<small>1</small>") == 5
    assert html(row(levels=(1, 3, 4)), show="verified").count("<td class=l1>1") == 5
    assert html(row(levels=(1, 3, 4)), show="potential").count("<td class=l4>4") == 5


def test_disputed_and_stale_are_marked():
    assert '<td class="l2 d">2' in html(row(state=4))
    assert '<td class="l2 s">2' in html(row(state=8))
    assert '<td class="l2 s">2' in html(row(assessed_on=date(2026, 1, 1)))


def test_names_are_escaped():
    assert "<script>" not in html(row(name="<script>alert(1)</script>"))


def test_provisional_says_how_much_is_known():
    assert "20 Nov 2026, 64 % known" in html(row(is_provisional=True, coverage=0.64))


def test_unit_row_is_hidden_under_three_teams_and_honest_above():
    two = grid(row("A"), row("B"))
    four = grid(row("A"), row("B"), row("C"), missing("D"))

    assert two.blocks[0].columns == ()
    assert (four.blocks[0].columns[0].level, four.blocks[0].columns[0].distribution[2]) == (2, 3)
    assert grid(row("A"), missing("B"), missing("C")).blocks[0].columns[0].reason is OrgReason.TOO_FEW_TEAMS


def test_rows_are_cut_every_fifty_so_that_the_browser_can_skip_them():
    assert html(*[row(f"T{n}") for n in range(120)]).count("<tbody>") == 3


def test_lead_states_the_answer():
    assert lead_of(grid(row("A"), missing("B")).summary).startswith("1 of 2 teams have a current result.")
    assert lead_of(grid(missing("B")).summary) == "0 of 1 team has a current result."


def test_how_to_read_uses_a_real_cell():
    lines = how_to_read(grid(row("A"), row("B", levels=(1, 2, 4))), {2: "Automated training"})

    assert len(lines) == 3
    assert lines[0].startswith("B, ")
    assert (
        lines[1]
        == "The small number 1 is what facts, evidence or a reviewer confirm; the rest is the team's word."
    )
    assert lines[2] == "Unknown is not no: with what is still unknown it could be up to 4."
    assert how_to_read(grid(missing()), {}) == []
