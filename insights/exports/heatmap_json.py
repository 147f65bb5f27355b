"""The heatmap as bytes of JSON: columnar, the stored text passed through unparsed (PERFORMANCE: parsing costs 4x)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from assessments.catalog.schema import MaturityModelFile
from assessments.models import MaturityModel
from assessments.standing import Plan

LEGEND = {
    "state": {
        "0": "assessed",
        "1": "nothing known",
        "2": "does not apply",
        "+4": "disputed",
        "+8": "out of date",
    },
    "level": "verified <= level <= potential, 0 to 4; null where the capability does not apply or nothing is stored",
}


@dataclass(frozen=True, slots=True)
class HeatmapJson:
    """The answer, and a tag that changes when anything in it but `as_of` does."""

    body: bytes
    tag: str


def heatmap_json(
    rows: Sequence[tuple[Any, ...]],
    *,
    maturity_model: MaturityModel,
    model: MaturityModelFile,
    plan: Plan,
    filters: dict[str, str],
    as_of: datetime,
) -> HeatmapJson:
    """`{as_of, maturity_model, filters, legend, columns, teams}`, arrays of each team in column order."""
    head = _head(maturity_model, filters, model, plan)
    nothing = _nothing(len(plan.capabilities))
    dumps = orjson.dumps
    # As bytes, row by row: one name outside ASCII in a text of a thousand rows makes all of it twice as wide.
    teams = b",".join(
        [
            b'{"id":"%b","name":%b,"unit":"%b",%b'
            % (slug.encode(), dumps(name), unit.encode(), (cells.encode() if cells else nothing)[1:])
            for _, slug, name, unit, cells in rows
        ]
    )
    content = b'%b,"teams":[%b]}' % (head[1:-1], teams)
    moment = orjson.dumps(as_of, option=orjson.OPT_UTC_Z)
    return HeatmapJson(b'{"as_of":%b,%b' % (moment, content), hashlib.sha256(content).hexdigest()[:24])


def _head(
    maturity_model: MaturityModel, filters: dict[str, str], model: MaturityModelFile, plan: Plan
) -> bytes:
    names = {capability.id: capability.name for capability in model.capabilities}
    return orjson.dumps(
        {
            "maturity_model": {"key": maturity_model.key, "version": maturity_model.version},
            "filters": filters,
            "legend": LEGEND,
            "columns": [
                {"id": name, "name": names[name], "dimension": dimension}
                for name, dimension in plan.capabilities
            ],
        }
    )


@lru_cache(maxsize=8)
def _nothing(width: int) -> bytes:
    """The numbers of a team without a result: null, never zero."""
    nulls = {key: [None] * width for key in ("level", "verified", "potential")}
    return orjson.dumps(nulls | {"state": [1] * width})
