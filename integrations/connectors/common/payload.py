"""Field access into a host's JSON that takes what is needed, leaves the rest, and refuses another shape. Pure.

A host's own examples break its own schema now and then, so a missing field of one row costs that row, never the collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.connectors.common.unread import Unread

Row = Mapping[str, Any]

_SHA = re.compile(r"[0-9a-f]{7,64}")
# One of these is in every row that is asked for: commits have a sha, files a path, rules a type, approvals a state, builds
# and branches a number or a name.
_IDENTITIES = frozenset({"id", "sha", "path", "type", "state", "number", "name"})
# Times that no calendar arithmetic can carry out of its range.
_YEARS = range(1970, 9000)


def rows(data: Any, key: str = "") -> list[Row]:
    """The rows of a listing: the list itself, or the list under `key`. Unread for any other shape.

    An object or null where a list belongs is never "nothing there", nor is a list of something else: zero must be proven.
    """
    if key:
        data = record(data).get(key)
    if not isinstance(data, list) or not all(
        isinstance(row, Mapping) and _IDENTITIES & row.keys() for row in data
    ):
        raise Unread(
            "unreachable",
            "The answer has a form that is not a list of rows; nothing was taken from it.",
        )
    return data


def record(data: Any) -> Row:
    """One object. Unread for any other shape."""
    if not isinstance(data, Mapping):
        raise Unread("unreachable", "The answer has a form that is not an object; nothing was taken from it.")
    return data


def part(row: Row, key: str) -> Row:
    """The object under `key`, empty where it is absent or null (a deleted account is `null`)."""
    found = row.get(key)
    return found if isinstance(found, Mapping) else {}


def text(row: Row, key: str) -> str:
    found = row.get(key)
    return found if isinstance(found, str) else ""


def sha(row: Row, key: str) -> str:
    """The name of a commit, empty for anything that is none: it becomes a part of further addresses."""
    found = text(row, key).lower()
    return found if _SHA.fullmatch(found) else ""


def number(row: Row, key: str) -> int:
    """The whole number under `key`, 0 where there is none. True is not 1."""
    found = row.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def moment(row: Row, key: str) -> datetime | None:
    """The moment under `key` in UTC; None where it is absent, unreadable or out of all bounds."""
    try:
        found = datetime.fromisoformat(text(row, key))
    except ValueError:
        return None
    if found.year not in _YEARS:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def page_url(value: str) -> str:
    """An address that a page may link to: http(s) only, else empty."""
    return value if value.startswith(("https://", "http://")) else ""
