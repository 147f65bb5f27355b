"""Whether the settings of a project guard its default branch. Pure: rows of GitLab's answers in, yes, no or None out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from integrations.connectors.common.payload import Row, number, text

# An approval by anybody counts; approvals of code owners and of scanners depend on what a change touches.
_RULES = frozenset({"regular", "any_approver"})
NOBODY = 0
# Many stars make matching slow beyond reason.
MAX_STARS = 6


def needs_checks(project: Row) -> bool | None:
    """Whether a merge waits for a successful pipeline; None where the project does not show it."""
    found = project.get("only_allow_merge_if_pipeline_succeeds")
    return found if isinstance(found, bool) else None


def is_closed_to_pushes(rules: Iterable[Row], branch: str) -> bool:
    """Whether nobody may push to the branch past a merge request. Of several rules the most generous holds."""
    meant = [rule for rule in rules if _covers(text(rule, "name"), branch)]
    levels = [_levels(rule) for rule in meant]
    return bool(meant) and all(found and all(map(_is_nobody, found)) for found in levels)


def needs_approval(rules: Iterable[Row], branch: str) -> bool:
    """Whether a rule asks for an approval of every change of the branch."""
    return any(
        text(rule, "rule_type") in _RULES
        and number(rule, "approvals_required") >= 1
        and _is_for_branch(rule, branch)
        for rule in rules
    )


def _levels(rule: Row) -> list[Row]:
    found = rule.get("push_access_levels")
    return [level for level in found if isinstance(level, dict)] if isinstance(found, list) else []


def _is_nobody(level: Row) -> bool:
    # A user, a group or a deploy key that may push has a level of its own, or none.
    is_named = any(level.get(key) for key in ("user_id", "group_id", "deploy_key_id"))
    return (
        level.get("access_level") == NOBODY and not isinstance(level["access_level"], bool) and not is_named
    )


def _is_for_branch(rule: Row, branch: str) -> bool:
    if rule.get("applies_to_all_protected_branches") is True:
        return True
    branches = rule.get("protected_branches")
    if not isinstance(branches, list) or not branches:
        return True  # a rule without branches is for all of them
    return any(_covers(text(one, "name"), branch) for one in branches if isinstance(one, dict))


def _covers(pattern: str, branch: str) -> bool:
    """GitLab's only wildcard is the star."""
    parts = [re.escape(part) for part in re.split(r"\*+", pattern)]
    return len(parts) <= MAX_STARS and re.fullmatch(".*".join(parts), branch) is not None
