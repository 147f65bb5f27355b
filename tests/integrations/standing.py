"""What counts of a team, for tests that say that nothing fell."""

from __future__ import annotations

from typing import Any

from assessments.models import CriterionStatus, Reading, Score, TeamScore
from teams.models import Team


def verdicts(team: Team) -> dict[str, tuple[str, str]]:
    """Status and support of each criterion that anything is known of, by its slug."""
    current = CriterionStatus.objects.filter(team=team, is_current=True)
    return {
        slug: (status, support)
        for slug, status, support in current.values_list("criterion__slug", "status", "support")
    }


def levels(team: Team) -> dict[str, int | None]:
    return dict(Score.objects.filter(team=team).values_list("capability__slug", "level"))


def standing(team: Team) -> dict[str, Any]:
    """The last good readings, the verdicts, every number, and the row that pages are made of."""
    numbers = ("verified", "level", "potential", "score")
    return {
        "good": sorted(Reading.objects.filter(team=team).values_list("signal", "good_id", "read_at")),
        "verdicts": verdicts(team),
        "scores": sorted(
            Score.objects.filter(team=team).values_list("capability__slug", "ceiling", *numbers)
        ),
        "team": list(TeamScore.objects.filter(team=team).values_list(*numbers, "cells", "rollups")),
    }
