"""New rows of measurements, written all at once.

A push may hold thousands: then PostgreSQL takes them by COPY, which is five times as quick as INSERTs of Django's instances
(PERFORMANCE, P16). Who calls holds the team's lock and has looked which keys are there, so that no row is in conflict.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

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


def write_rows(rows: Sequence[Row], needed: Sequence[Key]) -> dict[Key, int]:
    """The ids that the database gave to the `needed` ones of these rows, all of one source of one team."""
    if len(rows) < MANY or connection.vendor != "postgresql":
        made = Measurement.objects.bulk_create(
            [Measurement(**row._asdict()) for row in rows], batch_size=BATCH
        )
        return {(one.signal, one.external_id): one.pk for one in made}
    columns = ", ".join(connection.ops.quote_name(name) for name in Row._fields)
    table = connection.ops.quote_name(Measurement._meta.db_table)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,  # names of our own table, no values
    ):
        for row in rows:
            copy.write_row(row)
    found = Measurement.objects.filter(
        team=rows[0].team_id,
        source=rows[0].source,
        signal__in={signal for signal, _ in needed},
        external_id__in={external_id for _, external_id in needed},
    )
    return {(signal, key): pk for signal, key, pk in found.values_list("signal", "external_id", "pk")}
