"""What awaits a person: open assessments of the own teams, their last results, the one obvious next action."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from assessments.models import Assessment, MaturityModel
from assessments.queries.team_list import TeamLine, listed_teams, team_lines
from teams.models import Team, Unit, User
from teams.queries.rights import teams_visible_to

_MOST = 12


@dataclass(frozen=True, slots=True)
class OpenLine:
    """An open assessment of one of the person's teams."""

    assessment: Assessment
    answered: int


@dataclass(frozen=True, slots=True)
class HomePage:
    """`mine` are teams that the person answers for; `seen` counts all that the person can see."""

    open: tuple[OpenLine, ...]
    mine: tuple[TeamLine, ...]
    seen: int
    has_units: bool

    @property
    def drafts(self) -> tuple[OpenLine, ...]:
        return tuple(o for o in self.open if o.assessment.status == Assessment.Status.DRAFT)

    @property
    def in_review(self) -> tuple[OpenLine, ...]:
        return tuple(o for o in self.open if o.assessment.status == Assessment.Status.IN_REVIEW)


def home_page(user: User, maturity_model: MaturityModel | None) -> HomePage:
    """Five queries, whatever the number of teams."""
    own = teams_visible_to(user, "answer.edit")
    mine = list(listed_teams(own, maturity_model)[:_MOST])
    opened = (
        Assessment.objects.filter(
            team__in=[team.pk for team in mine],
            maturity_model=maturity_model,
            status__lt=Assessment.Status.PUBLISHED,
        )
        .select_related("team")
        .annotate(answered=Count("answers", filter=Q(answers__criterion__capability__is_in_rollup=True)))
        .order_by("team__name", "pk")
    )
    return HomePage(
        open=tuple(OpenLine(assessment, assessment.answered) for assessment in opened),
        mine=tuple(team_lines(mine, maturity_model)),
        seen=teams_visible_to(user, "team.view").count(),
        # Everybody may know that there are units; the root alone is an organisation without any.
        has_units=Unit.objects.filter(depth__gt=1).exists() or Team.objects.exists(),
    )
