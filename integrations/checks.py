"""System checks: every connector that PORTAL_CONNECTORS lists can be used."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from assessments.vocabulary import SIGNALS
from integrations.connectors import registry


@register
def connectors_can_be_used(**_: Any) -> list[CheckMessage]:
    """Errors integrations.E001 (no connector there) and E002 (a signal that the vocabulary does not know)."""
    found: list[CheckMessage] = []
    for kind in settings.PORTAL_CONNECTORS:
        try:
            connector = registry.load(kind, settings.PORTAL_CONNECTORS)
        except registry.NotAConnector as error:
            found.append(Error(str(error), id="integrations.E001"))
            continue
        unknown = sorted(connector.signals - SIGNALS.keys())
        if unknown:
            found.append(
                Error(
                    f"Connector {kind!r} answers for signals that are not in the vocabulary: {', '.join(unknown)}.",
                    id="integrations.E002",
                )
            )
    return found
