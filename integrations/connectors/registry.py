"""From a connector's kind to its class: a mapping of dotted paths, loaded when asked for. Pure; the mapping is a setting."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from integrations.connectors.base import Connector

SETTING = "PORTAL_CONNECTORS"


class UnknownConnector(Exception):
    """No connector of that kind is listed."""


class NotAConnector(Exception):
    """A listed path does not lead to a Connector of that kind. The message names the setting."""


def load(kind: str, paths: Mapping[str, str]) -> type[Connector]:
    """The class of a kind. Raises UnknownConnector or NotAConnector."""
    if kind not in paths:
        raise UnknownConnector(
            f"There is no connector {kind!r}; {SETTING} lists {', '.join(sorted(paths)) or 'none'}."
        )
    return _load(kind, paths[kind])


@cache
def _load(kind: str, path: str) -> type[Connector]:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise NotAConnector(f"{SETTING}[{kind!r}] is {path!r}, which cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise NotAConnector(f"{SETTING}[{kind!r}] is {path!r}, which is not a Connector.")
    if found.kind != kind:
        raise NotAConnector(f"{SETTING}[{kind!r}] is {path!r}, whose kind is {found.kind!r}.")
    return found
