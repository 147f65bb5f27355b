"""People: invited, described, deactivated. Never deleted, for their answers and the log stay theirs."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from teams.models import Role, Team, Theme, Unit, User
from teams.services.events import record_event
from teams.services.grants import check_an_administrator_stays, grant_role
from teams.services.invitations import issue_invitation
from teams.services.organisation import lock_tree
from teams.services.refusal import NotAllowed, Refused, check_right


class NameTaken(Refused):
    """Another person has this user name or e-mail address."""


@transaction.atomic
def create_person(
    *,
    username: str,
    full_name: str,
    email: str = "",
    role: Role | None = None,
    unit: Unit | None = None,
    team: Team | None = None,
    is_demo: bool = False,
    by: User | None,
    at: datetime,
) -> tuple[User, str]:
    """The person, and the token of the link with which they set their password. Raises NotAllowed, NameTaken, WrongPlace.

    Whoever may give the first role may invite for it; to invite without a role is the administrators'.
    """
    if role is None:
        check_right(by, "user.deactivate")
    try:
        with transaction.atomic():
            person = User.objects.create_user(
                username, None, full_name=full_name, email=email, is_demo=is_demo, joined_at=at
            )
    except IntegrityError as error:
        raise NameTaken("Somebody has this user name or e-mail address already.") from error
    record_event(
        at=at, by=by, action="person.create", obj=person, unit=unit, team=team, after={"username": username}
    )
    if role is not None:
        grant_role(user=person, role=role, unit=unit, team=team, by=by, at=at)
    return person, issue_invitation(user=person, by=by, at=at)


@transaction.atomic
def deactivate_person(*, user: User, by: User | None, at: datetime) -> User:
    """The person, whose sessions, tokens and links stop working at once. Raises NotAllowed, LastAdministrator."""
    lock_tree()
    check_right(by, "user.deactivate")
    if by is not None and by.pk == user.pk:
        raise NotAllowed("Nobody deactivates themselves. Ask another administrator.")
    check_an_administrator_stays(user)
    return _set_active(user, is_active=False, by=by, at=at)


@transaction.atomic
def reactivate_person(*, user: User, by: User | None, at: datetime) -> User:
    """The person, who may sign in again with the roles they had. Raises NotAllowed."""
    check_right(by, "user.deactivate")
    return _set_active(user, is_active=True, by=by, at=at)


def _set_active(user: User, *, is_active: bool, by: User | None, at: datetime) -> User:
    if user.is_active is not is_active:
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        record_event(at=at, by=by, action="person.activate" if is_active else "person.deactivate", obj=user)
    return user


@transaction.atomic
def edit_profile(*, user: User, full_name: str, theme: Theme, at: datetime) -> User:
    """The person with what they say of themselves; roles are not among it."""
    before = {"full_name": user.full_name, "theme": user.theme}
    after = {"full_name": full_name, "theme": theme.value}
    if before != after:
        user.full_name, user.theme = full_name, theme.value
        user.save(update_fields=["full_name", "theme"])
        record_event(at=at, by=user, action="profile.edit", obj=user, before=before, after=after)
    return user
