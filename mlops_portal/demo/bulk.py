"""Many rows into the database at once: COPY on PostgreSQL, prepared INSERTs elsewhere.

Rows are packed where they are made (that is most of the work, and runs in several processes) and stored where the
transaction is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Field, JSONField, Model

Parameters = list[tuple[Any, ...]]
# A row by the names of its columns, as a model's attributes.
Values = dict[str, Any]
ROWS_AT_ONCE = 2000
NULL = "\\N"
# What COPY's text format sets apart.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows of one table, ready to be sent. `columns` are those that are set: without keys where the database gives them."""

    table: str
    columns: tuple[str, ...]
    data: bytes | Parameters


def blank(model: type[Model]) -> Values:
    """Every column of the model but its key, with its default. Rows are made from copies: a model's own takes 20 times as long."""
    fields = model._meta.concrete_fields  # noqa: SLF001 -- Django's documented way to a model's columns
    return {field.attname: field.get_default() for field in fields if not field.primary_key}


def values_of(row: Model) -> Values:
    """The columns of a row, not saved, that other code made."""
    fields = row._meta.concrete_fields  # noqa: SLF001 -- as above
    return {field.attname: getattr(row, field.attname) for field in fields if row.pk or not field.primary_key}


def pack(model: type[Model], rows: Sequence[Values]) -> Packed:
    """The rows in the form that this database takes; at least one. Raises KeyError for a column that is not there."""
    about = model._meta  # noqa: SLF001 -- as above
    fields = [field for field in about.concrete_fields if field.attname in rows[0]]
    if len(fields) != len(rows[0]):
        raise KeyError(set(rows[0]) - {field.attname for field in fields})
    columns = tuple(str(field.column) for field in fields)
    if connection.vendor == "postgresql":
        return Packed(about.db_table, columns, _copy_text(rows, fields))
    return Packed(about.db_table, columns, _parameters(rows, fields))


def store(packed: Packed) -> None:
    """Send them. Raises IntegrityError."""
    quote = connection.ops.quote_name
    table, columns = quote(packed.table), ", ".join(quote(c) for c in packed.columns)
    with connection.cursor() as cursor:
        if isinstance(packed.data, bytes):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                copy.write(packed.data)
            return
        marks = ", ".join(["%s"] * len(packed.columns))
        for start in range(0, len(packed.data), ROWS_AT_ONCE):
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 -- names of our own models
                packed.data[start : start + ROWS_AT_ONCE],
            )


def continue_keys_after(models: Iterable[type[Model]]) -> None:
    """Let the database give keys beyond those that were given by hand."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)


def _parameters(rows: Iterable[Values], fields: Sequence[Field[Any, Any]]) -> Parameters:
    return [tuple(field.get_db_prep_save(row[field.attname], connection) for field in fields) for row in rows]


def _copy_text(rows: Iterable[Values], fields: Sequence[Field[Any, Any]]) -> bytes:
    names = [(field.attname, isinstance(field, JSONField)) for field in fields]
    lines = [
        "\t".join(
            [
                _text(json.dumps(values[name])) if is_json else _written(values[name])
                for name, is_json in names
            ]
        )
        for values in rows
    ]
    return "\n".join([*lines, ""]).encode()


def _written(value: Any) -> str:
    # A choice is written as its value.
    return WRITERS.get(type(value), lambda choice: WRITERS[type(choice.value)](choice.value))(value)


def _text(value: str) -> str:
    return value.translate(ESCAPES)


# By exact type, not by isinstance: one look-up a value.
WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: NULL,
    str: _text,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    Decimal: str,
    date: date.isoformat,
    datetime: datetime.isoformat,
}
