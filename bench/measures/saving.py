"""Saving one answer as a browser does, beside the raw transaction (P4)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

import orjson

from bench.asking import Client, side_by_side
from bench.figures import Figure, equal, ratio
from bench.run import Plan, Stand

MEDIAN = ratio("P4", "save one answer, median / raw transaction", 5.0)
TAIL = ratio("P4", "save one answer, 95th percentile / its median", 8.0)
VALUES = ("yes", "no")


class Saver:
    """Saves the same answer again and again, yes and no in turn, with the row version that the page would hold."""

    def __init__(self, stand: Stand) -> None:
        known = stand.known
        token = secrets.token_hex(16)
        self._client = stand.at_portal(
            {
                "Cookie": f"{known['lead_cookie']}; {known['csrf_name']}={token}",
                "X-CSRFToken": token,
                "Origin": f"https://127.0.0.1:{stand.portal.port}",
                "HX-Request": "true",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        )
        self._path = f"/teams/{known['team']}/assessment/answers/{known['criterion']}/"
        self._key = known["criterion"].replace(".", "-")
        self.version: int = known["row_version"]
        self.value = ""

    def __call__(self) -> None:
        self.value = VALUES[self.version % 2]
        fields = {"answer": self.value, "version": self.version, "was": "", "note": "", "reason": ""}
        body = urlencode({f"{name}-{self._key}": value for name, value in fields.items()})
        self._client.ask(self._path, method="POST", body=body.encode())
        self.version += 1


class FloorSaver:
    """The raw transaction on another answer of the same team."""

    def __init__(self, stand: Stand) -> None:
        self._client: Client = stand.at_floor()
        self._answer = stand.known["floor_answer"]
        self.version: int = stand.known["floor_row_version"]
        self.value = ""

    def __call__(self) -> None:
        self.value = VALUES[self.version % 2]
        self._client.ask(f"/save?answer={self._answer}&value={self.value}&at=2026-01-01T00:00:00%2B00:00")
        self.version += 1


def save(stand: Stand, plan: Plan) -> Iterator[Figure]:
    """P4; every save has to be there afterwards."""
    portal, floor = Saver(stand), FloorSaver(stand)
    times = side_by_side({"portal": portal, "floor": floor}, rounds=plan.rounds, times=10)
    yield equal("P4", "what was saved", _lost(stand, portal, floor))
    note = f"{times.milliseconds('portal'):.2f} ms / {times.milliseconds('floor'):.2f} ms"
    yield Figure(MEDIAN, times.ratio("portal", "floor"), note)
    yield Figure(TAIL, times.tail("portal"))


def _lost(stand: Stand, portal: Saver, floor: FloorSaver) -> str:
    client = stand.at_floor()
    for name, saver, key in (
        ("portal", portal, stand.known["answer"]),
        ("floor", floor, stand.known["floor_answer"]),
    ):
        stored = orjson.loads(client.ask(f"/answer?answer={key}").body)
        if stored != {"value": saver.value, "row_version": saver.version}:
            return f"{name}: {stored} is stored, {saver.value} in version {saver.version} was sent"
    return ""
