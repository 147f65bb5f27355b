"""Webhooks: made with a secret, renewed, closed; and what a delivery does. Fails closed: what is not signed does not exist."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from integrations.connectors.hooks import HOOKS
from integrations.connectors.hooks.base import LONGEST_PLACE, SIGNING_PREFIX, Event, Hook, Meaning, Unreadable
from integrations.models import Connection, InboundDelivery, InboundHook
from integrations.queries.credentials import key_ring
from integrations.queries.inbound import has_hook, hook_secrets, is_crowded, is_mapped, open_hook, place_of
from integrations.services.connections import SET_SECRET, Gone
from integrations.services.hints import hint
from mlops_portal.lib.secrets import CannotDecrypt
from teams.models import User
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right

Outcome = InboundDelivery.Outcome

# So long the other side may go on with the secret before.
PREVIOUS_LIVES = timedelta(days=1)
SECRET_BYTES = 32
_NOBODYS_SECRET = secrets.token_hex(SECRET_BYTES)


class NotASigningToken(Refused):
    """What was entered is no token after Standard Webhooks."""


class NoHook(Refused):
    """Systems of this kind send the portal nothing."""


@dataclass(frozen=True, slots=True)
class Received:
    """A signed delivery and what came of it. A repetition has had its effect before."""

    outcome: Outcome
    is_repeated: bool = False


def new_hook_secret(
    *, connection: Connection, given: str = "", by: User | None, at: datetime
) -> tuple[InboundHook, str]:
    """The webhook and its new secret in plain, which is stored encrypted only.

    `given` is a signing token that the other side made. The secret before opens the door for PREVIOUS_LIVES more. Raises
    NotAllowed, Gone, NoHook, NotASigningToken.
    """
    check_right(by, SET_SECRET)
    if not has_hook(connection.kind):
        raise NoHook(f"{connection.name} is of a kind that sends no webhooks.")
    plain = _checked(given.strip()) if given else _fresh()
    with transaction.atomic():
        _lock(connection)
        hook = InboundHook.objects.filter(connection=connection).first()
        if hook is None:
            hook = InboundHook.objects.create(
                connection=connection,
                key=secrets.token_hex(16),
                secret="",
                secret_set_at=at,
                secret_set_by=by,
            )
        else:
            _keep_previous(hook, at)
        hook.secret = key_ring().seal(plain, place_of(hook, "secret"))
        hook.secret_set_at, hook.secret_set_by = at, by
        hook.save()
        record_event(at=at, by=by, action="connection.set_webhook_secret", obj=connection)
    return hook, plain


def _fresh() -> str:
    """A form that GitLab takes as either of its tokens; GitHub takes any text."""
    return f"{SIGNING_PREFIX}{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def _checked(given: str) -> str:
    try:
        size = len(base64.b64decode(given.removeprefix(SIGNING_PREFIX), validate=True))
    except ValueError:
        size = 0
    # Standard Webhooks: 24 to 64 bytes.
    if not given.startswith(SIGNING_PREFIX) or not 24 <= size <= 64:
        raise NotASigningToken(
            f"This is no signing token: one is {SIGNING_PREFIX} and 24 to 64 bytes in base64. Nothing was changed."
        )
    return given


def close_hook(*, connection: Connection, by: User | None, at: datetime) -> None:
    """Forgets the webhook with its secrets and deliveries: its address leads nowhere. Raises NotAllowed, Gone."""
    check_right(by, SET_SECRET)
    with transaction.atomic():
        _lock(connection)
        deleted, _ = InboundHook.objects.filter(connection=connection).delete()
        if deleted:
            record_event(at=at, by=by, action="connection.remove_webhook", obj=connection)


def receive(*, kind: str, key: str, headers: Mapping[str, str], body: bytes, at: datetime) -> Received | None:
    """What came of a delivery; None when it is not signed with a secret of that address, or there is no such address.

    Both take the same time and leave nothing. Raises CannotDecrypt when the portal's own keys do not open the secret.
    """
    sender, hook = HOOKS[kind], open_hook(kind, key)
    known = () if hook is None else hook_secrets(hook, at)
    # Always two: whether there is an address, and whether a secret is on its way out, must not show in the time.
    tried = (*known, *(_NOBODYS_SECRET,) * 2)[:2]
    is_signed = [sender.is_signed(headers, body, secret, at) for secret in tried]
    if hook is None or not any(is_signed[: len(known)]):
        return None
    return _take(hook, sender, headers, body, at)


def _take(hook: InboundHook, sender: Hook, headers: Mapping[str, str], body: bytes, at: datetime) -> Received:
    try:
        event = sender.event(headers, body)
    except Unreadable:
        event = None
    delivery = InboundDelivery(
        hook=hook,
        delivery_id=sender.delivery_id(headers, body),
        event=event.name if event is not None else sender.event_name(headers),
        action=event.action if event is not None else "",
        place=next(iter(event.places), "")[:LONGEST_PLACE] if event is not None else "",
        received_at=at,
    )
    try:
        # One transaction: a repetition, which the constraint refuses, takes its hint back with it.
        with transaction.atomic():
            delivery.outcome = _outcome(hook.connection, event, at)
            if not is_crowded(hook, at):
                delivery.save(force_insert=True)
    except IntegrityError:
        first = InboundDelivery.objects.get(hook=hook, delivery_id=delivery.delivery_id)
        return Received(Outcome(first.outcome), is_repeated=True)
    return Received(Outcome(delivery.outcome))


def _outcome(connection: Connection, event: Event | None, at: datetime) -> Outcome:
    if event is None:
        return Outcome.UNREADABLE
    if event.meaning is Meaning.PING:
        return Outcome.PING
    if event.meaning is Meaning.UNWANTED:
        return Outcome.UNWANTED
    if not is_mapped(connection, event.places):
        return Outcome.ELSEWHERE
    return hint(connection=connection, at=at)


def _lock(connection: Connection) -> None:
    if not Connection.objects.open().select_for_update().filter(pk=connection.pk).exists():
        raise Gone(f"{connection.name} was removed.")


def _keep_previous(hook: InboundHook, at: datetime) -> None:
    try:
        before = key_ring().open(hook.secret, place_of(hook, "secret"))
    except CannotDecrypt:
        # What does not open any more is nothing to go on with.
        hook.previous_secret, hook.previous_ends_at = "", None
        return
    hook.previous_secret = key_ring().seal(before, place_of(hook, "previous_secret"))
    hook.previous_ends_at = at + PREVIOUS_LIVES
