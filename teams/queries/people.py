"""People, for lists and pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from teams.models import Grant, Role, Team, Unit, User
from teams.queries.rights import Actor, teams_visible_to, units_visible_to


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One choice on the sign-in page of the demo."""

    username: str
    name: str
    job: str
    sees: str


ADMINISTRATOR = "Administrator"
# The jobs of the sign-in page, in its order: the role that marks one, its name, what one sees in it.
_JOBS: tuple[tuple[Role, str, str], ...] = (
    (Role.LEAD, "Team lead", "Answers for {place}: its assessment, its evidence, and why its numbers are what they are."),
    (Role.MANAGER, "Manager", "Sees the teams of {place} on the heatmap, how they move, and what holds them back."),
    (Role.PLATFORM, "Platform engineer", "Connects CI and MLflow, maps projects to teams, and sees what could not be read and why."),
    (Role.VIEWER, "Integrator", "Reads the published results of {place} over the REST API and pushes measurements for one team."),
    (Role.ADMIN, ADMINISTRATOR, "Makes the units, teams and people of {place}, gives roles, and reads the log of who did what."),
)  # fmt: skip


def demo_people() -> list[DemoPerson]:
    """One active demo person for each job, in one query a job: of several the one who was made first."""
    found: list[DemoPerson] = []
    for role, job, sees in _JOBS:
        grants = Grant.objects.filter(role=role, user__is_demo=True, user__is_active=True)
        grant = (
            grants.exclude(user__username__in=[person.username for person in found])
            .select_related("user", "unit", "team")
            .order_by("user_id", "pk")
            .first()
        )
        if grant is not None:
            place = str(grant.team or grant.unit)
            found.append(DemoPerson(grant.user.username, str(grant.user), job, sees.format(place=place)))
    return found


def demo_administrator() -> str:
    """The user name of the demo person who administers the demo, empty for none."""
    return next((person.username for person in demo_people() if person.job == ADMINISTRATOR), "")


def has_own_people() -> bool:
    """Whether anybody is here who is not of the demo."""
    return User.objects.filter(is_demo=False).exists()


def has_administrator() -> bool:
    """Whether somebody who may sign in administers the organisation; demo people count. Until then it can be set up."""
    return Grant.objects.filter(role=Role.ADMIN, user__is_active=True).exists()


def people_matching(words: str = "") -> QuerySet[User]:
    """All people by name; with `words`, those whose name, user name or address contains them."""
    people = User.objects.order_by("full_name", "pk")
    if words:
        people = people.filter(
            Q(full_name__icontains=words) | Q(username__icontains=words) | Q(email__icontains=words)
        )
    return people


def grants_shown_to(actor: Actor, person: User) -> QuerySet[Grant]:
    """The roles of a person that `actor` may know of: all of one's own; else those on teams and units in reach."""
    grants = person.grants.select_related("unit", "team").order_by("role", "pk")
    if isinstance(actor, User) and actor.pk == person.pk:
        return grants
    teams = teams_visible_to(actor, "team.view", with_archived=True).values("pk")
    units = units_visible_to(actor, "unit.appoint").values("pk")
    return grants.filter(Q(team__in=teams) | Q(unit__in=units))


def people_on(place: Unit | Team) -> QuerySet[Grant]:
    """The roles held on this very unit or team, leads and managers first."""
    grants = Grant.objects.select_related("user", "unit", "team").order_by("-role", "user__full_name", "pk")
    return grants.filter(team=place) if isinstance(place, Team) else grants.filter(unit=place)
