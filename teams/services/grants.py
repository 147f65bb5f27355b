"""Roles given and taken. Nobody grants more than the matrix lets them, nobody changes their own role (RULINGS 12)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from teams.models import Grant, Role, Team, Unit, User
from teams.permissions import ROOT_ROLES, TEAM_ROLES, UNIT_ROLES
from teams.permissions import Role as PermissionRole
from teams.queries.rights import rights_of
from teams.services.events import record_event
from teams.services.organisation import lock_tree
from teams.services.refusal import NotAllowed, Refused

_ACTION = {
    Role.MEMBER: "team.edit_members",
    Role.LEAD: "team.appoint_lead",
    Role.VIEWER: "unit.appoint",
    Role.MANAGER: "unit.appoint",
    Role.PLATFORM: "org.appoint",
    Role.ADMIN: "org.appoint",
}


class WrongPlace(Refused):
    """This role cannot be held there."""


class OwnRole(Refused):
    """Nobody changes their own role."""


class LastAdministrator(Refused):
    """Somebody must be able to administer the organisation."""


def may_grant(by: User | None, role: Role, place: Unit | Team) -> bool:
    """Whether `by` may give or take `role` at `place`, from anybody but themselves. One query."""
    if by is None:
        return True
    rights = rights_of(by)
    if role is Role.MANAGER:
        # The matrix lets a manager appoint viewers only (`viewer_only`): managers come from above.
        return rights.can("org.appoint")
    return rights.can(_ACTION[role], place)


def _check_place(role: Role, place: Unit | Team) -> None:
    wanted = PermissionRole(role.value)
    fits = wanted in TEAM_ROLES if isinstance(place, Team) else wanted in UNIT_ROLES
    if fits and isinstance(place, Unit) and wanted in ROOT_ROLES:
        fits = place.depth == 1
    if not fits:
        raise WrongPlace(f"{role.label} is not a role that can be held on {place.name}.")


def _check_may(by: User | None, user: User, role: Role, place: Unit | Team) -> None:
    if not may_grant(by, role, place):
        raise NotAllowed(
            f"Your roles do not allow you to decide who is {role.label.lower()} of {place.name}."
        )
    if by is None or by.pk != user.pk:
        return
    # The one exception, logged like all else: an administrator may join a team.
    if role not in {Role.MEMBER, Role.LEAD} or not rights_of(by).can("org.appoint"):
        raise OwnRole("Nobody changes their own role. Ask another administrator.")


def check_an_administrator_stays(leaving: User) -> None:
    """Nothing, unless `leaving` is the last active administrator. Raises LastAdministrator. Call under `lock_tree`."""
    if not Grant.objects.filter(role=Role.ADMIN, user=leaving).exists():
        return
    others = Grant.objects.filter(role=Role.ADMIN, user__is_active=True).exclude(user=leaving)
    if not others.exists():
        raise LastAdministrator(f"{leaving} is the last administrator. Appoint another one first.")


@transaction.atomic
def grant_role(
    *,
    user: User,
    role: Role,
    unit: Unit | None = None,
    team: Team | None = None,
    by: User | None,
    at: datetime,
) -> Grant:
    """The grant; given twice, it is the first one. Raises NotAllowed, OwnRole, WrongPlace.

    Exactly one of `unit` and `team`. A manager of the unit appoints viewers, an administrator anybody.
    """
    place = _one_place(unit, team)
    _check_place(role, place)
    _check_may(by, user, role, place)
    grant, is_new = Grant.objects.get_or_create(
        user=user, role=role, unit=unit, team=team, defaults={"granted_by": by, "granted_at": at}
    )
    if is_new:
        record_event(
            at=at,
            by=by,
            action="role.grant",
            obj=user,
            unit=unit,
            team=team,
            after={"role": role.name.lower(), "on": place.slug},
        )
    return grant


def _one_place(unit: Unit | None, team: Team | None) -> Unit | Team:
    if unit is not None and team is None:
        return unit
    if team is not None and unit is None:
        return team
    raise ValueError("A role is held on one unit or on one team.")


@transaction.atomic
def revoke_role(*, grant: Grant, by: User | None, at: datetime) -> None:
    """Takes a role away. Raises NotAllowed, OwnRole, LastAdministrator."""
    lock_tree()
    role = Role(grant.role)
    place = _one_place(grant.unit, grant.team)
    _check_may(by, grant.user, role, place)
    if role is Role.ADMIN:
        check_an_administrator_stays(grant.user)
    record_event(
        at=at,
        by=by,
        action="role.revoke",
        obj=grant.user,
        unit=grant.unit,
        team=grant.team,
        before={"role": role.name.lower(), "on": place.slug},
    )
    grant.delete()


def grantable_roles(by: User) -> list[Role]:
    """The roles that `by` may give somewhere, in the order of the enum. One query."""
    rights = rights_of(by)
    is_administrator = rights.can("org.appoint")
    return [
        role for role in Role if rights.can(_ACTION[role]) and (role is not Role.MANAGER or is_administrator)
    ]
