"""What a rule can still say while signals are unknown; worked out by hand from SIGNALS 2.2."""

from __future__ import annotations

import pytest

from assessments.catalog.shipped import shipped_model
from assessments.queries.blinding import blinded_by, can_say
from assessments.rules import All, Any, Comparison, Rule, Verdict

A, B, C = (Comparison(name, ">=", 1) for name in "abc")
YES, NO = Verdict.YES, Verdict.NO


@pytest.mark.parametrize(
    ("rule", "unknown", "says"),
    [
        (Rule(yes_if=A), "", {YES}),
        (Rule(yes_if=A), "a", set()),
        (Rule(yes_if=A), "b", {YES}),
        (Rule(guard=B, yes_if=A), "b", set()),
        (Rule(yes_if=A, no_if=B), "", {YES, NO}),
        # One side speaks only when the other is known to be false.
        (Rule(yes_if=A, no_if=B), "b", set()),
        (Rule(yes_if=Any((A, B)), no_if=C), "b", {YES}),
        (Rule(yes_if=All((A, B)), no_if=C), "b", {NO}),
        (Rule(yes_if=A, no_if=All((B, C))), "c", {YES}),
        (Rule(yes_if=A, no_if=Any((B, C))), "c", {NO}),
        (Rule(no_if=Any((A, B))), "a", {NO}),
        (Rule(no_if=Any((A, B))), "ab", set()),
    ],
)
def test_what_a_rule_can_say(rule: Rule, unknown: str, says: set[Verdict]) -> None:
    assert can_say(rule, set(unknown)) == says


def test_criteria_of_the_shipped_model_in_its_order_with_what_is_left() -> None:
    found = blinded_by(shipped_model(), {"deploy.automated_share_90d", "ci.test_steps_share"})

    assert [(one.id, one.in_words) for one in found] == [
        ("ownership.two_releasers", "can only be confirmed"),
        ("deployment.automatic", ""),
        ("tests.application", "can only be refuted"),
    ]


def test_nothing_is_blinded_by_nothing_and_hints_decide_nothing() -> None:
    assert blinded_by(shipped_model(), ()) == ()
    assert blinded_by(shipped_model(), {"repo.has_iac", "repo.has_model_card"}) == ()
