"""The teams that a person sees, with three numbers and what is open: one page of them in one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from assessments.models import Assessment, MaturityModel
from teams.models import Team

_NUMBERS = ("verified", "level", "potential", "is_provisional", "is_reviewed", "assessed_on")


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
    """`teams` with unit, numbers and the status of their open assessment, by name; only those that match `text`."""
    if text:
        teams = teams.filter(name__icontains=text)
    opened = Assessment.objects.filter(
        team=OuterRef("pk"), maturity_model=maturity_model, status__lt=Assessment.Status.PUBLISHED
    ).values("status")[:1]
    score = FilteredRelation("team_scores", condition=Q(team_scores__maturity_model=maturity_model))
    return (
        teams.select_related("unit")
        .annotate(score=score, open_status=Subquery(opened))
        .annotate(**{f"score_{name}": F(f"score__{name}") for name in ("id", *_NUMBERS)})
        .order_by("name", "pk")
    )


def team_lines(teams: Iterable[Any]) -> list[TeamLine]:
    """Lines of teams from `listed_teams`. No query."""
    return [_line(team) for team in teams]


def _line(team: Any) -> TeamLine:
    if team.score_id is None:
        return TeamLine(team, open_status=team.open_status)
    numbers = {name: getattr(team, f"score_{name}") for name in _NUMBERS}
    return TeamLine(team, has_result=True, open_status=team.open_status, **numbers)
