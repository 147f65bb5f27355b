"""A team's course and its weeks, from nothing but its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

import orjson

from assessments.catalog.parse import parse_maturity_model
from assessments.standing import Standing
from mlops_portal.demo.course import Course, Model, run_course
from mlops_portal.demo.model import describe
from mlops_portal.demo.plots import Story, Team, Window, make_team


@dataclass(frozen=True, slots=True)
class Week:
    """Where a team stood on the last day of a week."""

    week_on: date
    verified: int | None
    level: int | None
    potential: int | None
    score: Decimal | None
    coverage: Decimal | None
    is_provisional: bool
    assessed_on: date | None
    cells: str
    # JSON text as TeamWeek.dimensions, and the levels in it.
    dimensions: str
    dimension_levels: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Told:
    """One team: who it is, its course, its weeks."""

    index: int
    story: Story
    flags: tuple[str, ...]
    course: Course
    weeks: tuple[Week, ...]
    final: Standing | None


@dataclass(frozen=True, slots=True)
class Order:
    """Which teams to tell. `content` is the maturity model's file."""

    content: bytes
    window: Window
    seed: int


def shape_of(order: Order, index: int) -> Team:
    """Who team number `index` is, before anything happens to it."""
    return make_team(model_of(order.content).file, order.window, seed=order.seed, index=index)


def tell(order: Order, index: int) -> Told:
    """The course of team number `index`."""
    model = model_of(order.content)
    team = shape_of(order, index)
    course = run_course(team, model, order.window)
    weeks = tuple(_weeks(course, model, order.window))
    return Told(index, team.story, team.flags, course, weeks, course.final)


@lru_cache(maxsize=2)
def model_of(content: bytes) -> Model:
    return describe(parse_maturity_model(content, "the active maturity model"))


def _weeks(course: Course, model: Model, window: Window) -> Iterator[Week]:
    # A slow import in every process that only asks for names.
    from assessments.services.score_rows import cells  # noqa: PLC0415 -- needs Django set up, which spawned processes do late

    standings = list(course.standings)
    current: tuple[Standing, date | None, str] | None = None
    for week_on in window.week_ends:
        while standings and standings[0][0] <= week_on:
            _, standing, published_on = standings.pop(0)
            current = (standing, published_on, cells(model.plan, standing))
        if week_on >= window.today and course.final is not None and current is not None:
            current = (course.final, current[1], cells(model.plan, course.final))
        if current is not None:
            standing, published_on, text = current
            team = standing.team
            yield Week(
                week_on,
                team.verified,
                team.level,
                team.potential,
                team.score,
                team.coverage,
                team.provisional,
                published_on,
                text,
                orjson.dumps(
                    {name: [d.verified, d.level, d.potential] for name, d in team.dimensions.items()}
                ).decode(),
                {name: d.level for name, d in team.dimensions.items()},
            )
