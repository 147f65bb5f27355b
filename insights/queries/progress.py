"""How teams and units moved, from weekly rows: no cost depends on how long the history is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from assessments.models import CriterionStatus, MaturityModel, TeamWeek, UnitWeek
from assessments.queries import catalog
from assessments.scoring import ORG_MIN_TEAMS
from assessments.standing import Plan
from mlops_portal.lib.compiled import Compiled
from teams.models import Team, Unit
from teams.queries.machines import Who, unnamed
from teams.queries.places import Places, places_of
from teams.queries.rights import Rights

VIEW = "progress.view"


@dataclass(frozen=True, slots=True)
class TeamPoint:
    """A team at the end of a week. `dimensions` maps to (verified, level, potential)."""

    week_on: date
    verified: int | None
    level: int | None
    potential: int | None
    score: float | None
    coverage: float | None
    dimensions: dict[str, tuple[int | None, int | None, int | None]]


@dataclass(frozen=True, slots=True)
class UnitPoint:
    """A unit at the end of a week: teams at level 0 to 4, those without a current result apart.

    `distribution` is empty under three teams: it would name them (RULINGS 4).
    """

    week_on: date
    level: int | None
    reason: str
    teams: int
    counted: int
    distribution: tuple[int, ...]
    dimensions: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class CapabilityChange:
    """A capability that stands elsewhere than at the beginning of the period."""

    capability: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A criterion that came out otherwise than before, since when and by what."""

    at: datetime
    criterion: str
    status: str
    support: str
    cause: str
    by: str


POINT = ("week_on", "verified", "level", "potential", "score", "coverage", "dimensions")


def points_of(rights: Rights, slug: str, *, weeks: int, until: date) -> list[dict[str, Any]]:
    """The weeks of the team, oldest first, as JSON takes them: `dimensions` is passed on unparsed. One query.

    Empty as well where there is no such team, or none that these rights show.
    """
    places = places_of(rights, VIEW)
    if places.is_nowhere:
        return []
    rows = _points_query(places.shape).rows(slug, until - timedelta(weeks=weeks), *places.values)
    return [{**dict(zip(POINT, row, strict=True)), "dimensions": orjson.Fragment(row[-1])} for row in rows]


@lru_cache(maxsize=64)
def _points_query(shape: tuple[bool, int, int]) -> Compiled:
    def build(slug: Any, since: Any, *values: Any) -> Any:
        return (
            TeamWeek.objects.filter(
                Places.shaped(shape, values).where("team__"),
                team__slug=slug,
                team__archived_at__isnull=True,
                maturity_model=catalog.active_key(),
                week_on__gt=since,
            )
            .order_by("week_on")
            .values_list(*POINT)
        )

    _, paths, own = shape
    return Compiled(build, str, date, *[str] * paths, *[int] * own)


def team_progress(team: Team, maturity_model: MaturityModel, *, weeks: int, until: date) -> list[TeamPoint]:
    """The weeks of a team up to `until`, oldest first; one query."""
    rows = (
        TeamWeek.objects.filter(
            team=team, maturity_model=maturity_model, week_on__gt=until - timedelta(weeks=weeks)
        )
        .order_by("week_on")
        .values_list("week_on", "verified", "level", "potential", "score", "coverage", "dimensions")
    )
    return [
        TeamPoint(
            week_on,
            verified,
            level,
            potential,
            None if score is None else float(score),
            None if coverage is None else float(coverage),
            {name: (three[0], three[1], three[2]) for name, three in orjson.loads(dimensions).items()},
        )
        for week_on, verified, level, potential, score, coverage, dimensions in rows
    ]


def unit_progress(unit: Unit, maturity_model: MaturityModel, *, weeks: int, until: date) -> list[UnitPoint]:
    """The weeks of a unit up to `until`, oldest first; one query."""
    rows = (
        UnitWeek.objects.filter(
            unit=unit, maturity_model=maturity_model, week_on__gt=until - timedelta(weeks=weeks)
        )
        .order_by("week_on")
        .values_list("week_on", "level", "reason", "teams", "counted", "distribution", "dimensions")
    )
    return [
        UnitPoint(
            week_on,
            level,
            reason,
            teams,
            counted,
            tuple(distribution) if teams >= ORG_MIN_TEAMS else (),
            {name: one["level"] for name, one in dimensions.items()},
        )
        for week_on, level, reason, teams, counted, distribution, dimensions in rows
    ]


def capability_changes(
    team: Team, maturity_model: MaturityModel, plan: Plan, *, weeks: int, until: date
) -> list[CapabilityChange]:
    """Capabilities whose level differs between the first and the last week of the period; largest fall first."""
    rows = list(
        TeamWeek.objects.filter(
            team=team, maturity_model=maturity_model, week_on__gt=until - timedelta(weeks=weeks)
        )
        .order_by("week_on")
        .values_list("cells", flat=True)
    )
    if len(rows) < 2:
        return []
    first, last = orjson.loads(rows[0])["level"], orjson.loads(rows[-1])["level"]
    changes = [
        CapabilityChange(name, before, after)
        for (name, _), before, after in zip(plan.capabilities, first, last, strict=True)
        if before != after
    ]
    return sorted(changes, key=lambda change: (change.after or 0) - (change.before or 0))


def status_changes(team: Team, *, since: datetime, limit: int = 30, who: Who = unnamed) -> list[StatusChange]:
    """The newest changes of criteria, each with its cause and with who acted as `who` words it."""
    return [
        StatusChange(at, slug, status, support, CriterionStatus.Cause(cause).label, who(by))
        for at, slug, status, support, cause, by in CriterionStatus.objects.filter(
            team=team, since_at__gte=since
        )
        .order_by("-since_at", "-pk")
        .values_list("since_at", "criterion__slug", "status", "support", "cause", "by")[:limit]
    ]
