"""Figures of the progress page, as Plotly's JSON. Colours are tokens that charts.js looks up, so charts follow the theme.

Built as plain dictionaries: importing plotly takes a second, and its checks would refuse the tokens. A test draws each
figure through plotly's own validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from insights.queries.progress import TeamPoint, UnitPoint

Figure = dict[str, Any]
LEVEL_AXIS = {"range": [-0.2, 4.2], "tickvals": [0, 1, 2, 3, 4], "fixedrange": True, "zeroline": False}
PANEL = 110
# Above the plot, wherever its height puts that; Plotly makes room for it.
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}


def dimension_steps(points: Sequence[TeamPoint], names: Mapping[str, str]) -> Figure:
    """One small panel per dimension: level as a step line, verified dashed. The axis is fixed at 0 to 4."""
    weeks = [point.week_on.isoformat() for point in points]
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "grid": {"rows": len(names), "columns": 1, "pattern": "independent", "ygap": 0.45},
        "height": PANEL * len(names) + 80,
        "margin": {"l": 24, "r": 8, "t": 28, "b": 28},
        "showlegend": True,
        "legend": {**LEGEND, "y": 1.06},
        "annotations": [],
    }
    for n, (key, name) in enumerate(names.items(), start=1):
        axis = "" if n == 1 else str(n)
        threes = [point.dimensions.get(key, (None, None, None)) for point in points]
        for index, (label, dash, colour) in enumerate(
            (("Verified", "dot", "--text-soft"), ("Level", "solid", "--accent"))
        ):
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": label,
                    "legendgroup": label,
                    "showlegend": n == 1,
                    "x": weeks,
                    "y": [three[index] for three in threes],
                    "xaxis": f"x{axis}",
                    "yaxis": f"y{axis}",
                    # A level changes when something is published or measured, never in between.
                    "line": {"shape": "hv", "dash": dash, "color": colour, "width": 2},
                    "hovertemplate": f"{name}: {label.lower()} %{{y}}, week to %{{x|%-d %b %Y}}<extra></extra>",
                }
            )
        layout[f"xaxis{axis}"] = {"type": "date", "showticklabels": n == len(names)}
        layout[f"yaxis{axis}"] = dict(LEVEL_AXIS)
        layout["annotations"].append(
            {
                "text": name,
                "xref": f"x{axis} domain",
                "yref": f"y{axis} domain",
                "x": 0,
                "y": 1.02,
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
    return {"data": data, "layout": layout}


def level_mix(points: Sequence[UnitPoint]) -> Figure:
    """Teams at each level week by week, those without a current result on top."""
    weeks = [point.week_on.isoformat() for point in points]
    bars = [
        {
            "type": "bar",
            "name": f"Level {level}",
            "x": weeks,
            "y": [point.distribution[level] if point.distribution else None for point in points],
            "marker": {"color": f"--l{level}", "line": {"width": 1, "color": "--l-edge"}},
            "hovertemplate": f"%{{y}} at level {level}, week to %{{x|%-d %b %Y}}<extra></extra>",
        }
        for level in range(5)
    ]
    bars.append(
        {
            "type": "bar",
            "name": "No current result",
            "x": weeks,
            "y": [point.teams - point.counted for point in points],
            "marker": {
                "color": "--bg-sunk",
                "pattern": {"shape": "/", "fgcolor": "--text-soft"},
                "line": {"width": 1, "color": "--l-edge"},
            },
            "hovertemplate": "%{y} without a current result, week to %{x|%-d %b %Y}<extra></extra>",
        }
    )
    return {
        "data": bars,
        "layout": {
            "barmode": "stack",
            "bargap": 0.1,
            "height": 320,
            "xaxis": {"type": "date"},
            "yaxis": {"rangemode": "tozero", "tickformat": "d"},
            "margin": {"l": 24, "r": 8, "t": 8, "b": 28},
            "legend": LEGEND,
        },
    }


def unit_dimension_steps(points: Sequence[UnitPoint], names: Mapping[str, str]) -> Figure:
    """The level that four in five teams reach, per dimension; a gap where too few teams have a result."""
    as_teams = [
        TeamPoint(
            point.week_on,
            None,
            point.level,
            None,
            None,
            None,
            {name: (None, level, None) for name, level in point.dimensions.items()},
        )
        for point in points
    ]
    figure = dimension_steps(as_teams, names)
    figure["data"] = [trace for trace in figure["data"] if trace["name"] == "Level"]
    figure["layout"]["showlegend"] = False
    return figure
