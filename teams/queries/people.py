"""People, for lists and pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from teams.models import Grant, Role, Team, Unit, User
from teams.queries.rights import Actor, teams_visible_to, units_visible_to


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One choice on the sign-in page of the demo."""

    username: str
    name: str
    job: str
    sees: str


# role -> (job, what they see). The first role that somebody holds, in this order, names the job.
_JOBS: tuple[tuple[Role, str, str], ...] = (
    (Role.ADMIN, "Administrator", "Manages people, teams and units; sees the published results of all of them."),
    (Role.PLATFORM, "Platform engineer", "Looks after the connections that bring in signals; sees measurements, no scores."),
    (Role.MANAGER, "Head of {place}", "Sees the heatmap and the progress of the teams in {place}."),
    (Role.LEAD, "Team lead", "Answers for {place}, publishes its assessment, picks its next steps."),
    (Role.MEMBER, "Team member", "Answers for {place} and adds evidence; cannot publish."),
    (Role.VIEWER, "Integrator", "Reads the published results of {place}, in pages and over the API."),
)  # fmt: skip


def demo_people() -> list[DemoPerson]:
    """Active demo people by job, in two queries."""
    grants = Grant.objects.select_related("unit", "team").order_by("pk")
    people = User.objects.filter(is_demo=True, is_active=True).prefetch_related(Prefetch("grants", grants))
    found = [_demo_person(person) for person in people.order_by("pk")]
    order = [job for _, job, _ in _JOBS]
    return [person for _, person in sorted(found, key=lambda pair: (order.index(pair[0]), pair[1].name))]


def _demo_person(person: User) -> tuple[str, DemoPerson]:
    held = {Role(grant.role): str(grant.team or grant.unit) for grant in reversed(person.grants.all())}
    for role, job, sees in _JOBS:
        if role in held:
            place = held[role]
            return job, DemoPerson(
                person.username, str(person), job.format(place=place), sees.format(place=place)
            )
    return _JOBS[-1][1], DemoPerson(
        person.username, str(person), "No role yet", "Sees only the own account until somebody gives a role."
    )


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
