"""Nothing may cost more because there is more history (P11), and lists not because there are more teams (P12)."""

from __future__ import annotations

from collections.abc import Iterator

from bench.asking import side_by_side
from bench.figures import Figure, ratio
from bench.measures.api import HEATMAP
from bench.measures.saving import Saver
from bench.run import Plan, Stand

HEATMAP_JSON = ratio("P11", "heatmap JSON, deep / young history", 1.1)
HEATMAP_PAGE = ratio("P11", "heatmap page, deep / young history", 1.1)
SAVE = ratio("P11", "save, deep / young history", 1.1)
GROWTH = ratio("P12", "growth 10,000 / 1,000 teams: heatmap", 11.0)
LIST_GROWTH = ratio("P12", "growth: list of teams", 1.15)
SAVE_GROWTH = ratio("P12", "growth: save", 1.15)
PAGE_GROWTH = ratio("P12", "growth: assessment page", 1.15)
PAGE = "/heatmap/?columns=capabilities"


def independence(deep: Stand, young: Stand, plan: Plan) -> Iterator[Figure]:
    """P11: the same questions to two organisations of the same size and different age."""
    weeks = f"{plan.deep} / {plan.young} weeks"
    one, other = deep.by_token(), young.by_token()
    times = side_by_side(
        {"deep": lambda: one.ask(HEATMAP), "young": lambda: other.ask(HEATMAP)}, rounds=plan.rounds
    )
    yield Figure(HEATMAP_JSON, times.ratio("deep", "young"), weeks)
    reader, neighbour = deep.as_reader(), young.as_reader()
    times = side_by_side(
        {"deep": lambda: reader.ask(PAGE), "young": lambda: neighbour.ask(PAGE)}, rounds=plan.rounds, times=3
    )
    yield Figure(HEATMAP_PAGE, times.ratio("deep", "young"), weeks)
    times = side_by_side({"deep": Saver(deep), "young": Saver(young)}, rounds=plan.rounds, times=10)
    yield Figure(SAVE, times.ratio("deep", "young"), weeks)


def growth(many: Stand, few: Stand, plan: Plan) -> Iterator[Figure]:
    """P12: the heatmap may grow with its rows, lists, saves and pages may not."""
    sizes = f"{many.place.size.teams} / {few.place.size.teams} teams"
    large, small = many.by_token(), few.by_token()
    times = side_by_side(
        {"many": lambda: large.ask(HEATMAP), "few": lambda: small.ask(HEATMAP)}, rounds=plan.rounds, times=3
    )
    yield Figure(GROWTH, times.ratio("many", "few"), sizes)
    reader, neighbour = many.as_reader(), few.as_reader()
    times = side_by_side(
        {"many": lambda: reader.ask("/teams/"), "few": lambda: neighbour.ask("/teams/")}, rounds=plan.rounds
    )
    yield Figure(LIST_GROWTH, times.ratio("many", "few"), sizes)
    times = side_by_side({"many": Saver(many), "few": Saver(few)}, rounds=plan.rounds, times=10)
    yield Figure(SAVE_GROWTH, times.ratio("many", "few"), sizes)
    path = f"/teams/{many.known['team']}/assessment/"
    lead, other = many.as_lead(), few.as_lead()
    times = side_by_side({"many": lambda: lead.ask(path), "few": lambda: other.ask(path)}, rounds=plan.rounds)
    yield Figure(PAGE_GROWTH, times.ratio("many", "few"), sizes)
