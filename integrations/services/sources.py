"""Sources: which part of a connection belongs to which team."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from assessments.services.measurements import forget_source
from integrations.models import Connection, Source
from integrations.queries.kinds import connector_class
from teams.models import Team, User
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right

EDIT = "source.edit"


class AlreadyMapped(Refused):
    """The team has a source of this connection."""


class SourceGone(Refused):
    """The source was removed."""


class StaleSource(Refused):
    """Somebody else changed the mapping since the page was opened."""


def map_team(
    *, connection: Connection, team: Team, options: Mapping[str, Any], by: User | None, at: datetime
) -> Source:
    """The source, due at once. Raises NotAllowed, AlreadyMapped, SourceGone (the connection was removed)."""
    check_right(by, EDIT, team)
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if row.removed_at is not None:
            raise SourceGone(f"{row.name} was removed.")
        source = Source(connection=row, team=team, options=_known(row, options), created_at=at)
        try:
            with transaction.atomic():
                source.save(force_insert=True)
        except IntegrityError:
            raise AlreadyMapped(
                f"{team.name} has a source of {row.name} already. Edit that one: it takes several lines."
            ) from None
        _ask(row, source, at)
        record_event(
            at=at,
            by=by,
            action="source.create",
            obj=source,
            team=team,
            after={"connection": row.name, **source.options},
        )
    return source


def edit_source(
    *, source: Source, options: Mapping[str, Any], row_version: int, by: User | None, at: datetime
) -> Source:
    """The source as saved, due at once. Raises NotAllowed, StaleSource, SourceGone."""
    check_right(by, EDIT, source.team)
    with transaction.atomic():
        row = _locked(source)
        if row.row_version != row_version:
            raise StaleSource(
                "This mapping was changed by somebody else meanwhile. Look at it and save again."
            )
        before, given = row.options, _known(row.connection, options)
        if row.file_options:
            # What the file sets stays, and behind it what was mapped by hand before the file came.
            kept = {name: value for name, value in row.own_options.items() if name in row.file_options}
            row.own_options = {name: value for name, value in given.items() if name not in row.file_options}
            row.own_options |= kept
            given = {**row.own_options, **row.file_options}
        row.options, row.identities = given, {}
        row.row_version += 1
        row.save(update_fields=["options", "own_options", "identities", "row_version"])
        _ask(row.connection, row, at)
        record_event(
            at=at, by=by, action="source.edit", obj=row, team=row.team, before=before, after=row.options
        )
    return row


def take_over(*, source: Source, by: User | None, at: datetime) -> Source:
    """The source, mapped by hand from now on with the answers that stand; the file in the repository sets nothing here.

    Raises NotAllowed, SourceGone.
    """
    check_right(by, EDIT, source.team)
    with transaction.atomic():
        row = _locked(source)
        row.is_by_hand, row.own_options, row.file_options = True, {}, {}
        row.row_version += 1
        row.save(update_fields=["is_by_hand", "own_options", "file_options", "row_version"])
        record_event(at=at, by=by, action="source.take_over", obj=row, team=row.team)
    return row


def follow_file_again(*, source: Source, by: User | None, at: datetime) -> Source:
    """The source, open to the file in the team's repository again; it is read at the next collection, which is due at once.

    What stands now is the most that the file may name. Raises NotAllowed, SourceGone.
    """
    check_right(by, EDIT, source.team)
    with transaction.atomic():
        row = _locked(source)
        row.is_by_hand = False
        row.row_version += 1
        row.save(update_fields=["is_by_hand", "row_version"])
        if row.file is not None:
            _ask(row.file.source.connection, row, at)
        record_event(at=at, by=by, action="source.follow_file", obj=row, team=row.team)
    return row


def remove_source(*, source: Source, by: User | None, at: datetime) -> None:
    """Removes the mapping. What it measured ages, and counts as unknown beside others. Raises NotAllowed, SourceGone."""
    check_right(by, EDIT, source.team)
    with transaction.atomic():
        row = _locked(source)
        row.removed_at = at
        row.save(update_fields=["removed_at"])
        let_go_of_files(Source.objects.filter(file__source=row))
        forget_source(team=row.team, source=row.connection.measurement_source, at=at)
        record_event(
            at=at,
            by=by,
            action="source.remove",
            obj=row,
            team=row.team,
            before={"connection": row.connection.name},
        )


def let_go_of_files(sources: QuerySet[Source]) -> None:
    """Sources whose file is read no more: what it said stands and is a person's to change. Inside the caller's transaction."""
    sources.update(file=None, file_options={}, own_options={}, row_version=F("row_version") + 1)


def _locked(source: Source) -> Source:
    row = (
        Source.objects.select_for_update(of=("self",))
        .select_related("connection", "team__unit", "file__source__connection")
        .get(pk=source.pk)
    )
    if row.removed_at is not None:
        raise SourceGone("This mapping was removed.")
    return row


def _ask(connection: Connection, source: Source, at: datetime) -> None:
    """A collection soon, with the results of that source at once: somebody is waiting for them. Other teams' stay calm."""
    if Connection.objects.filter(pk=connection.pk, is_paused=False).update(asked_at=at, next_due_at=at):
        source.asked_at = at
        source.save(update_fields=["asked_at"])


def _known(connection: Connection, options: Mapping[str, Any]) -> dict[str, Any]:
    names = {option.name for option in connector_class(connection.kind).source_options}
    return {name: value for name, value in options.items() if name in names}
