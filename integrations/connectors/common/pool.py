"""Several repositories to one observation: counts are summed, shares pooled, booleans joined, by spec SIGNALS 1.3. Pure.

A part that could not be read makes a count a lower bound and a share unknown; a true stands, a false needs every part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from integrations.connectors.base import Observation
from integrations.connectors.common.unread import Unread

# Reasons of the vocabulary are closed per signal. These have no `truncated`: what the budget or a cap cut off was not read.
_NEVER_TRUNCATED = frozenset({"repo.connected", "repo.merged_changes_90d", "repo.reviewed_change_share_90d"})
_TRUNCATED_DEPLOY = "deploy.tested_sha_share_90d"
# Rules of a branch are refused or shown; the vocabulary knows no third.
_REFUSED_ONLY = "repo.main_branch_guarded"


@dataclass(frozen=True, slots=True)
class Count:
    value: float
    is_lower: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    numerator: float
    denominator: float


def unknown(
    signal: str, reason: str, detail: str = "", *, url: str = "", sample: int | None = None
) -> Observation:
    """No value, because of `reason`, put into the words that the vocabulary has for this signal."""
    if signal == _REFUSED_ONLY and reason in ("unreachable", "truncated"):
        reason = "unauthorized"
    # The edition of a host that hides something from everybody hides it from this credential too.
    if reason == "unsupported" and signal.startswith("repo."):
        reason = "unauthorized"
    is_cut = signal in _NEVER_TRUNCATED or (signal.startswith("deploy.") and signal != _TRUNCATED_DEPLOY)
    if reason == "truncated" and is_cut:
        reason = "unreachable"
    return Observation(signal, None, reason=reason, detail=detail, url=url, sample=sample)


def unread(signal: str, gap: Unread, *, url: str = "") -> Observation:
    return unknown(signal, gap.reason, gap.detail, url=url)


def summed(signal: str, parts: Sequence[Count | Unread], *, url: str = "", detail: str = "") -> Observation:
    """The sum. Unknown when nothing was read, or when nothing was found and something is missing: that zero is not proven."""
    counts = [part for part in parts if isinstance(part, Count)]
    gap = first_gap(parts)
    total = sum(count.value for count in counts)
    is_lower = gap is not None or any(count.is_lower for count in counts)
    if gap is not None and (not counts or total == 0):
        return unread(signal, gap, url=url)
    if is_lower and total == 0:
        return unknown(
            signal,
            "truncated",
            "Only a part of the window could be read, and nothing was found there.",
            url=url,
        )
    why = (
        f"At least this many: {gap.detail}"
        if gap
        else "At least this many: a listing was cut off."
        if is_lower
        else ""
    )
    return Observation(
        signal,
        total,
        bound="lower" if is_lower else "exact",
        sample=len(counts),
        url=url,
        detail=" ".join(filter(None, (detail, why))),
    )


def pooled(
    signal: str,
    parts: Sequence[Share | Unread],
    *,
    sample: float | None = None,
    at_least: float = 1,
    url: str = "",
    detail: str = "",
) -> Observation:
    """Sum of numerators by sum of denominators; unknown when a part is missing or the sample is below `at_least`.

    `sample` is the size that the minimum speaks of where that is another signal's value; the denominator otherwise.
    """
    gap = first_gap(parts)
    if gap is not None:
        return unread(signal, gap, url=url)
    shares = [part for part in parts if isinstance(part, Share)]
    numerator, denominator = (
        sum(share.numerator for share in shares),
        sum(share.denominator for share in shares),
    )
    size = denominator if sample is None else sample
    if size < at_least or denominator == 0:
        return Observation(
            signal,
            None,
            reason="insufficient_sample",
            sample=int(size),
            numerator=numerator if denominator else None,
            denominator=denominator or None,
            url=url,
            detail=f"{size:g} in the window; at least {at_least:g} are needed.",
        )
    return Observation(
        signal,
        numerator / denominator,
        sample=int(denominator),
        numerator=numerator,
        denominator=denominator,
        url=url,
        detail=detail or f"{numerator:g} of {denominator:g}.",
    )


def some(signal: str, parts: Sequence[bool | Unread], *, url: str = "", detail: str = "") -> Observation:
    """True when any part is true; false only when every part was read."""
    gap = first_gap(parts)
    if gap is not None and True not in parts:
        return unread(signal, gap, url=url)
    return Observation(signal, True in parts, sample=len(parts), url=url, detail=detail)


def every(
    signal: str, parts: Sequence[bool | Unread], *, nobody: str, url: str = "", detail: str = ""
) -> Observation:
    """True when all parts are; false as soon as one is. `nobody` says what to tell when there is no repository to ask."""
    if not parts:
        return unknown(signal, "not_configured", nobody)
    gap = first_gap(parts)
    if gap is not None and False not in parts:
        return unread(signal, gap, url=url)
    return Observation(signal, False not in parts, sample=len(parts), url=url, detail=detail)


def middle(signal: str, values: Iterable[float], *, url: str = "", detail: str = "") -> Observation:
    """The median of pooled items; insufficient_sample without any."""
    items = list(values)
    if not items:
        return unknown(
            signal, "insufficient_sample", detail or "Nothing to take a median of.", url=url, sample=0
        )
    return Observation(signal, median(items), sample=len(items), url=url, detail=detail)


def first_gap(parts: Iterable[object]) -> Unread | None:
    return next((part for part in parts if isinstance(part, Unread)), None)
