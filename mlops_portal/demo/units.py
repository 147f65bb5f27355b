"""Units week by week: the same organisation rule that beat applies, over what their teams stood at."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from assessments.models import MaturityModel, UnitWeek
from assessments.scoring import TeamStanding
from assessments.services.weeks import Seat, unit_weeks
from mlops_portal.demo.plots import Window
from mlops_portal.demo.told import Told

BATCH = 2000


class UnitBook:
    """Collects the weeks of teams as they are told, and writes units when all of them are."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._seats: dict[date, list[Seat]] = defaultdict(list)

    def enter(self, told: Told, path: str) -> None:
        """Seat a team under its unit's tree path; in weeks before it was known as never assessed."""
        weeks = {week.week_on: week for week in told.weeks}
        for week_on in self._window.week_ends:
            week = weeks.get(week_on)
            self._seats[week_on].append(
                Seat(path, TeamStanding(None), {})
                if week is None
                else Seat(
                    path,
                    TeamStanding(week.level, week.assessed_on, week.is_provisional),
                    week.dimension_levels,
                )
            )

    def write(self, maturity_model: MaturityModel) -> None:
        """Store one row per unit and week."""
        for week_on, seats in self._seats.items():
            UnitWeek.objects.bulk_create(
                unit_weeks(maturity_model, seats, week_on=week_on, as_of=min(week_on, self._window.today)),
                batch_size=BATCH,
            )
