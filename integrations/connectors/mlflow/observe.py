"""Shares as observations: what is missing makes a share unknown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from assessments.vocabulary import SIGNALS, Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, unknown


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
