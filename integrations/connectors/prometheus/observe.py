"""Why nothing can be said of a service or a model. Pure."""

from __future__ import annotations

from assessments.vocabulary import Reason
from integrations.connectors.common.gaps import Gap
from integrations.connectors.prometheus.options import Line

NO_SERVICE = Gap(Reason.NOT_CONFIGURED.value, "No service is named in the mapping.")
NO_MODEL = Gap(Reason.NOT_CONFIGURED.value, "No model is named in the mapping.")


def no_series(line: Line) -> Gap:
    """Nothing was found for a line of the mapping, or it cannot be read: never a zero."""
    words = line.why or f"Prometheus has no series with {line.text}."
    return Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)
