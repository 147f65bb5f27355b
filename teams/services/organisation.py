"""The organisation and its units: the tree that rights are inherited along."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from teams.models import Grant, Role, Unit, User
from teams.queries.people import has_administrator
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right
from teams.services.slugs import free_slug


class OrganisationExists(Refused):
    """The portal is set up already: one deployment holds one organisation."""


class MovesIntoItself(Refused):
    """A unit cannot lie below itself, and the organisation stays on top."""


def lock_tree() -> Unit:
    """The root unit, locked until the transaction ends. Raises Unit.DoesNotExist.

    Writes to the tree rewrite the paths of siblings, and the last-administrator rule looks at grants on the root: both
    take this one row first.
    """
    root: Unit = Unit.objects.select_for_update().get(depth=1)
    return root


@transaction.atomic
def create_organisation(*, name: str, by: User | None = None, at: datetime) -> Unit:
    """The root unit. Raises OrganisationExists."""
    if Unit.objects.exists():
        raise OrganisationExists("There is an organisation here already.")
    try:
        with transaction.atomic():
            root: Unit = Unit.objects.add_root(
                {"name": name, "slug": free_slug(name, Unit.objects.all(), "organisation")}
            )
    except IntegrityError as error:  # a second set-up took the same path in the tree
        raise OrganisationExists("There is an organisation here already.") from error
    record_event(at=at, by=by, action="organisation.create", obj=root, after={"name": name})
    return root


@transaction.atomic
def set_up_portal(
    *, organisation: str, username: str, full_name: str, password: str, email: str = "", at: datetime
) -> User:
    """The first administrator of a new organisation. Raises OrganisationExists when there is one already.

    People without an administrator may be here: who joined a demo before it was removed.
    """
    root: Unit | None = Unit.objects.select_for_update().filter(depth=1).first()
    if has_administrator():
        raise OrganisationExists(
            "The portal is set up already. Sign in, or ask an administrator for an invitation."
        )
    if root is None:
        root = create_organisation(name=organisation, at=at)
    elif root.name != organisation:
        rename_unit(unit=root, name=organisation, by=None, at=at)
    person = User.objects.create_user(username, password, full_name=full_name, email=email, joined_at=at)
    Grant.objects.create(user=person, role=Role.ADMIN, unit=root, granted_at=at)
    record_event(
        at=at, by=None, action="person.create", obj=person, after={"username": username, "role": "admin"}
    )
    return person


@transaction.atomic
def create_unit(*, name: str, parent: Unit, by: User | None, at: datetime) -> Unit:
    """A unit below `parent`. Raises NotAllowed."""
    lock_tree()
    check_right(by, "unit.edit", parent)
    slug = free_slug(name, Unit.objects.all(), "unit")
    unit: Unit = Unit.objects.add_child(parent, {"name": name, "slug": slug})
    record_event(at=at, by=by, action="unit.create", obj=unit, after={"name": name, "parent": parent.slug})
    return unit


@transaction.atomic
def rename_unit(*, unit: Unit, name: str, by: User | None, at: datetime) -> Unit:
    """The unit with its new name; its address stays. Raises NotAllowed."""
    lock_tree()
    check_right(by, "unit.edit", unit)
    unit.refresh_from_db()
    before, unit.name = unit.name, name
    if before == name:
        return unit
    unit.save(update_fields=["name"])
    parent = Unit.objects.get_parent(unit)
    if parent is not None:
        # Siblings lie by name: put it where the new name belongs.
        Unit.objects.move(unit, parent, "sorted-child")
        unit.refresh_from_db()
    record_event(at=at, by=by, action="unit.rename", obj=unit, before={"name": before}, after={"name": name})
    return unit


@transaction.atomic
def move_unit(*, unit: Unit, parent: Unit, by: User | None, at: datetime) -> Unit:
    """The unit with all below it under `parent`. Raises NotAllowed, MovesIntoItself.

    The right is asked for at both ends: where it leaves and where it arrives (who manages only the unit itself cannot
    take it away from the unit above).
    """
    lock_tree()
    unit.refresh_from_db()
    parent.refresh_from_db()
    old: Unit | None = Unit.objects.get_parent(unit)
    if old is None or parent.path.startswith(unit.path):
        raise MovesIntoItself(f"{unit.name} cannot lie below {parent.name}.")
    check_right(by, "unit.edit", old)
    check_right(by, "unit.edit", parent)
    if old.pk == parent.pk:
        return unit
    Unit.objects.move(unit, parent, "sorted-child")
    unit.refresh_from_db()
    record_event(
        at=at, by=by, action="unit.move", obj=unit, before={"parent": old.slug}, after={"parent": parent.slug}
    )
    return unit
