"""What a part could not give, and counts as observations beside it: what is missing makes a count a lower bound. Pure.

For systems that are read question by question and go on after a gap; `unread.Unread` is raised where a part ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assessments.vocabulary import SIGNALS, Reason
from integrations.connectors.base import Observation


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be read: a reason of the vocabulary, and one sentence."""

    reason: str
    detail: str


def unknown(signal: str, gap: Gap, *, url: str = "") -> Observation:
    """No value, because of the gap. A reason that the vocabulary does not have for this signal is `unreachable` in its words."""
    allowed = SIGNALS[signal].reasons | {Reason.INSUFFICIENT_SAMPLE}
    reason = gap.reason if Reason(gap.reason) in allowed else Reason.UNREACHABLE.value
    return Observation(signal, None, reason=reason, url=url, detail=gap.detail)


def count(
    signal: str,
    number: int,
    gaps: Sequence[Gap] = (),
    *,
    url: str = "",
    detail: str = "",
    sample: int | None = None,
) -> Observation:
    """The number; a lower bound with gaps; unknown when nothing was found and something is missing: that zero is not proven."""
    if gaps and number == 0:
        return unknown(signal, gaps[0], url=url)
    why = f"At least this many: {gaps[0].detail}" if gaps else ""
    return Observation(
        signal,
        number,
        bound="lower" if gaps else "exact",
        sample=number if sample is None else sample,
        url=url,
        detail=" ".join(filter(None, (detail, why))),
    )
