"""Counts and shares as observations: what is missing makes a count a lower bound and a share unknown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from assessments.vocabulary import SIGNALS, Reason
from integrations.connectors.base import Observation
from integrations.connectors.mlflow.reader import Gap


def unknown(signal: str, gap: Gap, *, url: str = "") -> Observation:
    """No value, because of the gap. A reason that the vocabulary does not have for this signal is `unreachable` in its words."""
    allowed = SIGNALS[signal].reasons
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


def share(
    signal: str,
    part: int,
    whole: int,
    gaps: Sequence[Gap] = (),
    *,
    size: int | None = None,
    what: str,
    url: str = "",
    is_lower: bool = False,
) -> Observation:
    """Part of whole; unknown with gaps, or when the vocabulary asks for more than `size` (the whole, unless given)."""
    if gaps:
        return unknown(signal, gaps[0], url=url)
    needed = SIGNALS[signal].min_sample
    at_least = needed.at_least if needed else 1
    there = whole if size is None else size
    detail = f"{part} of {whole} {what}."
    if there < at_least or whole == 0:
        return Observation(
            signal,
            None,
            reason=Reason.INSUFFICIENT_SAMPLE.value,
            sample=there,
            # Kept, so that several small sources can make one large enough sample together.
            numerator=part,
            denominator=whole,
            url=url,
            detail=f"{detail} At least {at_least:g} are needed to say.",
        )
    return Observation(
        signal,
        part / whole,
        bound="lower" if is_lower else "exact",
        sample=whole,
        numerator=part,
        denominator=whole,
        url=url,
        detail=detail,
    )
