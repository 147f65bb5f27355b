"""Units week by week: the same organisation rule that beat applies, over what their teams stood at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from assessments.models import MaturityModel, UnitWeek
from assessments.scoring import TeamStanding
from assessments.services.weeks import Seat, unit_weeks
from mlops_portal.demo.plots import Window
from mlops_portal.demo.told import Told

# By week: level, day of the assessment, whether provisional, level by dimension.
Seats = dict[date, tuple[int | None, date | None, bool, tuple[tuple[str, int | None], ...]]]


def seats_of(told: Told) -> Seats:
    """Where the team stood, in the form that travels between processes."""
    return {
        week.week_on: (
            week.level,
            week.assessed_on,
            week.is_provisional,
            tuple(week.dimension_levels.items()),
        )
        for week in told.weeks
    }


class UnitBook:
    """Collects the weeks of teams as they are made, and gives the units' when all of them are."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._seats: dict[date, list[Seat]] = defaultdict(list)

    def enter(self, seats: Seats, path: str) -> None:
        """Seat a team under its unit's tree path; in weeks before it was known as never assessed."""
        unknown = Seat(path, TeamStanding(None), {})
        # A team stands still most weeks; one object for all of them keeps ten thousand teams in memory.
        known: dict[object, Seat] = {}
        for week_on in self._window.week_ends:
            stood = seats.get(week_on)
            if stood is None:
                self._seats[week_on].append(unknown)
                continue
            if stood not in known:
                level, assessed_on, is_provisional, levels = stood
                known[stood] = Seat(path, TeamStanding(level, assessed_on, is_provisional), dict(levels))
            self._seats[week_on].append(known[stood])

    def rows(self, maturity_model: MaturityModel) -> Iterator[list[UnitWeek]]:
        """One row, not saved, per unit and week; a list per week."""
        for week_on, seats in self._seats.items():
            yield unit_weeks(maturity_model, seats, week_on=week_on, as_of=min(week_on, self._window.today))
