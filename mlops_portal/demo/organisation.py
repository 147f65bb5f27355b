"""Units, teams and people of the made-up organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password

from mlops_portal.demo import names
from mlops_portal.demo.people import DEMO_PEOPLE
from mlops_portal.demo.plots import Window
from teams.models import Grant, Role, Team, Unit, User

# From this many units on there is a layer of divisions between them and the organisation.
FLAT_UP_TO = 10
UNITS_PER_DIVISION = 10
MOST_PEOPLE = 60


@dataclass(frozen=True, slots=True)
class Organisation:
    """`paths` are the tree paths of the teams' units, by team index; the demo lead is the first of `leads`."""

    root: Unit
    teams: tuple[Team, ...]
    paths: tuple[str, ...]
    leads: tuple[User, ...]
    platform_engineer: User

    def lead_of(self, index: int) -> User:
        return self.leads[index % len(self.leads)]


def make_organisation(
    *, units: int, flags: Sequence[Sequence[str]], window: Window, at: datetime
) -> Organisation:
    """`units` units below the root, `len(flags)` teams spread over the lowest of them, people with their roles."""
    root: Unit = Unit.objects.add_root({"name": names.ORGANISATION, "slug": names.ROOT_SLUG})
    leaves = _units(root, units)
    created_at = at - timedelta(days=max(7 * window.weeks, 400) + 30)
    teams = Team.objects.bulk_create(
        (
            Team(
                unit=leaves[index % len(leaves)],
                slug=f"demo-team-{index + 1}",
                name=names.team_name(index),
                description="A team of the demo organisation. Everything about it is made up.",
                flags=list(own),
                created_at=created_at,
            )
            for index, own in enumerate(flags)
        ),
        batch_size=500,
    )
    leads, platform_engineer = _people(root, leaves[0], teams, at)
    return Organisation(
        root=root,
        teams=tuple(teams),
        paths=tuple(leaves[index % len(leaves)].path for index in range(len(teams))),
        leads=tuple(leads),
        platform_engineer=platform_engineer,
    )


def _units(root: Unit, count: int) -> list[Unit]:
    """The lowest units; beyond a handful there are divisions above them."""
    parents = [root.pk]
    below = count
    if count > FLAT_UP_TO:
        divisions = max(2, count // UNITS_PER_DIVISION)
        below = count - divisions
        parents = [
            _child(root.pk, f"Division {index + 1}", f"demo-division-{index + 1}")
            for index in range(divisions)
        ]
    leaves = [
        _child(parents[index % len(parents)], names.unit_name(index), f"demo-unit-{index + 1}")
        for index in range(below)
    ]
    # Read at the end: adding a child among sorted siblings moves their paths.
    units = Unit.objects.in_bulk(leaves)
    return [units[pk] for pk in leaves]


def _child(parent: int, name: str, slug: str) -> int:
    made = Unit.objects.add_child(Unit.objects.get(pk=parent), {"name": name, "slug": slug})
    return int(made.pk)


def _people(root: Unit, first_unit: Unit, teams: Sequence[Team], at: datetime) -> tuple[list[User], User]:
    """The five demo people and a lead per team; returns the leads, the demo lead first, and the platform engineer."""
    # Nobody here has a password, so nobody can sign in with one.
    known = User.objects.bulk_create(
        User(
            username=one.username,
            full_name=one.full_name,
            is_demo=True,
            password=make_password(None),
            joined_at=at,
        )
        for one in DEMO_PEOPLE
    )
    lead, manager, platform, integrator, admin = known
    others = User.objects.bulk_create(
        User(
            username=f"demo-person-{index + 1}",
            full_name=names.person_name(index),
            is_demo=True,
            password=make_password(None),
            joined_at=at,
        )
        for index in range(min(max(len(teams), 2), MOST_PEOPLE))
    )
    leads = [lead, *others[1:]] if teams else [lead]
    grants = [
        Grant(user=manager, role=Role.MANAGER, unit=first_unit, granted_at=at),
        Grant(user=platform, role=Role.PLATFORM, unit=root, granted_at=at),
        Grant(user=integrator, role=Role.VIEWER, unit=root, granted_at=at),
        Grant(user=admin, role=Role.ADMIN, unit=root, granted_at=at),
    ]
    for index, team in enumerate(teams):
        grants.append(Grant(user=leads[index % len(leads)], role=Role.LEAD, team=team, granted_at=at))
        grants.append(
            Grant(user=others[(index + 1) % len(others)], role=Role.MEMBER, team=team, granted_at=at)
        )
    if teams:
        grants.append(Grant(user=integrator, role=Role.LEAD, team=teams[-1], granted_at=at))
    Grant.objects.bulk_create(grants, batch_size=500)
    return leads, platform
