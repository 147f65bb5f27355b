"""The heatmap as bytes of JSON: columnar, the stored text passed through unparsed (PERFORMANCE: parsing costs 4x)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
    names = {capability.id: capability.name for capability in model.capabilities}
    head = orjson.dumps(
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
    width = len(plan.capabilities)
    nothing = orjson.dumps(
        {key: [None] * width for key in ("level", "verified", "potential")} | {"state": [1] * width}
    ).decode()
    dumps = orjson.dumps
    teams = ",".join(
        [
            f'{{"id":"{slug}","name":{dumps(name).decode()},"unit":"{unit}",{(cells or nothing)[1:]}'
            for _, slug, name, unit, cells in rows
        ]
    )
    content = b'%s,"teams":[%s]}' % (head[1:-1], teams.encode())
    moment = orjson.dumps(as_of, option=orjson.OPT_UTC_Z)
    return HeatmapJson(
        b'{"as_of":%s,%s' % (moment, content), hashlib.blake2b(content, digest_size=12).hexdigest()
    )
