"""Where a team stands as a whole, for programs: the numbers, and whether anything is known behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from assessments.catalog.schema import MaturityModelFile
from assessments.models import MaturityModel, Score, TeamScore
from assessments.queries import catalog
from teams.models import Team

ASSESSED, UNASSESSED, NOT_APPLICABLE = "assessed", "unassessed", "not_applicable"


@dataclass(frozen=True, slots=True)
class DimensionStanding:
    dimension: str
    state: str
    verified: int | None
    level: int | None
    potential: int | None


@dataclass(frozen=True, slots=True)
class TeamStanding:
    """All numbers are None while the team was never scored, and where nothing applies to it."""

    team: str
    maturity_model: str | None
    state: str
    verified: int | None = None
    level: int | None = None
    potential: int | None = None
    strict_level: int | None = None
    score: Decimal | None = None
    coverage: Decimal | None = None
    is_provisional: bool = True
    is_reviewed: bool = False
    assessed_on: date | None = None
    as_of: datetime | None = None
    valid_until: date | None = None
    dimensions: tuple[DimensionStanding, ...] = ()


def team_standing(team: Team, maturity_model: MaturityModel | None) -> TeamStanding:
    """The standing against that maturity model as it was scored last. Two queries."""
    if maturity_model is None:
        return TeamStanding(team.slug, None, UNASSESSED)
    row = TeamScore.objects.filter(team=team, maturity_model=maturity_model).first()
    name = f"{maturity_model.key}/{maturity_model.version}"
    if row is None:
        return TeamStanding(team.slug, name, UNASSESSED)
    model = catalog.model_file(maturity_model)
    known = dict(
        Score.objects.filter(team=team, capability__maturity_model=maturity_model).values_list(
            "capability__slug", "known"
        )
    )
    dimensions = _dimensions(model, orjson.loads(row.rollups)["dimensions"], known)
    return TeamStanding(
        team=team.slug,
        maturity_model=name,
        state=_state(row.level, sum(known.get(c.id, 0) for c in model.capabilities if c.in_rollup)),
        verified=row.verified,
        level=row.level,
        potential=row.potential,
        strict_level=row.strict_level,
        score=row.score,
        coverage=row.coverage,
        is_provisional=row.is_provisional,
        is_reviewed=row.is_reviewed,
        assessed_on=row.assessed_on,
        as_of=row.as_of,
        valid_until=row.valid_until,
        dimensions=dimensions,
    )


def _dimensions(
    model: MaturityModelFile, rollups: dict[str, Sequence[Any]], known: dict[str, int]
) -> tuple[DimensionStanding, ...]:
    inside: Counter[str] = Counter()
    for capability in model.capabilities:
        if capability.in_rollup:
            inside[capability.dimension] += known.get(capability.id, 0)
    return tuple(
        DimensionStanding(one.id, _state(rollups[one.id][1], inside[one.id]), *rollups[one.id])
        for one in model.dimensions
    )


def _state(level: int | None, known: int) -> str:
    if level is None:
        return NOT_APPLICABLE
    return ASSESSED if known else UNASSESSED
