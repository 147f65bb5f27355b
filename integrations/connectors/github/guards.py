"""Whether the rules of a branch ask for an approval and for checks. Pure.

Rulesets are shown to every reader, classic branch protection to administrators only; both hold at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.connectors.common.payload import Row, number, part, text


@dataclass(frozen=True, slots=True)
class Guard:
    """What a change of the branch needs."""

    needs_approval: bool = False
    needs_checks: bool = False

    @property
    def is_whole(self) -> bool:
        return self.needs_approval and self.needs_checks

    def __or__(self, other: Guard) -> Guard:
        return Guard(self.needs_approval or other.needs_approval, self.needs_checks or other.needs_checks)


def guard_of_rules(rules: Sequence[Row]) -> Guard:
    """What the active rules of GET rules/branches/{branch} ask for. A pull request without a needed approval is none."""
    found = Guard()
    for rule in rules:
        parameters = part(rule, "parameters")
        kind = text(rule, "type")
        if kind == "pull_request":
            found |= Guard(needs_approval=number(parameters, "required_approving_review_count") >= 1)
        elif kind == "required_status_checks":
            found |= Guard(needs_checks=bool(parameters.get("required_status_checks")))
    return found


def guard_of_protection(protection: Row) -> Guard:
    """What classic protection asks for. Servers before 2021 leave the number of approvals out and mean one."""
    reviews, checks = (
        protection.get("required_pull_request_reviews"),
        part(protection, "required_status_checks"),
    )
    needed = number(part(protection, "required_pull_request_reviews"), "required_approving_review_count")
    has_number = isinstance(reviews, dict) and "required_approving_review_count" in reviews
    return Guard(
        needs_approval=isinstance(reviews, dict) and (needed >= 1 or not has_number),
        needs_checks=bool(checks.get("contexts")) or bool(checks.get("checks")),
    )
