"""The floor: a WSGI application that runs the one SQL statement each answer needs, and encodes it with orjson.

No permissions, no framework, no checks. Served as the portal is: `granian --interface wsgi bench.floor:application`.
DATABASE_URL names a PostgreSQL database or, as sqlite:///path, a file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import orjson

URL = os.environ.get("DATABASE_URL", "")
SQLITE = "sqlite:///"
_local = threading.local()

HEATMAP = """
    SELECT t.slug, t.name, u.slug, s.cells
      FROM teams_team t
      JOIN teams_unit u ON u.id = t.unit_id
      LEFT JOIN assessments_teamscore s ON s.team_id = t.id
     WHERE t.archived_at IS NULL
     ORDER BY u.path, t.name, t.id
"""
TEAMS = """
    SELECT t.slug, t.name, u.name, s.verified, s.level, s.potential, s.assessed_on
      FROM teams_team t
      JOIN teams_unit u ON u.id = t.unit_id
      LEFT JOIN assessments_teamscore s ON s.team_id = t.id
     WHERE t.archived_at IS NULL
     ORDER BY t.name, t.id
     LIMIT %s
"""
HISTORY = """
    SELECT w.week_on, w.verified, w.level, w.potential, w.score, w.coverage, w.dimensions
      FROM assessments_teamweek w
      JOIN teams_team t ON t.id = w.team_id
     WHERE t.slug = %s AND w.week_on > %s
     ORDER BY w.week_on
"""
ASSESSMENT = """
    SELECT k.slug, count(a.id)
      FROM assessments_assessment m
      JOIN teams_team t ON t.id = m.team_id
      JOIN assessments_capability k ON k.maturity_model_id = m.maturity_model_id
      JOIN assessments_criterion c ON c.capability_id = k.id
      LEFT JOIN assessments_answer a ON a.assessment_id = m.id AND a.criterion_id = c.id
     WHERE t.slug = %s AND m.status = 10 AND k.is_in_rollup
     GROUP BY k.slug, k.position
     ORDER BY k.position
"""
SAVE = """
    UPDATE assessments_answer SET value = %s, row_version = row_version + 1 WHERE id = %s
"""
ANSWER = "SELECT value, row_version FROM assessments_answer WHERE id = %s"
EVENT = """
    INSERT INTO teams_event (at, actor_name, action, object_kind, object_id, before, after, request_id)
    VALUES (%s, 'the floor', 'bench.save', 'answer', %s, '{}', '{}', '')
"""


def _connection() -> Any:
    """One kept connection per thread."""
    if not hasattr(_local, "connection"):
        if URL.startswith(SQLITE):
            _local.connection = sqlite3.connect(URL.removeprefix(SQLITE), isolation_level=None, timeout=20)
        else:
            import psycopg  # noqa: PLC0415 -- only where PostgreSQL is measured

            _local.connection = psycopg.connect(URL, autocommit=True)
    return _local.connection


def _statement(sql: str) -> str:
    return sql.replace("%s", "?") if URL.startswith(SQLITE) else sql


def _rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return list(_connection().execute(_statement(sql), parameters).fetchall())


def _text(value: str | None) -> orjson.Fragment | None:
    """Stored JSON text, passed through unparsed."""
    return None if value is None else orjson.Fragment(value)


def heatmap(_query: dict[str, str]) -> bytes:
    return orjson.dumps(
        {
            "teams": [
                {"id": slug, "name": name, "unit": unit, "cells": _text(cells)}
                for slug, name, unit, cells in _rows(HEATMAP)
            ]
        }
    )


def teams(query: dict[str, str]) -> bytes:
    names = ("id", "name", "unit", "verified", "level", "potential", "assessed_on")
    return orjson.dumps(
        {"items": [dict(zip(names, row, strict=True)) for row in _rows(TEAMS, int(query["limit"]))]}
    )


def history(query: dict[str, str]) -> bytes:
    names = ("week_on", "verified", "level", "potential", "score", "coverage")
    return orjson.dumps(
        {
            "points": [
                {**dict(zip(names, row, strict=False)), "dimensions": _text(row[-1])}
                for row in _rows(HISTORY, query["team"], query["after"])
            ]
        },
        default=float,
    )


def assessment(query: dict[str, str]) -> bytes:
    return orjson.dumps({"answered": dict(_rows(ASSESSMENT, query["team"]))})


def save(query: dict[str, str]) -> bytes:
    """The raw transaction: the answer and its event."""
    connection = _connection()
    key = int(query["answer"])
    connection.execute("BEGIN" if not URL.startswith(SQLITE) else "BEGIN IMMEDIATE")
    connection.execute(_statement(SAVE), (query["value"], key))
    connection.execute(_statement(EVENT), (query["at"], str(key)))
    connection.execute("COMMIT")
    return orjson.dumps({"value": query["value"]})


def answer(query: dict[str, str]) -> bytes:
    ((value, row_version),) = _rows(ANSWER, int(query["answer"]))
    return orjson.dumps({"value": value, "row_version": row_version})


def ping(_query: dict[str, str]) -> bytes:
    return orjson.dumps({"name": "nobody", "kind": "person", "scopes": []})


ROUTES: dict[str, Callable[[dict[str, str]], bytes]] = {
    "/heatmap": heatmap,
    "/teams": teams,
    "/history": history,
    "/assessment": assessment,
    "/save": save,
    "/answer": answer,
    "/ping": ping,
}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    body = ROUTES[environ["PATH_INFO"]](query)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
