"""How far the numbers of a team can be trusted, in sentences. No database, no clock."""

from __future__ import annotations

from assessments.queries import words
from assessments.queries.team_page import Result
from assessments.scoring import SIGNAL_VALID_DAYS


def certainty(result: Result) -> tuple[str, ...]:
    """How far the numbers of a team can be trusted, one sentence for each reason to doubt or to believe."""
    sentences = [_assessed(result)]
    if result.coverage is not None:
        sentences.append(
            f"Coverage {words.share_words(result.coverage)}: so much of what applies and is required is known."
        )
    if result.is_provisional:
        sentences.append(
            "Provisional: a capability is unassessed, or under 80 % is known. It is never ranked."
        )
    if result.strict_level is not None:
        sentences.append(
            f"Strict level {result.strict_level}: the lowest single capability, with nothing carried by another."
        )
    if result.stale:
        count = words.count_words(result.stale, "criterion rests", "criteria rest")
        sentences.append(f"{count} on a signal that was not read for more than {SIGNAL_VALID_DAYS} days.")
    if result.is_past_date:
        sentences.append(
            "Something behind these numbers has lapsed since; they are counted anew within minutes."
        )
    return tuple(sentences)


def _assessed(result: Result) -> str:
    if result.assessed_on is None:
        return "No assessment is published: only signals speak here."
    if result.is_reviewed:
        return "Reviewed: somebody from outside the team looked at the last assessment."
    return "Not reviewed: nobody from outside the team looked at the last assessment."
