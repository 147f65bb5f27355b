"""Connections: made, edited, paused and removed. Credentials go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from assessments.services.measurements import forget_source
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.models import Connection, InboundHook, Source
from integrations.models.connection import DEFAULT_INTERVAL_MINUTES
from integrations.queries.kinds import connector_class, secret_names, split_answers
from integrations.services import budgets
from integrations.services.addresses import allow_host, check_address
from integrations.services.credentials import request_headers, seal, secrets_of
from integrations.services.kept_answers import forget_answers
from integrations.services.sources import let_go_of_files
from mlops_portal.lib.secrets import CannotDecrypt
from teams.models import User
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right

EDIT = "connection.edit"
SET_SECRET = "connection.set_secret"  # noqa: S105 -- the name of a right


class NameTaken(Refused):
    """Another connection has that name."""


class StaleConnection(Refused):
    """Somebody else changed the connection since the page was opened."""


class Gone(Refused):
    """The connection was removed."""


def create_connection(
    *,
    kind: str,
    name: str,
    base_url: str,
    answers: Mapping[str, Any],
    interval_minutes: int = DEFAULT_INTERVAL_MINUTES,
    allow: str = "",
    by: User | None,
    at: datetime,
) -> Connection:
    """The connection, due at once. `answers` are those to the connector's connection options, secrets among them.

    `allow` opens that address first (an administrator, embedded). Raises NotAllowed, AddressRefused, NotOnThisPortal,
    NameTaken, UnknownConnector.
    """
    check_right(by, EDIT)
    plain, secrets = split_answers(connector_class(kind), answers)
    with transaction.atomic():
        if allow and by is not None:
            allow_host(entry=allow, by=by, at=at)
        check_address(base_url)
        connection = Connection(
            kind=kind,
            name=name.strip(),
            base_url=base_url.strip(),
            options=plain,
            interval_minutes=interval_minutes,
            next_due_at=at,
            created_at=at,
        )
        _save_new(connection)
        record_event(at=at, by=by, action="connection.create", obj=connection, after=_described(connection))
        if secrets:
            _write_secret(connection, secrets, by, at)
    return connection


def edit_connection(
    *,
    connection: Connection,
    name: str,
    base_url: str,
    answers: Mapping[str, Any],
    interval_minutes: int,
    row_version: int,
    allow: str = "",
    by: User | None,
    at: datetime,
) -> Connection:
    """The connection as saved. A new scheme, host or port clears the credential: it was entered for another system.

    An empty secret answer leaves that secret as it is. Raises NotAllowed, AddressRefused, NotOnThisPortal, NameTaken,
    StaleConnection, Gone.
    """
    check_right(by, EDIT)
    with transaction.atomic():
        row = _locked(connection)
        if row.row_version != row_version:
            raise StaleConnection(
                f"{row.name} was changed by somebody else meanwhile. Look at it and save again."
            )
        if allow and by is not None:
            allow_host(entry=allow, by=by, at=at)
        origin = check_address(base_url)
        before, is_moved = _described(row), _is_elsewhere(row.base_url, origin)
        plain, secrets = split_answers(connector_class(row.kind), answers)
        row.name, row.base_url = name.strip(), base_url.strip()
        row.options, row.interval_minutes = plain, interval_minutes
        row.row_version += 1
        row.next_due_at = at
        if is_moved:
            row.secret, row.secret_set_at, row.secret_set_by, row.found = "", None, None, {}
            _change_credential(row)
            # The webhook was set up at the other system too.
            InboundHook.objects.filter(connection=row).delete()
            row.test_failure, row.test_failed_at = "", None
        _save_new(row)
        after = {**_described(row), **({"credential": "cleared: another host"} if is_moved else {})}
        record_event(at=at, by=by, action="connection.edit", obj=row, before=before, after=after)
        if secrets:
            _write_secret(row, secrets, by, at)
    return row


def set_secret(
    *, connection: Connection, secrets: Mapping[str, str], by: User | None, at: datetime
) -> Connection:
    """The connection with these secrets in place of those of the same name. Raises NotAllowed, Gone.

    A pause that the portal made because of the credential ends, and a collection is due at once.
    """
    check_right(by, SET_SECRET)
    with transaction.atomic():
        row = _locked(connection)
        named = {name: value for name, value in secrets.items() if name in _secret_names(row)}
        _write_secret(row, named, by, at)
    return row


def pause_connection(*, connection: Connection, reason: str, by: User | None, at: datetime) -> Connection:
    """The connection, collected no more until it is resumed. Raises NotAllowed, Gone."""
    check_right(by, EDIT)
    with transaction.atomic():
        row = _locked(connection)
        row.is_paused, row.paused_by = True, by
        row.pause_reason = reason.strip()[:300] or "Paused by hand."
        row.row_version += 1
        row.save(update_fields=["is_paused", "pause_reason", "paused_by", "row_version"])
        record_event(at=at, by=by, action="connection.pause", obj=row, after={"reason": row.pause_reason})
    return row


def resume_connection(*, connection: Connection, by: User | None, at: datetime) -> Connection:
    """The connection, due at once. Raises NotAllowed, Gone."""
    check_right(by, EDIT)
    with transaction.atomic():
        row = _locked(connection)
        unpause(row=row, at=at)
        row.row_version += 1
        row.save(
            update_fields=[
                *("is_paused", "pause_reason", "paused_by", "failures", "failing_since_at"),
                *("next_due_at", "row_version"),
            ]
        )
        record_event(at=at, by=by, action="connection.resume", obj=row)
    return row


def remove_connection(*, connection: Connection, by: User | None, at: datetime) -> None:
    """Removes the connection with its credential and all its sources. What it measured ages; nothing falls at once.

    Raises NotAllowed, Gone.
    """
    check_right(by, EDIT)
    with transaction.atomic():
        row = _locked(connection)
        for source in Source.objects.filter(connection=row, removed_at__isnull=True).select_related("team"):
            forget_source(team=source.team, source=row.measurement_source, at=at)
        Source.objects.filter(connection=row, removed_at__isnull=True).update(removed_at=at)
        InboundHook.objects.filter(connection=row).delete()
        let_go_of_files(Source.objects.filter(file__source__connection=row))
        row.secret, row.secret_set_at, row.secret_set_by = "", None, None
        _change_credential(row)
        row.removed_at = at
        row.row_version += 1
        row.save(
            update_fields=[
                *("secret", "secret_set_at", "secret_set_by", "secret_version", "budget"),
                *("removed_at", "row_version"),
            ]
        )
        record_event(at=at, by=by, action="connection.remove", obj=row, before=_described(row))


def _locked(connection: Connection) -> Connection:
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    if row.removed_at is not None:
        raise Gone(f"{row.name} was removed.")
    return row


def _save_new(row: Connection) -> None:
    """Saves what the forms write, and nothing else: a collection may be writing its own fields."""
    fields = (
        [
            "name",
            "base_url",
            "options",
            "interval_minutes",
            "row_version",
            "next_due_at",
            "secret",
            "secret_set_at",
            "secret_set_by",
            "secret_version",
            "budget",
            "is_slow",
            "found",
            "test_failure",
            "test_failed_at",
        ]
        if row.pk
        else None
    )
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError:
        raise NameTaken(
            f"There is a connection named {row.name} already. Give this one another name."
        ) from None


def _write_secret(row: Connection, secrets: Mapping[str, str], by: User | None, at: datetime) -> None:
    try:
        kept = secrets_of(row)
    except CannotDecrypt:
        # What does not open any more is replaced by what was entered now.
        kept = {}
    row.secret = seal(row, {**kept, **secrets})
    row.secret_set_at, row.secret_set_by = at, by
    _change_credential(row)
    if row.is_paused and row.paused_by_id is None:
        unpause(row=row, at=at)
    row.next_due_at = at
    row.save(
        update_fields=[
            "secret",
            "secret_set_at",
            "secret_set_by",
            "secret_version",
            "budget",
            "is_paused",
            "pause_reason",
            "paused_by",
            "failures",
            "failing_since_at",
            "next_due_at",
        ]
    )
    # Known from now on, not from its first collection: two of one credential are never read at the same time.
    with suppress(UnknownConnector, NotAConnector):
        budgets.attach(connection=row, headers=request_headers(row))
    record_event(at=at, by=by, action="connection.set_secret", obj=row, after={"set": sorted(secrets)})


def unpause(*, row: Connection, at: datetime) -> None:
    """Changes the row in memory; who calls saves it."""
    row.is_paused, row.pause_reason, row.paused_by = False, "", None
    row.failures, row.failing_since_at, row.next_due_at = 0, None, at


def _change_credential(row: Connection) -> None:
    """Nothing that was learned under the credential so far is used with another one."""
    row.secret_version += 1
    row.budget = None
    forget_answers(connection=row)


def _secret_names(row: Connection) -> frozenset[str]:
    try:
        return secret_names(connector_class(row.kind))
    except UnknownConnector:
        return frozenset()


def _is_elsewhere(old_url: str, origin: str) -> bool:
    """Whether the address moved to another scheme, host or port. An old address that is refused by now counts as another."""
    try:
        return check_address(old_url) != origin
    except Refused:
        return True


def _described(row: Connection) -> dict[str, Any]:
    """What the log may hold: never a secret, and no options either, since a person may have typed one into a wrong field."""
    return {
        "name": row.name,
        "kind": row.kind,
        "base_url": row.base_url,
        "interval_minutes": row.interval_minutes,
    }
