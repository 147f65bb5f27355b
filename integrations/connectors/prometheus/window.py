"""The moments that a collection asks about. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP = 300
DAY = 86_400
STEPS_30D = 30 * DAY // STEP


@dataclass(frozen=True, slots=True)
class Window:
    """`now` is one second before the last five-minute mark.

    So a range of 30 days holds 8,640 marks on every server (before Prometheus 3 ranges were closed at both ends, and one mark
    more), and two collections within five minutes ask for the same values.
    """

    now: int

    @classmethod
    def until(cls, moment: datetime) -> Window:
        return cls(int(moment.timestamp()) // STEP * STEP - 1)

    def days_ago(self, days: int) -> int:
        return self.now - days * DAY


def covers(retention: timedelta | None, days: int) -> bool:
    """Whether the server keeps data that long, as far as it tells."""
    return retention is None or retention >= timedelta(days=days)
