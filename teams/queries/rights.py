"""Who may do what, and what is visible to whom: the matrix of `teams.permissions` put to the grants in the database.

Grants on a unit hold for all below it (the path of the tree is a prefix), grants on a team for that team. A right that
reaches over the organisation holds wherever its role was granted.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value

from teams.models import Grant, Team, Unit, User
from teams.models.team import TeamQuerySet
from teams.permissions import MATRIX, Reach, Right, Role, Row, row
from teams.queries.principals import Principal

Actor = User | AnonymousUser | Principal | None
_REVIEW = "review.override"


@dataclass(frozen=True, slots=True)
class Held:
    """One role and where it holds: on a unit and below (`unit_path`), or on one team."""

    role: Role
    unit_path: str | None = None
    team_id: int | None = None

    def covers(self, obj: Unit | Team) -> bool:
        """Whether the place of the role includes `obj`. Reads `team.unit`: select it along."""
        if isinstance(obj, Team):
            if self.unit_path is None:
                return self.team_id == obj.pk
            return bool(obj.unit.path.startswith(self.unit_path))
        return self.unit_path is not None and bool(obj.path.startswith(self.unit_path))


@dataclass(frozen=True, slots=True)
class Rights:
    """What one actor holds, read once; `can` asks no database then (but for a team whose unit is not loaded)."""

    held: tuple[Held, ...] = ()
    is_signed_in: bool = False
    # A service token reaches its own teams only, whatever the matrix gives a lead elsewhere.
    is_bound: bool = False
    principal: Principal | None = None

    def can(
        self, action: str, obj: Unit | Team | None = None, *, own: bool = False, assigned: bool = False
    ) -> bool:
        """Whether the actor may do `action`, on `obj` or (None) anywhere at all. Raises UnknownAction.

        `own`: the thing at hand is the actor's own. `assigned`: the actor is a reviewer assigned to it.
        """
        wanted = row(action)
        if wanted.is_public:
            return True
        if not self.is_signed_in or (self.principal is not None and not self.principal.may_use(action)):
            return False
        if is_personal(wanted):
            return not self.is_bound
        return any(self._gives(held, wanted.rights[held.role], obj, own, assigned) for held in self.held)

    def _gives(self, held: Held, right: Right, obj: Unit | Team | None, own: bool, assigned: bool) -> bool:  # noqa: FBT001 -- private
        if not right.is_given or ("assigned" in right.conditions and not assigned):
            return False
        if right.reach is Reach.SELF and not own:
            return False
        if "other_team" in right.conditions and obj is not None and self._is_in(obj):
            return False
        if obj is None:
            return True
        if right.reach is Reach.ORGANISATION and not self.is_bound:
            return True
        return held.covers(obj)

    def _is_in(self, obj: Unit | Team) -> bool:
        return isinstance(obj, Team) and any(held.team_id == obj.pk for held in self.held)

    def is_limited(self, action: str, condition: str) -> bool:
        """Whether every role that gives the actor `action` gives it under this condition only. Raises UnknownAction."""
        given = [right for held in self.held if (right := row(action).rights[held.role]).is_given]
        return bool(given) and all(condition in right.conditions for right in given)


def is_personal(wanted: Row) -> bool:
    """Whether an action is about one's own things only (profile, own tokens): no grant is needed for it."""
    return all(right.reach is Reach.SELF for right in wanted.rights.values())


def roles_of(user: User) -> tuple[Held, ...]:
    """All that a person holds, in one query."""
    grants = Grant.objects.filter(user=user).order_by("pk").values_list("role", "unit__path", "team_id")
    return tuple(Held(Role(role), unit_path, team_id) for role, unit_path, team_id in grants)


def rights_of(actor: Actor) -> Rights:
    """The rights of an actor as they are now, in one query at most. Inactive people and visitors have none."""
    if isinstance(actor, Principal):
        if actor.user is not None:
            return Rights(_roles_behind(actor, actor.user), actor.user.is_active, principal=actor)
        if actor.token is None:
            return Rights()
        teams = actor.token.teams.order_by("pk").values_list("pk", flat=True)
        held = tuple(Held(Role.LEAD, team_id=pk) for pk in teams)
        return Rights(held, is_signed_in=True, is_bound=True, principal=actor)
    if isinstance(actor, User):
        return Rights(_active_roles(actor), actor.is_active)
    return Rights()


def _roles_behind(principal: Principal, user: User) -> tuple[Held, ...]:
    if principal.roles is None or not user.is_active:
        return _active_roles(user)
    return tuple(Held(Role(role), unit_path, team_id) for role, unit_path, team_id in principal.roles)


def _active_roles(user: User) -> tuple[Held, ...]:
    return roles_of(user) if user.is_active else ()


def remembered_rights(actor: Actor) -> Rights:
    """`rights_of`, kept on the person's instance. For edges only, where an instance lives as long as one request."""
    person = actor.user if isinstance(actor, Principal) and actor.scopes is None else actor
    if not isinstance(person, User):
        return rights_of(actor)
    kept: Rights | None = person.__dict__.get("_remembered_rights")
    if kept is None:
        kept = person.__dict__["_remembered_rights"] = rights_of(person)
    return kept


def can(
    actor: Actor,
    action: str,
    obj: Unit | Team | None = None,
    *,
    own: bool = False,
    assigned: bool = False,
) -> bool:
    """Whether `actor` may do `action`, on `obj` or (None) anywhere at all. One query. Raises UnknownAction.

    `own`: the thing at hand is the actor's own (rows that reach to oneself). `assigned`: the actor is a reviewer who is
    assigned to it. Rights that say `published` are rights to published results: which those are is the caller's knowledge.
    """
    return rights_of(actor).can(action, obj, own=own, assigned=assigned)


def _roles(action: str, *reaches: Reach) -> list[int]:
    return sorted(
        role.value
        for role, right in row(action).rights.items()
        if right.is_given and right.reach in reaches and "assigned" not in right.conditions
    )


def _grants(user: User, action: str, *reaches: Reach) -> QuerySet[Grant]:
    return Grant.objects.filter(user=user, role__in=_roles(action, *reaches))


def _units_below_grants(user: User, action: str) -> QuerySet[Unit]:
    below = (
        _grants(user, action, Reach.UNIT, Reach.TEAM)
        .filter(unit__isnull=False)
        .annotate(_path=ExpressionWrapper(OuterRef("path"), output_field=CharField()))
        .filter(_path__startswith=F("unit__path"))
    )
    units: QuerySet[Unit] = Unit.objects.filter(Exists(below))
    return units


def teams_visible_to(
    actor: Actor, action: str = "heatmap.view", *, with_archived: bool = False
) -> TeamQuerySet:
    """Teams on which `actor` may do `action`, as one query (subselects, no ids). Archived teams only when asked for.

    Own things and reviewers' assignments (`own`, `assigned` of `can`) do not count. Raises UnknownAction.
    """
    teams = Team.objects.all() if with_archived else Team.objects.active()
    if isinstance(actor, Principal):
        if not actor.may_use(action):
            return teams.none()
        if actor.token is not None and actor.user is None:
            return teams.filter(service_tokens=actor.token) if _roles_include_lead(action) else teams.none()
        actor = actor.user
    if not isinstance(actor, User) or not actor.is_active:
        return teams.none()
    on_team = _grants(actor, action, Reach.UNIT, Reach.TEAM).filter(team=OuterRef("pk"))
    return teams.filter(
        Exists(_grants(actor, action, Reach.ORGANISATION))
        | Exists(on_team)
        | Q(unit__in=_units_below_grants(actor, action).values("pk"))
    )


def _roles_include_lead(action: str) -> bool:
    return Role.LEAD.value in _roles(action, Reach.ORGANISATION, Reach.UNIT, Reach.TEAM)


def units_visible_to(actor: Actor, action: str = "org.list") -> QuerySet[Unit]:
    """Units on which `actor` may do `action`, as one query. A service token sees the names of the units above
    its teams.

    Raises UnknownAction.
    """
    if isinstance(actor, Principal):
        if not actor.may_use(action):
            return _no_units()
        if actor.token is not None and actor.user is None:
            above = actor.token.teams.annotate(_path=F("unit__path")).filter(
                _path__startswith=OuterRef("path")
            )
            units: QuerySet[Unit] = Unit.objects.filter(Exists(above))
            # What reaches a lead's own team only (progress) must not open the sums of the units above it.
            return units if Role.LEAD.value in _roles(action, Reach.ORGANISATION) else _no_units()
        actor = actor.user
    if not isinstance(actor, User) or not actor.is_active:
        return _no_units()
    visible: QuerySet[Unit] = Unit.objects.filter(
        Exists(_grants(actor, action, Reach.ORGANISATION))
        | Q(pk__in=_units_below_grants(actor, action).values("pk"))
    )
    return visible


def _no_units() -> QuerySet[Unit]:
    units: QuerySet[Unit] = Unit.objects.none()
    return units


def nobody_else_can_review(team: Team) -> bool:
    """Whether no active person outside the team holds a role that could review it: a one-team installation.

    Publishing is then the lead's, and the result says "not reviewed" (RULINGS 9). Reads `team.unit`.
    """
    rights = MATRIX[_REVIEW].rights
    anywhere = sorted(role.value for role, right in rights.items() if right.reach is Reach.ORGANISATION)
    above = sorted(role.value for role, right in rights.items() if right.reach is Reach.UNIT)
    reviewers = (
        Grant.objects.filter(user__is_active=True)
        .exclude(user__in=Grant.objects.filter(team=team).values("user"))
        .annotate(_path=Value(team.unit.path))
        .filter(Q(role__in=anywhere) | Q(role__in=above, _path__startswith=F("unit__path")))
    )
    return not reviewers.exists()
