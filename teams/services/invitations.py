"""Single-use links with which a person sets a password. Shown once to whoever invites; the database keeps a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from teams.models import Invitation, User
from teams.services.events import record_event
from teams.services.refusal import NotAllowed, Refused, check_right

VALID_FOR = timedelta(hours=72)


class InvitationGone(Refused):
    """The link was used, has lapsed, was replaced, or never was."""

    def __init__(self) -> None:
        super().__init__("This link was used already or has lapsed. Ask whoever invited you for a new one.")


def _digest(token: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()


def issue_invitation(*, user: User, by: User | None, at: datetime) -> str:
    """The token of a new link; earlier links of this person stop working. Call inside the caller's transaction."""
    Invitation.objects.filter(user=user, used_at__isnull=True).delete()
    token = secrets.token_urlsafe(32)
    Invitation.objects.create(
        user=user, digest=_digest(token), created_by=by, created_at=at, expires_at=at + VALID_FOR
    )
    return token


@transaction.atomic
def renew_invitation(*, user: User, by: User | None, at: datetime) -> str:
    """The token of a new link for a person who is here already. Raises NotAllowed.

    Whoever holds the link can set the password, so this is an administrator's, and nobody makes one for themselves: that
    would be a way round the question for the old password.
    """
    check_right(by, "user.deactivate")
    if by is not None and by.pk == user.pk:
        raise NotAllowed("Change your own password on your profile page.")
    if not user.is_active:
        raise NotAllowed(f"{user} is deactivated. Activate the account first.")
    token = issue_invitation(user=user, by=by, at=at)
    record_event(at=at, by=by, action="invitation.create", obj=user)
    return token


def invited_person(token: str, *, at: datetime) -> User:
    """Whom the link is for. Raises InvitationGone."""
    return _open_invitation(token, at=at).user


def _open_invitation(token: str, *, at: datetime, is_locked: bool = False) -> Invitation:
    rows = Invitation.objects.select_related("user")
    if is_locked:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(digest=_digest(token), used_at__isnull=True, expires_at__gt=at).first()
    if found is None or not found.user.is_active:
        raise InvitationGone
    return found


@transaction.atomic
def accept_invitation(*, token: str, password: str, at: datetime) -> User:
    """The person, who can sign in with `password` now; the link is spent. Raises InvitationGone.

    Whether the password is good enough is the form's to say.
    """
    invitation = _open_invitation(token, at=at, is_locked=True)
    invitation.used_at = at
    invitation.save(update_fields=["used_at"])
    person = invitation.user
    person.set_password(password)
    person.save(update_fields=["password"])
    record_event(at=at, by=person, action="invitation.accept", obj=person)
    return person
