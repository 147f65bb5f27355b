"""Strict reading of plain YAML data: every key is asked for by name, and what is left over is refused with its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Item = TypeVar("Item")
LONGEST_NAME = 120
IDENTIFIER = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class CatalogError(ValueError):
    """A catalogue file was refused; the text names file, path and reason, and nothing was loaded."""


class Node:
    """A mapping at a path of a file. Each `take_*` removes a key; `done` refuses what is left."""

    def __init__(self, data: Any, path: str, file: str) -> None:
        self.path = path
        self.file = file
        if not isinstance(data, Mapping):
            raise self.error(f"expected a mapping, found {_kind(data)}")
        self._rest = dict(data)

    def error(self, reason: str, key: str = "") -> CatalogError:
        path = f"{self.path}.{key}" if self.path and key else self.path or key
        return CatalogError(f"{self.file}: {path or 'top'}: {reason}")

    def has(self, key: str) -> bool:
        return key in self._rest

    def take(self, key: str, kind: type | tuple[type, ...]) -> Any:
        if key not in self._rest:
            raise self.error("is missing", key)
        value = self._rest.pop(key)
        # bool is an int to Python, never to a catalogue.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise self.error(f"expected {_kind_name(kind)}, found {_kind(value)}", key)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self._rest:
            return default
        value: str = self.take(key, str)
        if not value.strip():
            raise self.error("is empty", key)
        return value

    def name(self, key: str) -> str:
        """A text that fits where names are shown and stored."""
        value = self.text(key)
        if len(value) > LONGEST_NAME:
            raise self.error(f"{len(value)} characters; {LONGEST_NAME} is the most", key)
        return value

    def identifier(self, key: str, longest: int) -> str:
        """A text that can stand in an address and in a column."""
        value = self.text(key)
        if len(value) > longest or IDENTIFIER.fullmatch(value) is None:
            raise self.error(
                f"{value[:80]!r} is no id: small letters, digits, - and _, parts joined by dots, at most {longest}",
                key,
            )
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.error(f"{value!r} is not one of {', '.join(allowed)}", key)
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        value: int = self.take(key, int)
        if not low <= value <= high:
            raise self.error(f"{value} is not between {low} and {high}", key)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        return self.take(key, bool) if key in self._rest else default

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        if optional and key not in self._rest:
            return ()
        values = self.take(key, list)
        for number, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                raise self.error(f"expected a text, found {_kind(value)}", f"{key}[{number}]")
        return tuple(values)

    def each(self, key: str, build: Callable[[Node], Item], *, optional: bool = False) -> tuple[Item, ...]:
        if optional and key not in self._rest:
            return ()
        items = []
        for number, raw in enumerate(self.take(key, list)):
            label = raw.get("id", number) if isinstance(raw, Mapping) else number
            node = Node(raw, f"{self.path + '.' if self.path else ''}{key}[{label}]", self.file)
            items.append(build(node))
            node.done()
        return tuple(items)

    def child(self, key: str) -> Node:
        return Node(self.take(key, Mapping), f"{self.path}.{key}" if self.path else key, self.file)

    def text_by_key(self) -> dict[str, str]:
        """Every key that is left, each with its text."""
        return {key: self.text(key) for key in list(self._rest)}

    def done(self) -> None:
        if self._rest:
            raise self.error(f"unknown key {min(self._rest, key=str)!r}")


def _kind(value: Any) -> str:
    return "nothing" if value is None else type(value).__name__


def _kind_name(kind: type | tuple[type, ...]) -> str:
    return " or ".join(k.__name__ for k in kind) if isinstance(kind, tuple) else kind.__name__
