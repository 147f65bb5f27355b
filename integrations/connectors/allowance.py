"""How many requests a credential has left, as its host tells it with each answer. Pure.

GitHub and Azure DevOps say `X-RateLimit-*`, GitLab `RateLimit-*`; most others say nothing, and then nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.header_values import moment_of, number_of

# People use the same credential, or at least the same account: a fifth of its requests is theirs.
FOR_PEOPLE = 0.2
# A reset that is told in seconds from now (the IETF's draft) is smaller than any moment of our time.
LONGEST_IN_SECONDS = 1e8
# A host's word about its reset is believed for this long and no longer.
LONGEST_RESET = timedelta(hours=6)
# GitHub counts searches and GraphQL apart; what connectors ask is counted here.
_OURS = frozenset({"", "core"})
_FAMILIES = ("x-ratelimit-", "ratelimit-")


@dataclass(frozen=True, slots=True)
class Allowance:
    """`remaining` of `limit` requests until the host counts anew at `resets_at` (on our clock)."""

    limit: int
    remaining: int
    resets_at: datetime

    def is_used_up(self, at: datetime) -> bool:
        """Whether nothing is left at `at` but what is kept for people."""
        return at < self.resets_at and self.remaining <= self.limit * FOR_PEOPLE


def allowance_of(headers: Mapping[str, str], at: datetime) -> Allowance | None:
    """What the headers (lower-case keys) tell, None where they do not tell all of it or say nonsense."""
    if headers.get("x-ratelimit-resource", "").strip().lower() not in _OURS:
        return None
    for family in _FAMILIES:
        limit, remaining, reset = (
            number_of(headers.get(family + name, "")) for name in ("limit", "remaining", "reset")
        )
        if limit is None or remaining is None or reset is None:
            continue
        if not 0 < limit < 1e9 or not 0 <= remaining <= limit:
            continue
        wait = min(max(timedelta(), _wait(reset, headers, at)), LONGEST_RESET)
        return Allowance(int(limit), int(remaining), at + wait)
    return None


def _wait(reset: float, headers: Mapping[str, str], at: datetime) -> timedelta:
    """A moment is one of the host's clock, so it is compared with the `Date` beside it."""
    if reset < LONGEST_IN_SECONDS:
        return timedelta(seconds=reset)
    there = moment_of(headers.get("date", "")) or at
    return timedelta(seconds=reset - there.timestamp())
