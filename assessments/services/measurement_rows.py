"""New rows of measurements, written all at once.

A push may hold thousands: then PostgreSQL takes them by COPY, which is five times as quick as INSERTs of Django's instances
(PERFORMANCE, P16). Who calls holds the team's lock and has looked which keys are there, so that no row is in conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from assessments.models import Measurement

# Fewer are as quick by INSERT, and their ids come back with them.
MANY = 200
BATCH = 1000

Key = tuple[str, str]
"""Signal and external id: what names a measurement of one source of one team."""


class Row(NamedTuple):
    """A measurement that is to be written; the columns of its table in this order."""

    team_id: int
    signal: str
    state: str
    value: float | None
    reason: str
    bound: str
    sample: int | None
    numerator: float | None
    denominator: float | None
    window_days: int
    observed_at: datetime
    received_at: datetime
    source: str
    external_id: str
    url: str
    detail: str


_TABLE = Measurement.objects.model._meta.db_table  # noqa: SLF001 -- Django's documented way to a table's name
_COMPARED = ("signal", "external_id", "value", "reason", "bound", "sample", "id")


def stored_rows(
    team_id: int, source: str, signals: Collection[str], external_ids: Collection[str]
) -> Iterable[tuple[Any, ...]]:
    """Signal, external id, value, reason, bound, sample and id of those that are stored, one row each."""
    if len(external_ids) < MANY or connection.vendor != "postgresql":
        return Measurement.objects.filter(
            team=team_id, source=source, signal__in=signals, external_id__in=external_ids
        ).values_list(*_COMPARED)
    # One array instead of thousands of parameters, which cost more to put in than to look up.
    columns = ", ".join(connection.ops.quote_name(name) for name in _COMPARED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {connection.ops.quote_name(_TABLE)}"  # noqa: S608 -- names of our own table
            " WHERE team_id = %s AND source = %s AND signal = ANY(%s) AND external_id = ANY(%s)",
            [team_id, source, list(signals), list(external_ids)],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def write_rows(rows: Sequence[Row], needed: Sequence[Key]) -> dict[Key, int]:
    """The ids that the database gave to the `needed` ones of these rows, all of one source of one team."""
    if len(rows) < MANY or connection.vendor != "postgresql":
        made = Measurement.objects.bulk_create(
            [Measurement(**row._asdict()) for row in rows], batch_size=BATCH
        )
        return {(one.signal, one.external_id): one.pk for one in made}
    columns = ", ".join(connection.ops.quote_name(name) for name in Row._fields)
    table = connection.ops.quote_name(_TABLE)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,  # names of our own table, no values
    ):
        for row in rows:
            copy.write_row(row)
    found = stored_rows(
        rows[0].team_id, rows[0].source, {signal for signal, _ in needed}, {key for _, key in needed}
    )
    return {(row[0], row[1]): row[-1] for row in found}
