"""The mapping file in a team's repository: read at collection, judged, and let speak for sources that the team has.

A file that is broken, or says more than a person mapped, changes nothing; what is wrong stands on the mapping's page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction

from integrations.connectors.base import SourceFile
from integrations.connectors.http import Failure, SourceError
from integrations.mapping.judging import Judged, judge_file
from integrations.mapping.marked import Fault
from integrations.mapping.reading import PATH, Faults
from integrations.models import Connection, MappingFile, Source
from integrations.queries.kinds import known_class
from integrations.queries.mapping import places_of, targets_of
from integrations.services.doors import connector_of
from mlops_portal.lib.secrets import CannotDecrypt
from teams.services.events import record_event

log = structlog.get_logger(__name__)

# Two to four small questions for each repository.
FILE_SECONDS = 30.0
MOST_PLACES = 10
# Failures of the system or the credential as a whole: other repositories would only keep the worker busy, or get the
# credential locked.
_WHOLE = frozenset(
    {Failure.RATE_LIMITED, Failure.UNAUTHORIZED, Failure.BLOCKED, Failure.TLS, Failure.UNREACHABLE}
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What repositories of a source hold: files by place, places that are proven to have none, and those that told nothing."""

    files: Mapping[str, SourceFile]
    without: frozenset[str]
    unread: frozenset[str] = frozenset()


def follow_file(*, source: Source, clock: Callable[[], datetime], is_knocking: bool) -> None:
    """Brings the team's mappings to what its file says; `source` then has its new options. Raises nothing expected.

    Where the repositories could not be read nothing changes: the collection that follows says why.
    """
    kind = known_class(source.connection.kind)
    if kind is None or not kind.gives_files():
        return
    try:
        looked = _look(source, at=clock(), is_knocking=is_knocking)
        if looked is not None:
            apply_looked(source=source, looked=looked, at=clock())
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # a bug in reading a file must not stop the collection
        log.exception("mapping_file_not_followed", source=source.pk)


def _look(source: Source, *, at: datetime, is_knocking: bool) -> Looked | None:
    """What could be told, None when nothing could. Places are those that a person mapped: no file hides itself."""
    places = places_of(source)[:MOST_PLACES]
    if not places:
        return None
    files: dict[str, SourceFile] = {}
    without: set[str] = set()
    unread: set[str] = set()
    try:
        with connector_of(
            source.connection, at=at, seconds=FILE_SECONDS, is_knocking=is_knocking
        ) as connector:
            for place in places:
                try:
                    found = connector.read_file(place, PATH)
                except SourceError as error:
                    # The next place would be asked with the usual patience, while others wait for this worker.
                    if error.retry_at is not None or error.kind in _WHOLE:
                        return None
                    unread.add(place)
                    continue
                if found is None:
                    without.add(place)
                else:
                    files[place] = found
    except (SourceError, CannotDecrypt):
        return None
    return Looked(files, frozenset(without), frozenset(unread)) if files or without else None


def apply_looked(*, source: Source, looked: Looked, at: datetime) -> None:
    """Writes what the file says, or what is wrong with it, in one transaction with the events."""
    with transaction.atomic():
        rows = list(
            Source.objects.open()
            .select_for_update(of=("self",))
            .filter(team=source.team_id)
            .select_related("connection", "team__unit", "file__source")
            .order_by("pk")
        )
        mine = next((row for row in rows if row.pk == source.pk), None)
        if mine is None:
            return
        record = MappingFile.objects.filter(source=source.pk).first()
        if looked.files and (record is None or record.place not in looked.unread):
            _speak(mine, rows, record or MappingFile(source=mine), looked, at)
        elif record is not None and not record.is_gone and record.place in looked.without:
            _retire(rows, record, at)
    source.refresh_from_db(fields=["options", "own_options", "file_options", "file", "row_version"])


def _speak(mine: Source, rows: Sequence[Source], record: MappingFile, looked: Looked, at: datetime) -> None:
    place, file = next(iter(looked.files.items()))
    why_not = _why_not(record, looked)
    judged = (
        Judged(faults=Faults([Fault(1, 1, why_not)]))
        if why_not
        else judge_file(file.content, mine.team.slug, targets_of(rows, record.pk))
    )
    record.place, record.sha, record.url = place, file.sha[:64], file.url[:2000]
    record.digest = hashlib.sha256(file.content).hexdigest()
    record.committed_at, record.read_at, record.is_gone = file.committed_at, at, False
    record.faults = [[fault.line, fault.column, fault.sentence] for fault in judged.faults]
    record.save()
    if judged.faults:
        return
    for row in rows:
        said = judged.answers.get(row.pk)
        if said is not None:
            _let_speak(row, record, said, at, mine)
        elif row.file_id == record.pk:
            _release(row, record, at, mine)


def _why_not(record: MappingFile, looked: Looked) -> str:
    """Why no file may speak: there are several, or there may be. One that spoke alone before goes on where it stands."""
    if len(looked.files) > 1:
        return (
            f"A file stands in each of {', '.join(looked.files)}. Keep one of them; until then none of them sets "
            "anything."
        )
    goes_on = not (record.is_gone or record.faults) and record.place in looked.files
    if not looked.unread or goes_on:
        return ""
    return (
        f"{', '.join(sorted(looked.unread))} could not be read, so there may be a second file. What stands changes once all "
        "repositories could be read."
    )


def _let_speak(row: Source, record: MappingFile, said: Mapping[str, Any], at: datetime, mine: Source) -> None:
    if row.is_by_hand:
        # Kept, so that the mapping's page can say that there is a file and who took over from it.
        if row.file_id != record.pk:
            row.file = record
            row.save(update_fields=["file"])
        return
    hand = row.mapped_by_hand
    if row.file_id == record.pk and row.file_options == said and row.options == {**hand, **said}:
        return
    own = dict(hand) if said else {}
    _write(row, record, {**hand, **said}, own, dict(said), at, mine)


def _release(row: Source, record: MappingFile, at: datetime, mine: Source) -> None:
    """The file says nothing of this source any more: what a person mapped stands again."""
    hand = dict(row.mapped_by_hand)
    _write(row, None, hand, {}, {}, at, mine, by=record)


def _retire(rows: Sequence[Source], record: MappingFile, at: datetime) -> None:
    """The file is gone from its repository: what it said stands, and is a person's to change."""
    record.is_gone, record.faults, record.read_at = True, [], at
    record.save()
    for row in rows:
        if row.file_id == record.pk:
            row.file, row.own_options, row.file_options, row.is_by_hand = None, {}, {}, False
            row.row_version += 1
            row.save(update_fields=["file", "own_options", "file_options", "is_by_hand", "row_version"])
            record_event(
                at=at, by=None, actor_name=_actor(record), action="source.file_gone", obj=row, team=row.team
            )


def _write(
    row: Source,
    record: MappingFile | None,
    options: dict[str, Any],
    own: dict[str, Any],
    said: dict[str, Any],
    at: datetime,
    mine: Source,
    *,
    by: MappingFile | None = None,
) -> None:
    before, row.options = row.options, options
    row.own_options, row.file_options, row.file = own, said, record
    row.row_version += 1
    row.save(update_fields=["options", "own_options", "file_options", "file", "row_version"])
    if row.connection_id != mine.connection_id and before != options:
        # Due, but asked for by nobody: verdicts change calmly.
        Connection.objects.filter(pk=row.connection_id, is_paused=False).update(next_due_at=at)
    record_event(
        at=at,
        by=None,
        actor_name=_actor(record or by),
        action="source.file",
        obj=row,
        team=row.team,
        before=before,
        after=options,
    )


def _actor(record: MappingFile | None) -> str:
    return f"{PATH} in {record.place} at {record.sha[:7]}" if record is not None else PATH
