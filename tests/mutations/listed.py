"""Deliberate bugs. Each is one small edit that somebody could make by mistake, and what the portal would then get wrong."""

from __future__ import annotations

from dataclasses import dataclass

SCORING, RULES = "assessments/scoring.py", "assessments/rules.py"
# Without a database: worked cases, and the second scorer on a few hundred random teams.
SECOND_SCORER = ("tests/assessments/test_scoring_cases.py", "tests/assessments/test_brute_force.py")
BY_HAND = ("tests/assessments/test_rules.py",)
LAPSES = (
    "tests/assessments/test_scoring_properties.py::test_a_status_stands_until_its_last_day_and_not_beyond_reason",
)
STORED = ("tests/assessments/services/test_stored_results.py::TestOneFactForEachChange",)
LOST = ("tests/assessments/services/test_stored_results.py::TestLosingASource",)
RIGHTS = ("tests/teams/test_rights.py::test_every_row_reaches_as_far_as_the_spec_says",)
LEASES = (
    "tests/integrations/services/test_leases.py::test_second_delivery_while_the_first_still_runs_stops",
)
INBOUND = "tests/integrations/inbound/"
TEN_DAYS = ("tests/integrations/services/test_ten_days.py",)
EVIDENCE_LINKS = ("tests/integrations/services/test_evidence_links.py",)
COLLECTING = ("tests/integrations/services/test_calm_verdicts.py",)


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands once in `file` and becomes `new`; `tests` must fail then. `needs_database`: they run under Django."""

    file: str
    old: str
    new: str
    why: str
    tests: tuple[str, ...] = ()
    needs_database: bool = False

    def sufficient(self) -> tuple[str, ...]:
        """The tests that must notice it."""
        return self.tests or (BY_HAND if self.file == RULES else SECOND_SCORER)


PURE = (
    # scoring: one criterion
    Mutation(
        SCORING, "ANSWER_VALID_DAYS = 365", "ANSWER_VALID_DAYS = 366", "an answer stands a day too long"
    ),
    Mutation(SCORING, "SIGNAL_VALID_DAYS = 7", "SIGNAL_VALID_DAYS = 8", "a reading stands a day too long"),
    Mutation(
        SCORING,
        "if as_of <= facts.override.expires_on:",
        "if as_of < facts.override.expires_on:",
        "an override ends a day early",
    ),
    Mutation(
        SCORING,
        "            return Status.NO, Support.CLAIMED\n        return Status.YES, Support.MEASURED",
        "            return Status.YES, Support.MEASURED\n        return Status.YES, Support.MEASURED",
        "a machine lifts a team against its own word",
    ),
    Mutation(
        SCORING,
        "            if has_evidence:\n                return Status.UNKNOWN, Support.NONE",
        "            if has_evidence:\n                return Status.YES, Support.EVIDENCED",
        "a paper beats a measurement without a reviewer",
    ),
    Mutation(
        SCORING,
        "            if has_evidence:\n                return Status.UNKNOWN, Support.NONE",
        "            if False:\n                return Status.UNKNOWN, Support.NONE",
        "evidence counts for nothing against a measurement",
    ),
    Mutation(
        SCORING,
        "    if verdict is Status.NO and own is Status.YES:\n",
        "    if False:\n",
        "losing a source lets the claim win",
    ),
    Mutation(
        SCORING,
        "Support.EVIDENCED if has_evidence else Support.CLAIMED",
        "Support.EVIDENCED",
        "a bare claim is verified",
    ),
    Mutation(
        SCORING,
        "facts.own.answer is Status.NA and facts.na_allowed and facts.own.na_approved",
        "facts.own.answer is Status.NA and facts.own.na_approved",
        "N/A takes any criterion out",
    ),
    Mutation(
        SCORING,
        "facts.own.answer is Status.NA and facts.na_allowed and facts.own.na_approved",
        "facts.own.answer is Status.NA and facts.na_allowed",
        "N/A counts before anybody approved it",
    ),
    Mutation(
        SCORING,
        "standing = [piece for piece in facts.evidence if not piece.is_rejected]",
        "standing = list(facts.evidence)",
        "rejected evidence carries an answer",
    ),
    Mutation(
        SCORING,
        "is_fresh = any(as_of <= piece.valid_until",
        "is_fresh = any(as_of < piece.valid_until",
        "evidence ends a day early",
    ),
    Mutation(
        SCORING,
        "auto = facts.auto if facts.auto is not None and facts.auto.is_deciding else None",
        "auto = facts.auto",
        "a hint decides",
    ),
    # scoring: one capability
    Mutation(
        SCORING,
        "VERIFYING = frozenset({Support.MEASURED,",
        "VERIFYING = frozenset({Support.CLAIMED, Support.MEASURED,",
        "claims are verified",
    ),
    Mutation(
        SCORING, "            break\n", "            continue\n", "levels no longer build on one another"
    ),
    Mutation(
        SCORING,
        "c.status in (Status.YES, Status.UNKNOWN)",
        "c.status is Status.YES",
        "unknown becomes a silent no",
    ),
    Mutation(
        SCORING,
        "level = _climb(rungs, lambda c: c.status is Status.YES)",
        "level = _climb(rungs, lambda c: c.status is not Status.NO)",
        "unknown becomes a silent yes",
    ),
    Mutation(
        SCORING,
        "        if criterion.status is not Status.NA:\n",
        "        if True:\n",
        "what does not apply holds a team back",
    ),
    Mutation(
        SCORING,
        "known = sum(criterion.status is not Status.UNKNOWN for",
        "known = sum(criterion.status is Status.YES for",
        "a known no looks unassessed",
    ),
    Mutation(SCORING, "for rung in above[1:] for", "for rung in above for", "the next level counts as ahead"),
    # scoring: dimensions, team, organisation
    Mutation(
        SCORING, "if value >= ceiling", "if value > ceiling", "complete at the ceiling counts too little"
    ),
    Mutation(SCORING, "min(rolled) + 1)", "min(rolled) + 2)", "one hole is carried by two levels"),
    Mutation(
        SCORING,
        "strict_level=min(rollup(_given(r.level), _given(r.ceiling)) for r in everything)",
        "strict_level=min(_given(r.level) for r in everything)",
        "strict level forgets the ceiling",
    ),
    Mutation(
        SCORING,
        "    level = _lowest(three.level for three in numbers.values())",
        "    level = max(three.level for three in numbers.values() if three.level is not None)",
        "the best dimension speaks for the team",
    ),
    Mutation(
        SCORING,
        "provisional=unassessed or Fraction(known, applicable) < PROVISIONAL_BELOW",
        "provisional=Fraction(known, applicable) < PROVISIONAL_BELOW",
        "an unassessed capability is not marked",
    ),
    Mutation(
        SCORING,
        "PROVISIONAL_BELOW = Fraction(4, 5)",
        "PROVISIONAL_BELOW = Fraction(3, 4)",
        "hardly known, not marked",
    ),
    Mutation(SCORING, "rounding=ROUND_HALF_UP", 'rounding="ROUND_DOWN"', "scores are cut, not rounded"),
    Mutation(SCORING, ">= ORG_SHARE", "> ORG_SHARE", "exactly four in five is not enough"),
    Mutation(SCORING, "ORG_MIN_TEAMS = 3", "ORG_MIN_TEAMS = 2", "two teams stand for an organisation"),
    Mutation(
        SCORING,
        "as_of - assessed_on <= timedelta(days=ASSESSED_WITHIN_DAYS)",
        "True",
        "an assessment of years ago counts",
    ),
    # standing: pooled views
    Mutation(
        "assessments/standing.py",
        " if place.basis in MICROSOFT_BASES",
        "",
        "the Microsoft view asks what Microsoft does not",
    ),
    Mutation(
        "assessments/standing.py",
        " if place.capability in dict(capabilities)",
        "",
        "overlays enter phases",
    ),
    Mutation(
        "assessments/lapse.py",
        "timedelta(days=SIGNAL_VALID_DAYS)",
        "timedelta(days=SIGNAL_VALID_DAYS + 1)",
        "stale signals are noticed a day late",
        tests=LAPSES,
    ),
    # rules
    Mutation(RULES, "readings) is not True:", "readings) is False:", "an unknown guard lets the rule speak"),
    Mutation(
        RULES,
        "if confirms is True and refutes is False:",
        "if confirms is True:",
        "hiding what refutes helps",
    ),
    Mutation(
        RULES,
        "if refutes is True and confirms is False:",
        "if refutes is True:",
        "hiding what confirms hurts",
    ),
    Mutation(
        RULES,
        "confirms = holds(rule.yes_if, readings) if rule.yes_if is not None else False",
        "confirms = holds(rule.yes_if, readings) if rule.yes_if is not None else None",
        "a rule that only refutes never refutes",
    ),
    Mutation(
        RULES,
        "            return None if None in results else True\n",
        "            return True\n",
        "all of it holds though a part is unknown",
    ),
    Mutation(
        RULES,
        "            return None if None in results else False\n",
        "            return False\n",
        "none of it holds though a part is unknown",
    ),
    Mutation(
        RULES,
        "    if reading.value is None:\n        return None\n",
        "    if reading.value is None:\n        return False\n",
        "unknown passes for no",
    ),
    Mutation(
        RULES,
        "readings.get(condition.signal, NOT_CONFIGURED)",
        "readings.get(condition.signal, Reading(0))",
        "what nobody reads passes for zero",
    ),
    Mutation(
        RULES, "if reading.bound is Bound.EXACT:", "if True:", "a count cut off at a cap passes for the whole"
    ),
    Mutation(
        RULES,
        "return True if holds else None",
        "return holds",
        '"at least" fails on a count that was cut off',
    ),
    Mutation(
        RULES,
        "return None if holds else False",
        "return holds",
        '"at most" holds on a count that was cut off',
    ),
    Mutation(RULES, '    ">": operator.gt,', '    ">": operator.ge,', "more than is at least"),
)

UNDER_DJANGO = (
    Mutation(
        "assessments/services/verdicts.py",
        "return first_said_on is not None and day > first_said_on",
        "return first_said_on is not None",
        "a day on which nothing could be read confirms a changed verdict",
        TEN_DAYS,
        needs_database=True,
    ),
    Mutation(
        "integrations/services/evidence_links.py",
        'return Question(f"{quoted}{query}", is_trusted=is_own)',
        'return Question(f"{quoted}{query}", is_trusted=True)',
        "the credential goes to pages that the team's own mapping does not name",
        EVIDENCE_LINKS,
        needs_database=True,
    ),
    Mutation(
        "assessments/services/verdicts.py",
        "pooled[name].is_partial or ",
        "",
        "removing one of two sources lets the claim win",
        LOST,
        needs_database=True,
    ),
    Mutation(
        "assessments/services/scores.py",
        "    CriterionStatus.objects.filter(pk__in=ended).update(is_current=False)\n",
        "",
        "two statuses stand at once",
        STORED,
        needs_database=True,
    ),
    Mutation(
        "teams/queries/rights.py",
        "return bool(obj.unit.path.startswith(self.unit_path))",
        "return bool(self.unit_path.startswith(obj.unit.path))",
        "a manager reaches up the tree, not down",
        RIGHTS,
        needs_database=True,
    ),
    Mutation(
        "teams/queries/rights.py",
        "            return self.team_id == obj.pk\n",
        "            return self.team_id is not None\n",
        "a lead leads every team",
        RIGHTS,
        needs_database=True,
    ),
    Mutation(
        "teams/permissions.py",
        ' and "off_by_default" not in self.conditions',
        "",
        "what an organisation has to switch on is on",
        RIGHTS,
        needs_database=True,
    ),
    Mutation(
        "teams/authz_matrix.csv",
        "16,answer.edit,-,-,T,T,-,-,-,",
        "16,answer.edit,-,-,T,T,U,-,-,",
        "a manager answers for a team",
        RIGHTS,
        needs_database=True,
    ),
    Mutation(
        "integrations/services/leases.py",
        "pk=claim.connection_id, lease_key=claim.lease_key).update(\n        lease_key=key,",
        "pk=claim.connection_id).update(\n        lease_key=key,",
        "a message delivered twice collects twice",
        LEASES,
        needs_database=True,
    ),
    Mutation(
        "integrations/services/collecting.py",
        "immediate=run.trigger != Collection.Trigger.SCHEDULE",
        "immediate=run.trigger == Collection.Trigger.SCHEDULE",
        "the schedule changes a verdict at once",
        COLLECTING,
        needs_database=True,
    ),
    Mutation(
        "integrations/services/inbound.py",
        "if hook is None or not any(is_signed[: len(known)]):",
        "if hook is None:",
        "a delivery that nobody signed is heard",
        (f"{INBOUND}test_deliveries.py::TestRow42::test_bad_signature",),
        needs_database=True,
    ),
    Mutation(
        "integrations/connectors/hooks/gitlab.py",
        "if SIGNATURE in headers:",
        'if SIGNATURE in headers and "X-Gitlab-Token" not in headers:',
        "a wrong signature is let through for the token beside it",
        ("tests/integrations/connectors/test_hooks.py::TestGitlab::test_anything_else_is_refused",),
        needs_database=True,
    ),
    Mutation(
        "integrations/services/hints.py",
        "return Outcome.WAITING",
        "pass",
        "a webhook cuts a rate limit short",
        (f"{INBOUND}test_hints.py::TestHints::test_a_wait_after_a_failure_is_kept",),
        needs_database=True,
    ),
    Mutation(
        "integrations/services/leases.py",
        "        if row.hint_due_at is not None and row.hint_due_at > started_at and is_well:\n",
        "        if False:\n",
        "what a webhook tells during a collection is lost",
        (f"{INBOUND}test_hints.py::TestHints::test_a_hint_during_a_collection_is_answered_by_another_one",),
        needs_database=True,
    ),
)
