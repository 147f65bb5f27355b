"""The reading API: heatmap, ping, history of a team (P1, P2, P7, P9, P10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import brotli
import orjson

from bench.asking import Answer, side_by_side
from bench.figures import Figure, equal, exact, ratio
from bench.run import COMPRESSED, Plan, Stand

HEATMAP = "/api/v1/heatmap/"
PING = "/api/v1/me/"
HEAT = ratio("P1", "heatmap JSON, uncached, with permissions / floor", 2.0)
PREPARED = ratio("P2", "heatmap JSON from prepared bytes / floor", 0.5)
UNCHANGED = ratio("P2", "heatmap 304 / authenticated ping", 1.3)
HISTORY = ratio("P7", "history of a team, 52 weeks / floor", 2.0)
BYTES = exact("P9", "heatmap JSON as sent, compressed", 40.0, "kB")
AUTHENTICATED = ratio("P10", "authenticated ping / WSGI ping", 2.5)


def heatmap(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P1, P2 and P9, after the data of floor and portal were compared."""
    floor, portal = stand.at_floor(), stand.by_token()
    compressed = stand.by_token(COMPRESSED)
    sent = compressed.ask(HEATMAP)
    yield equal("P1", "heatmap", differences(floor.ask("/heatmap"), portal.ask(HEATMAP)))
    yield equal("P2", "heatmap, compressed", differences(floor.ask("/heatmap"), sent))
    tag = sent.headers.get("etag", "")
    contenders = {
        "floor": lambda: floor.ask("/heatmap"),
        "portal": lambda: portal.ask(HEATMAP),
        "prepared": lambda: compressed.ask(HEATMAP),
        "ping": lambda: portal.ask(PING),
    }
    if tag:
        contenders["unchanged"] = lambda: compressed.ask(HEATMAP, headers={"If-None-Match": tag}, expect=304)
    times = side_by_side(contenders, rounds=plan.rounds)
    yield Figure(HEAT, times.ratio("portal", "floor"), _ms(times, "portal", "floor"))
    yield Figure(PREPARED, times.ratio("prepared", "floor"), _ms(times, "prepared", "floor"))
    if tag:
        yield Figure(UNCHANGED, times.ratio("unchanged", "ping"), _ms(times, "unchanged", "ping"))
    else:
        yield Figure(UNCHANGED, None, "the answer has no ETag")
    yield Figure(BYTES, sent.size / 1000, f"{sent.headers.get('content-encoding', 'not compressed')}")


def ping(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P10."""
    floor, portal = stand.at_floor(), stand.by_token()
    times = side_by_side(
        {"floor": lambda: floor.ask("/ping"), "portal": lambda: portal.ask(PING)},
        rounds=plan.rounds,
        times=20,
    )
    yield Figure(AUTHENTICATED, times.ratio("portal", "floor"), _ms(times, "portal", "floor"))


def history(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P7."""
    floor, portal = stand.at_floor(), stand.by_token()
    weeks = min(52, plan.weeks)
    today = date.today()
    until = today + timedelta(days=6 - today.weekday())
    asked = f"/history?team={stand.known['team']}&after={until - timedelta(weeks=weeks)}"
    path = f"/api/v1/progress/?team={stand.known['team']}&weeks={weeks}"
    ours, theirs = orjson.loads(portal.ask(path).body), orjson.loads(floor.ask(asked).body)
    yield equal("P7", "history", "" if ours["points"] == theirs["points"] else "points differ")
    times = side_by_side(
        {"floor": lambda: floor.ask(asked), "portal": lambda: portal.ask(path)}, rounds=plan.rounds
    )
    yield Figure(HISTORY, times.ratio("portal", "floor"), _ms(times, "portal", "floor"))


def differences(floor: Answer, portal: Answer) -> str:
    """Where the heatmap of the portal says something else than the floor's; empty when they are equal."""
    said = orjson.loads(plain(portal))
    ours, width = said["teams"], len(said["columns"])
    theirs = [_flat(team, width) for team in orjson.loads(floor.body)["teams"]]
    if len(ours) != len(theirs):
        return f"{len(ours)} teams, the floor has {len(theirs)}"
    for one, other in zip(ours, theirs, strict=True):
        if one != other:
            return f"team {one['id']} differs from the floor's {other['id']}"
    return "" if ours else "there is no team"


def _flat(team: dict[str, Any], width: int) -> dict[str, Any]:
    """The floor's team in the shape of the API; no row means that nothing is known."""
    cells = team.pop("cells")
    if cells is None:
        nothing: list[None] = [None] * width
        cells = {"level": nothing, "verified": nothing, "potential": nothing, "state": [1] * width}
    flat: dict[str, Any] = team | cells
    return flat


def plain(answer: Answer) -> bytes:
    """The body as it was before it was compressed for the way."""
    return brotli.decompress(answer.body) if answer.headers.get("content-encoding") == "br" else answer.body


def _ms(times: Any, one: str, other: str) -> str:
    return f"{times.milliseconds(one):.2f} ms / {times.milliseconds(other):.2f} ms"
