"""Counts and shares as observations: what is missing makes a count a lower bound and a share unknown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from assessments.vocabulary import SIGNALS, Reason
from integrations.connectors.base import Observation
from integrations.connectors.prometheus.options import Line
from integrations.connectors.prometheus.reader import Gap

NO_SERVICE = Gap(Reason.NOT_CONFIGURED.value, "No service is named in the mapping.")
NO_MODEL = Gap(Reason.NOT_CONFIGURED.value, "No model is named in the mapping.")


def no_series(line: Line) -> Gap:
    """Nothing was found for a line of the mapping, or it cannot be read: never a zero."""
    words = line.why or f"Prometheus has no series with {line.text}."
    return Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)


def unknown(signal: str, gap: Gap, *, url: str = "") -> Observation:
    """No value, because of the gap. A reason that the vocabulary does not have for this signal is `unreachable` in its words."""
    allowed = SIGNALS[signal].reasons | {Reason.INSUFFICIENT_SAMPLE}
    reason = gap.reason if Reason(gap.reason) in allowed else Reason.UNREACHABLE.value
    return Observation(signal, None, reason=reason, url=url, detail=gap.detail)


def count(
    signal: str, number: int, gaps: Sequence[Gap] = (), *, url: str = "", detail: str = ""
) -> Observation:
    """The number; a lower bound with gaps; unknown when nothing was found and something is missing: that zero is not proven."""
    if gaps and number == 0:
        return unknown(signal, gaps[0], url=url)
    why = f"At least this many: {gaps[0].detail}" if gaps else ""
    return Observation(
        signal,
        number,
        bound="lower" if gaps else "exact",
        sample=number,
        url=url,
        detail=" ".join(filter(None, (detail, why))),
    )
