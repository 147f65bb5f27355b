"""Queries whose SQL is written once per process. The ORM takes 1 to 3 ms to write what the database answers in 0.1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models import QuerySet

# What stands for a value while the SQL is written: no value of ours looks like these.
NUMBER = 2_000_000_011
DAY = date(9990, 1, 1)
TEXT = "\x1fvalue-{}\x1f"
Parameter = Callable[[Sequence[Any]], Any]


class Compiled:
    """`build` makes a `values_list` queryset from placeholders; `rows` runs it with values in their place.

    One object per shape of a query (its joins, and how many values it has): only values may vary, and `build` may not
    look at them. `kinds` are str, int or date, one per value. Texts may be the start of a LIKE pattern.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: type) -> None:
        self._build = build
        self._placeholders = [_placeholder(kind, place) for place, kind in enumerate(kinds)]
        self._written: tuple[str, list[Parameter], Callable[[list[Any]], list[Any]]] | None = None

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """The rows, as the queryset would give them; one query. Raises PlaceholderLost at the first call."""
        if self._written is None:
            self._written = self._write()
        sql, parameters, convert = self._written
        with connection.cursor() as cursor:
            cursor.execute(sql, [parameter(values) for parameter in parameters])
            return convert(cursor.fetchall())

    def _write(self) -> tuple[str, list[Parameter], Callable[[list[Any]], list[Any]]]:
        compiler = self._build(*self._placeholders).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        lost = [
            place
            for place, placeholder in enumerate(self._placeholders)
            if not any(_holds(written, placeholder) for written in parameters)
        ]
        if lost:
            raise PlaceholderLost(f"Values {lost} do not appear in: {sql}")
        converters = compiler.get_converters([expression for expression, _, _ in compiler.select])

        def convert(rows: list[Any]) -> list[Any]:
            return [tuple(row) for row in compiler.apply_converters(rows, converters)] if converters else rows

        return sql, [self._parameter(written) for written in parameters], convert

    def _parameter(self, written: Any) -> Parameter:
        """How to get this parameter from the values of a call: one of them, one in a LIKE pattern, or what was written."""
        for place, placeholder in enumerate(self._placeholders):
            if not _holds(written, placeholder):
                continue
            if written == placeholder:
                return itemgetter(place)
            if isinstance(placeholder, date):
                return partial(_iso, place)
            before, after = written.split(placeholder)
            return partial(_like, place, before, after)
        return partial(_fixed, written)


class PlaceholderLost(Exception):
    """The ORM wrote a value in a way that is not known here; the query would run with a stand-in for it."""


def _holds(written: Any, placeholder: int | str | date) -> bool:
    """Whether a parameter of the statement is this placeholder, as it is, as text, or inside a LIKE pattern."""
    if isinstance(placeholder, date):
        return bool(written == placeholder or written == placeholder.isoformat())
    if isinstance(placeholder, str):
        return isinstance(written, str) and placeholder in written
    return bool(written == placeholder)


def _iso(place: int, values: Sequence[Any]) -> Any:
    return values[place].isoformat()


def _like(place: int, before: str, after: str, values: Sequence[Any]) -> Any:
    return f"{before}{connection.ops.prep_for_like_query(values[place])}{after}"


def _fixed(written: Any, _: Sequence[Any]) -> Any:
    return written


def _placeholder(kind: type, place: int) -> int | str | date:
    if kind is int:
        return NUMBER + place
    return DAY + timedelta(days=place) if kind is date else TEXT.format(place)
