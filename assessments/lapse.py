"""Until when a criterion's outcome stands by time alone. Pure.

Answers lapse after 365 days, evidence by its kind, signals after 7 days, overrides at their end (SCORING 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from assessments.scoring import ANSWER_VALID_DAYS, SIGNAL_VALID_DAYS, CriterionInput, Status


def valid_until(facts: CriterionInput, as_of: date) -> date | None:
    """The last day, from `as_of` on, before something that is fresh lapses; None when nothing can."""
    return min((day for day in _last_days(facts) if day >= as_of), default=None)


def _last_days(facts: CriterionInput) -> Iterator[date]:
    if facts.own is not None and facts.own.answer is not Status.UNKNOWN:
        yield facts.own.answered_on + timedelta(days=ANSWER_VALID_DAYS)
    standing = [piece.valid_until for piece in facts.evidence if not piece.is_rejected]
    if standing:
        # One fresh piece carries the answer, so only the last one to go matters.
        yield max(standing)
    if facts.auto is not None and facts.auto.is_deciding and facts.auto.verdict is not Status.UNKNOWN:
        yield facts.auto.read_on + timedelta(days=SIGNAL_VALID_DAYS)
    if facts.override is not None:
        yield facts.override.expires_on
