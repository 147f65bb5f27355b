"""Which connectors this portal has: the classes behind settings.PORTAL_CONNECTORS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from integrations.connectors import registry
from integrations.connectors.base import Connector, Option, OptionKind


@dataclass(frozen=True, slots=True)
class KindLine:
    """A kind of connection as a page offers it. (A template would call the class itself.)"""

    kind: str
    label: str
    address: str
    signal_count: int


def connector_class(kind: str) -> type[Connector]:
    """The class of a kind. Raises registry.UnknownConnector or registry.NotAConnector."""
    return registry.load(kind, settings.PORTAL_CONNECTORS)


def known_class(kind: str) -> type[Connector] | None:
    """The class of a kind; None when this portal has no such connector any more."""
    try:
        return connector_class(kind)
    except (registry.UnknownConnector, registry.NotAConnector):
        return None


def connector_classes() -> tuple[type[Connector], ...]:
    """All of them, in the order of the setting. Raises registry.NotAConnector."""
    return tuple(connector_class(kind) for kind in settings.PORTAL_CONNECTORS)


def kind_lines() -> tuple[KindLine, ...]:
    """What can be connected, in the order of the setting. Raises registry.NotAConnector."""
    return tuple(
        KindLine(one.kind, one.label, one.default_base_url, len(one.signals)) for one in connector_classes()
    )


def label_of(kind: str) -> str:
    """The name that people know, or the kind itself when its connector is gone."""
    connector = known_class(kind)
    return connector.label if connector is not None else kind


def secret_names(connector: type[Connector]) -> frozenset[str]:
    return frozenset(option.name for option in connector.connection_options if is_secret(option))


def is_secret(option: Option) -> bool:
    return option.kind is OptionKind.SECRET


def split_answers(
    connector: type[Connector], answers: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """(options to keep in plain, secrets to encrypt) out of the answers to the connection's options; unknown names are dropped."""
    plain: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for option in connector.connection_options:
        if option.name not in answers:
            continue
        if not is_secret(option):
            plain[option.name] = answers[option.name]
        elif answers[option.name]:
            secrets[option.name] = str(answers[option.name])
    return plain, secrets
