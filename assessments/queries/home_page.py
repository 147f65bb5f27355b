"""What awaits a person: open assessments of the own teams, their last results, the one obvious next action."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, Q

from assessments.models import Assessment, MaturityModel, Reading, TeamScore
from assessments.queries import catalog
from assessments.queries.team_list import TeamLine, listed_teams, team_lines
from teams.models import Team, Unit, User
from teams.queries.rights import teams_visible_to

_MOST = 12


@dataclass(frozen=True, slots=True)
class OpenLine:
    """An open assessment of one of the person's teams; `answered` of `total` criteria, overlays left out."""

    assessment: Assessment
    answered: int
    total: int


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What a new organisation has already."""

    has_units: bool = False
    has_teams: bool = False
    has_people: bool = False
    has_readings: bool = False
    has_results: bool = False


@dataclass(frozen=True, slots=True)
class HomePage:
    """`mine` are teams that the person answers for, `has_more` when not all of them are shown; `seen` counts all that the person can see."""

    open: tuple[OpenLine, ...]
    mine: tuple[TeamLine, ...]
    has_more: bool
    seen: int
    with_result: int

    @property
    def drafts(self) -> tuple[OpenLine, ...]:
        return tuple(o for o in self.open if o.assessment.status == Assessment.Status.DRAFT)

    @property
    def in_review(self) -> tuple[OpenLine, ...]:
        return tuple(o for o in self.open if o.assessment.status == Assessment.Status.IN_REVIEW)


def home_page(user: User, maturity_model: MaturityModel | None) -> HomePage:
    """Three queries, whatever the number of teams."""
    mine = list(listed_teams(teams_visible_to(user, "answer.edit"), maturity_model)[: _MOST + 1])
    shown = mine[:_MOST]
    opened = (
        Assessment.objects.filter(
            team__in=[team.pk for team in shown],
            maturity_model=maturity_model,
            status__lt=Assessment.Status.PUBLISHED,
        )
        .select_related("team")
        .annotate(answered=Count("answers", filter=Q(answers__criterion__capability__is_in_rollup=True)))
        .order_by("team__name", "pk")
    )
    total = _core_criteria(maturity_model)
    seen = teams_visible_to(user, "team.view").aggregate(
        teams=Count("pk", distinct=True),
        with_result=Count("pk", distinct=True, filter=Q(team_scores__maturity_model=maturity_model)),
    )
    return HomePage(
        open=tuple(OpenLine(assessment, assessment.answered, total) for assessment in opened),
        mine=tuple(team_lines(shown)),
        has_more=len(mine) > _MOST,
        seen=seen["teams"],
        with_result=seen["with_result"],
    )


def _core_criteria(maturity_model: MaturityModel | None) -> int:
    if maturity_model is None:
        return 0
    model = catalog.model_file(maturity_model)
    return sum(len(c.criteria) for c in model.capabilities if c.in_rollup)


def first_steps() -> FirstSteps:
    """How far a new organisation is, in one query. An organisation without its root unit has nothing."""
    found = (
        Unit.objects.filter(depth=1)
        .annotate(
            has_units=Exists(Unit.objects.filter(depth__gt=1)),
            has_teams=Exists(Team.objects.all()),
            # The administrator is one; the second is the first who was invited.
            has_people=Exists(User.objects.all()[1:2]),
            has_readings=Exists(Reading.objects.all()),
            has_results=Exists(TeamScore.objects.all()),
        )
        .values("has_units", "has_teams", "has_people", "has_readings", "has_results")
        .first()
    )
    return FirstSteps(**found) if found is not None else FirstSteps()
