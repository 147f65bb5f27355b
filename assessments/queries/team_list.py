"""The teams that a person sees, with three numbers and what is open: one page of them in two queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from assessments.models import Assessment, MaturityModel, TeamScore
from teams.models import Team


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team of the list. `has_result` False: nothing was ever published or measured."""

    team: Team
    has_result: bool = False
    verified: int | None = None
    level: int | None = None
    potential: int | None = None
    is_provisional: bool = False
    is_reviewed: bool = False
    assessed_on: date | None = None
    open_status: int | None = None

    @property
    def level_state(self) -> str:
        """na where nothing of the maturity model applies, none without a result, else empty: there is a number."""
        return "none" if not self.has_result else "na" if self.level is None else ""

    @property
    def open_in_words(self) -> str:
        """ "Draft", "In review", or nothing."""
        return str(Assessment.Status(self.open_status).label) if self.open_status is not None else ""


def listed_teams(
    teams: QuerySet[Team], maturity_model: MaturityModel | None, *, text: str = ""
) -> QuerySet[Team]:
    """`teams` with their unit and the status of their open assessment, by name; only those that match `text`."""
    if text:
        teams = teams.filter(name__icontains=text)
    opened = Assessment.objects.filter(
        team=OuterRef("pk"), maturity_model=maturity_model, status__lt=Assessment.Status.PUBLISHED
    ).values("status")[:1]
    return teams.select_related("unit").annotate(open_status=Subquery(opened)).order_by("name", "pk")


def team_lines(teams: Sequence[Any], maturity_model: MaturityModel | None) -> list[TeamLine]:
    """Lines of teams from `listed_teams`. One query."""
    scores = {
        score.team_id: score
        for score in TeamScore.objects.filter(
            team__in=[team.pk for team in teams], maturity_model=maturity_model
        ).defer("cells", "rollups")
    }
    return [_line(team, scores.get(team.pk)) for team in teams]


def _line(team: Any, score: TeamScore | None) -> TeamLine:
    if score is None:
        return TeamLine(team, open_status=team.open_status)
    return TeamLine(
        team,
        has_result=True,
        verified=score.verified,
        level=score.level,
        potential=score.potential,
        is_provisional=score.is_provisional,
        is_reviewed=score.is_reviewed,
        assessed_on=score.assessed_on,
        open_status=team.open_status,
    )
