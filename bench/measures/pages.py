"""Pages: how long the list of teams and an assessment take (P6, P8), and how much every page weighs (P18)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from bench.asking import Answer, Client, WrongAnswer, side_by_side
from bench.figures import Figure, equal, exact, ratio
from bench.measures.api import plain
from bench.run import Plan, Stand

LIST = ratio("P6", "list of 50 teams with scores / floor", 8.0)
ASSESSMENT = ratio("P8", "assessment page of one team / floor", 4.0)
HEATMAP_BYTES = exact("P18", "heatmap page, 21 columns: all bytes", 60.0, "kB")
HEATMAP_REQUESTS = exact("P18", "heatmap page: requests", 8)
THIRD_PARTIES = exact("P18", "heatmap page: requests to third parties", 0)
OTHER_BYTES = exact("P18", "the heaviest other page: all bytes, Plotly left out", 40.0, "kB")
HEATMAP_PAGE = "/heatmap/?columns=capabilities"
PER_PAGE = 50
ROW = re.compile(r'href="/teams/([\w-]+)/"')
ANSWERED = re.compile(r"(\d+) of (\d+) criteria answered")
# What a browser fetches by itself.
ASSET = re.compile(r"""<(?:script|img|source|iframe)\b[^>]*?\bsrc=["']?([^"'\s>]+)|<link\b([^>]*)>""")
FETCHED_RELATIONS = re.compile(r"""rel=["']?(?:stylesheet|icon|preload|modulepreload|manifest)""")
HREF = re.compile(r"""href=["']?([^"'\s>]+)""")
PLOTLY = "plotly"


@dataclass(frozen=True, slots=True)
class Weight:
    """A page with all that it fetches, as sent."""

    size: int
    requests: int
    third_parties: int
    encoding: str


def teams(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P6."""
    floor, portal = stand.at_floor(), stand.as_reader()
    path = f"/teams?limit={PER_PAGE}"
    try:
        page = plain(portal.ask("/teams/")).decode()
    except WrongAnswer as wrong:
        yield Figure(LIST, None, str(wrong)[:80])
        return
    wanted = [item["id"] for item in orjson.loads(floor.ask(path).body)["items"]]
    found = [slug for slug in dict.fromkeys(ROW.findall(page)) if slug in set(wanted)]
    yield equal("P6", "teams of the list", "" if found == wanted else "other teams, or in another order")
    times = side_by_side(
        {"floor": lambda: floor.ask(path), "portal": lambda: portal.ask("/teams/")}, rounds=plan.rounds
    )
    note = f"{times.milliseconds('portal'):.2f} ms / {times.milliseconds('floor'):.2f} ms"
    yield Figure(LIST, times.ratio("portal", "floor"), note)


def assessment(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P8."""
    floor, portal = stand.at_floor(), stand.as_lead()
    path, asked = f"/teams/{stand.known['team']}/assessment/", f"/assessment?team={stand.known['team']}"
    try:
        page = plain(portal.ask(path)).decode()
    except WrongAnswer as wrong:
        yield Figure(ASSESSMENT, None, str(wrong)[:80])
        return
    said = ANSWERED.search(page)
    stored = sum(orjson.loads(floor.ask(asked).body)["answered"].values())
    is_same = said is not None and int(said[1]) == stored
    yield equal("P8", "answers of the assessment", "" if is_same else f"the floor counts {stored}")
    times = side_by_side(
        {"floor": lambda: floor.ask(asked), "portal": lambda: portal.ask(path)}, rounds=plan.rounds
    )
    note = f"{times.milliseconds('portal'):.2f} ms / {times.milliseconds('floor'):.2f} ms"
    yield Figure(ASSESSMENT, times.ratio("portal", "floor"), note)


def weights(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P18 for the heatmap and for the pages that people see most."""
    reader, lead = stand.as_reader(), stand.as_lead()
    weight = weigh(reader, reader.ask(HEATMAP_PAGE))
    yield Figure(HEATMAP_BYTES, weight.size / 1000, f"{plan.teams} teams, {weight.encoding}")
    yield Figure(HEATMAP_REQUESTS, weight.requests)
    yield Figure(THIRD_PARTIES, weight.third_parties)
    team = stand.known["team"]
    found: dict[str, int] = {}
    missing = []
    for path in (
        "/",
        "/teams/",
        f"/teams/{team}/",
        f"/teams/{team}/assessment/",
        f"/teams/{team}/assessment/{stand.known['capability']}/",
        f"/teams/{team}/capabilities/{stand.known['capability']}/",
        f"/progress/?team={team}",
        "/model/",
        f"/model/{stand.known['capability']}/",
    ):
        try:
            found[path] = weigh(lead, lead.ask(path)).size
        except WrongAnswer as wrong:
            missing.append(f"{path} {str(wrong).partition('answered ')[2][:3]}")
    heaviest = max(found, key=lambda path: found[path])
    note = heaviest + (f"; not weighed: {', '.join(missing)}" if missing else "")
    yield Figure(OTHER_BYTES, found[heaviest] / 1000, note)


def weigh(client: Client, page: Answer) -> Weight:
    """The page with every style sheet, script, icon and picture in it. Plotly comes once and is left out."""
    found = assets(plain(page).decode())
    own = [path for path in found if path.startswith("/") and not path.startswith("//")]
    sizes = [client.ask(path).size for path in own if PLOTLY not in path]
    return Weight(
        page.size + sum(sizes),
        1 + len(found),
        len(found) - len(own),
        page.headers.get("content-encoding", "not compressed"),
    )


def assets(page: str) -> list[str]:
    """What a browser fetches for this page, each once; pictures inside the page left out."""
    found: dict[str, None] = {}
    for source, link in ASSET.findall(page):
        address = source
        if link and FETCHED_RELATIONS.search(link):
            named = HREF.search(link)
            address = named[1] if named else ""
        if address and not address.startswith("data:"):
            found[address] = None
    return list(found)
