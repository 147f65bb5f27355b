"""Rows from a standing. Used by every writer of scores, the demo generator included, so that they cannot differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from assessments.models import MaturityModel, Score, ScoreHistory, TeamScore, TeamWeek
from assessments.scoring import CapabilityResult, CapabilityState, Three
from assessments.standing import Plan, Standing

STATE_CODES = {CapabilityState.ASSESSED: 0, CapabilityState.UNASSESSED: 1, CapabilityState.NOT_APPLICABLE: 2}
DISPUTED = 4
STALE = 8


def score_row(
    *, team_id: int, capability_id: int, capability: str, standing: Standing, at: datetime
) -> Score:
    """The Score of one capability, not saved."""
    result = standing.capabilities[capability]
    return Score(
        team_id=team_id,
        capability_id=capability_id,
        state=result.state.value,
        verified=result.verified,
        level=result.level,
        potential=result.potential,
        ceiling=result.ceiling,
        score=result.score,
        is_complete=result.complete,
        known=result.known,
        applicable=result.applicable,
        ahead=result.ahead,
        has_dispute=capability in standing.disputed,
        has_stale=capability in standing.stale,
        as_of=at,
        valid_until=standing.capability_valid_until.get(capability),
    )


def history_row(score: Score, *, changed_on: date) -> ScoreHistory:
    """The fact that a capability has had these numbers since `changed_on`, not saved."""
    return ScoreHistory(
        team_id=score.team_id,
        capability_id=score.capability_id,
        changed_on=changed_on,
        state=score.state,
        verified=score.verified,
        level=score.level,
        potential=score.potential,
        score=score.score,
        known=score.known,
        applicable=score.applicable,
    )


def team_score_row(
    *,
    team_id: int,
    maturity_model: MaturityModel,
    plan: Plan,
    standing: Standing,
    published_at: datetime | None,
    is_reviewed: bool,
    at: datetime,
) -> TeamScore:
    """The TeamScore, not saved, version 1."""
    team = standing.team
    return TeamScore(
        team_id=team_id,
        maturity_model=maturity_model,
        verified=team.verified,
        level=team.level,
        potential=team.potential,
        strict_level=team.strict_level,
        score=team.score,
        coverage=team.coverage,
        is_provisional=team.provisional,
        is_reviewed=is_reviewed,
        assessed_on=published_at.date() if published_at is not None else None,
        cells=cells(plan, standing),
        rollups=rollups(plan, standing),
        as_of=at,
        valid_until=standing.valid_until,
    )


def team_week_row(score: TeamScore, *, week_on: date) -> TeamWeek:
    """Where the team stands in the week that ends on `week_on` (see `week_end`), not saved."""
    return TeamWeek(
        team_id=score.team_id,
        maturity_model_id=score.maturity_model_id,
        week_on=week_on,
        verified=score.verified,
        level=score.level,
        potential=score.potential,
        score=score.score,
        coverage=score.coverage,
        is_provisional=score.is_provisional,
        assessed_on=score.assessed_on,
        cells=score.cells,
        dimensions=_json(orjson.loads(score.rollups)["dimensions"]),
    )


def week_end(day: date) -> date:
    """The Sunday that ends the week of `day`."""
    return day + timedelta(days=6 - day.weekday())


def cells(plan: Plan, standing: Standing) -> str:
    """JSON text: level, verified, potential and state arrays in the order of the plan's capabilities."""
    results = [(name, standing.capabilities[name]) for name, _ in plan.capabilities]
    return _json(
        {
            "level": [result.level for _, result in results],
            "verified": [result.verified for _, result in results],
            "potential": [result.potential for _, result in results],
            "state": [_state(name, result, standing) for name, result in results],
        }
    )


def rollups(plan: Plan, standing: Standing) -> str:
    """JSON text: dimensions, phases, the Microsoft view, overlays, what holds back, capability scores."""
    return _json(
        {
            "dimensions": {name: _three(three) for name, three in standing.team.dimensions.items()},
            "phases": _numbers(standing.phases),
            "microsoft": {**_numbers(standing.ms_columns), "team": _three(standing.ms_level)},
            "overlays": {name: _row(standing.capabilities[name]) for name in plan.overlays},
            "holding_back": list(standing.team.holding_back),
            "capability_scores": [
                None if (score := standing.capabilities[name].score) is None else float(score)
                for name, _ in plan.capabilities
            ],
        }
    )


def _state(name: str, result: CapabilityResult, standing: Standing) -> int:
    return (
        STATE_CODES[result.state] + DISPUTED * (name in standing.disputed) + STALE * (name in standing.stale)
    )


def _numbers(results: Mapping[str, CapabilityResult]) -> dict[str, Any]:
    return {name: _row(result) for name, result in results.items()}


def _row(result: CapabilityResult) -> list[int | None]:
    return [result.verified, result.level, result.potential]


def _three(three: Three) -> list[int | None]:
    return [three.verified, three.level, three.potential]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
