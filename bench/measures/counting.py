"""Queries per view, which may not depend on how many teams there are (P21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.figures import Budget, Figure, exact
from bench.inside_names import LEAD, READER
from bench.measures.api import HEATMAP
from bench.places import Place

VIEWS = {
    "heatmap": (exact("P21", "queries: heatmap page, 21 columns", 3), "/heatmap/?columns=capabilities"),
    "json": (exact("P21", "queries: heatmap JSON", 3), HEATMAP),
    "save": (exact("P21", "queries: save one answer", 8), "/teams/{team}/assessment/answers/{criterion}/"),
    "list": (exact("P21", "queries: list of teams", 4), "/teams/"),
    "page": (exact("P21", "queries: assessment page", 4), "/teams/{team}/assessment/"),
    # PERFORMANCE gives a budget to the assessment page alone; this one is what the team's page costs today, held there.
    "team": (exact("P21", "queries: team page, no budget given", 11), "/teams/{team}/"),
}
OK = 200
SAME = exact("P21", "views whose queries grow with the teams", 0)


def queries(few: Place, many: Place) -> Iterator[Figure]:
    """P21 from the organisation with many teams, with what differs in the one with few."""
    with_few, with_many = (place.inside("queries", pages=_pages(place)) for place in (few, many))
    for name, (budget, _) in VIEWS.items():
        yield _figure(budget, with_many[name], many)
    growing = [
        name
        for name in VIEWS
        if with_few[name]["status"] == with_many[name]["status"] == OK
        and with_few[name]["queries"] != with_many[name]["queries"]
    ]
    sizes = f"{few.size.teams} and {many.size.teams} teams"
    yield Figure(SAME, len(growing), ", ".join(growing) or sizes)


def _figure(budget: Budget, found: dict[str, Any], place: Place) -> Figure:
    if found["status"] != OK:
        return Figure(budget, None, f"answered {found['status']}")
    return Figure(budget, found["queries"], f"{place.size.teams} teams")


def _pages(place: Place) -> dict[str, dict[str, Any]]:
    known = place.people
    pages: dict[str, dict[str, Any]] = {}
    for name, (_, path) in VIEWS.items():
        pages[name] = {"path": path.format(**known), "person": READER}
    pages["json"] = {"path": HEATMAP, "token": known["token"]}
    key = known["criterion"].replace(".", "-")
    pages["save"] |= {
        "person": LEAD,
        "post": {f"answer-{key}": "yes", f"version-{key}": str(known["row_version"])},
        "headers": {"hx-request": "true"},
    }
    pages["page"]["person"] = pages["team"]["person"] = LEAD
    return pages
