"""The weekly picture of every team and unit, for progress and "as of". Runs from beat; running twice changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import orjson
from django.db import transaction

from assessments.models import MaturityModel, TeamScore, TeamWeek, UnitWeek
from assessments.queries import catalog
from assessments.scoring import OrgResult, TeamStanding, score_org
from assessments.services.score_rows import team_week_row, week_end
from teams.models import Team, Unit

TEAM_WEEK_FIELDS = (
    "verified",
    "level",
    "potential",
    "score",
    "coverage",
    "is_provisional",
    "assessed_on",
    "cells",
    "dimensions",
)
UNIT_WEEK_FIELDS = ("level", "reason", "teams", "counted", "provisional_teams", "distribution", "dimensions")


@dataclass(frozen=True, slots=True)
class Seat:
    """One active team as its units see it; `dimensions` maps to levels, empty without a result."""

    path: str
    standing: TeamStanding
    dimensions: dict[str, int | None]


def record_weeks(*, at: datetime) -> None:
    """Write the running week of every active team and every unit with a team below it."""
    maturity_model = catalog.active_model()
    if maturity_model is None:
        return
    week_on = week_end(at.date())
    with transaction.atomic():
        scores = list(
            TeamScore.objects.filter(maturity_model=maturity_model, team__archived_at__isnull=True).order_by(
                "pk"
            )
        )
        TeamWeek.objects.bulk_create(
            (team_week_row(score, week_on=week_on) for score in scores),
            update_conflicts=True,
            unique_fields=["team", "maturity_model", "week_on"],
            update_fields=TEAM_WEEK_FIELDS,
            batch_size=500,
        )
        by_team = {score.team_id: score for score in scores}
        seats = [
            seat(path, by_team.get(pk))
            for pk, path in Team.objects.active().order_by("pk").values_list("pk", "unit__path")
        ]
        UnitWeek.objects.bulk_create(
            unit_weeks(maturity_model, seats, week_on=week_on, as_of=at.date()),
            update_conflicts=True,
            unique_fields=["unit", "maturity_model", "week_on"],
            update_fields=UNIT_WEEK_FIELDS,
            batch_size=500,
        )


def seat(path: str, score: TeamScore | None) -> Seat:
    """The seat of a team whose unit has this tree path."""
    if score is None:
        return Seat(path, TeamStanding(None), {})
    dimensions = orjson.loads(score.rollups)["dimensions"]
    return Seat(
        path,
        TeamStanding(score.level, score.assessed_on, provisional=score.is_provisional),
        {name: numbers[1] for name, numbers in dimensions.items()},
    )


def unit_weeks(
    maturity_model: MaturityModel, seats: Iterable[Seat], *, week_on: date, as_of: date
) -> list[UnitWeek]:
    """A row, not saved, for each unit that has one of these teams below it."""
    below: dict[str, list[Seat]] = defaultdict(list)
    for one in seats:
        for end in range(Unit.steplen, len(one.path) + 1, Unit.steplen):
            below[one.path[:end]].append(one)
    ids = dict(Unit.objects.filter(path__in=below.keys()).order_by("path").values_list("path", "pk"))
    return [
        _unit_week(maturity_model, unit_id, below[path], week_on=week_on, as_of=as_of)
        for path, unit_id in ids.items()
    ]


def _unit_week(
    maturity_model: MaturityModel, unit_id: int, seats: list[Seat], *, week_on: date, as_of: date
) -> UnitWeek:
    whole = score_org((s.standing for s in seats), as_of)
    names = dict.fromkeys(name for s in seats for name in s.dimensions)
    dimensions = {
        name: score_org((TeamStanding(s.dimensions.get(name), s.standing.assessed_on) for s in seats), as_of)
        for name in names
    }
    return UnitWeek(
        unit_id=unit_id,
        maturity_model=maturity_model,
        week_on=week_on,
        level=whole.level,
        reason=whole.reason.value if whole.reason is not None else "",
        teams=whole.teams,
        counted=whole.counted,
        provisional_teams=whole.provisional_teams,
        distribution=_counts(whole),
        dimensions={
            name: {"level": result.level, "distribution": _counts(result)}
            for name, result in dimensions.items()
        },
    )


def _counts(result: OrgResult) -> list[int]:
    return [result.distribution.get(level, 0) for level in range(5)]
