"""Our scorer and the brute-force one agree, on the worked cases and on 10,000 random teams of random shapes."""

from __future__ import annotations

import ast
import os
import sys
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from assessments import rules, scoring
from assessments.catalog.conditions import parse_rule
from assessments.catalog.shipped import shipped_model
from assessments.standing import Plan, Standing, stand
from tests.assessments import brute_force
from tests.assessments.random_teams import TODAY, random_facts, random_plan, shipped_plan

# The runs on mutated copies (tests/mutations) make do with fewer.
TEAMS = int(os.environ.get("BRUTE_FORCE_TEAMS", "10000"))
# One team in so many stands against the shipped maturity model, the others each against one of their own.
SHIPPED_EVERY = 100


def test_the_second_scorer_knows_nothing_of_ours():
    tree = ast.parse(Path(brute_force.__file__).read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported <= sys.stdlib_module_names


CASES = yaml.safe_load((Path(__file__).parent / "scoring_cases.yaml").read_text(encoding="utf-8"))["cases"]
FLOATS = ("score", "coverage")


def from_case(case: dict[str, Any]) -> Any:
    """What the second scorer gives for a worked case, in the shape of its `expect`."""
    if case["kind"] == "rule":
        return brute_force.verdict(case["auto"], case["signals"])
    if case["kind"] == "capability":
        return brute_force.capability([tuple(row) for row in case["criteria"]])
    if case["kind"] == "criterion":
        return _criterion_case(case["input"])
    if case["kind"] == "org":
        teams = [{"assessed_on": None, "provisional": False, **one} for one in case["input"]["teams"]]
        return brute_force.organisation(teams, case["input"]["as_of"])
    return brute_force.team(
        {name: [_given_capability(row) for row in rows] for name, rows in case["dimensions"].items()}
    )


def _criterion_case(given: dict[str, Any]) -> dict[str, Any]:
    valid_days = {kind.id: kind.valid_days for kind in shipped_model().evidence_kinds}
    facts = {key: given[key] for key in ("override",) if key in given}
    facts["na_allowed"] = given.get("criterion", {}).get("na_allowed", False)
    if "self" in given:
        facts["own"] = given["self"]
    if "auto" in given:
        facts["auto"] = {**given["auto"], "read_on": given["auto"]["signals_read_on"]}
    facts["evidence"] = [
        {**piece, "valid_days": valid_days[piece["kind"]]} for piece in given.get("evidence", ())
    ]
    return brute_force.criterion(facts, given["as_of"])


def _given_capability(row: dict[str, Any]) -> dict[str, Any]:
    filled = {"state": "assessed", "ceiling": 4, "known": 1, "applicable": 1, "score": row["level"], **row}
    filled["complete"] = filled["level"] is not None and filled["level"] == filled["ceiling"]
    filled["score"] = None if filled["score"] is None else Fraction(str(filled["score"]))
    return filled


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["kind"] != "catalog"], ids=lambda case: case["id"]
)
def test_the_second_scorer_gives_what_the_worked_cases_expect(case):
    got = from_case(case)
    if isinstance(got, dict):
        got = {k: float(v) if k in FLOATS and v is not None else v for k, v in got.items()}

    assert got == case["expect"]


def as_input(facts: dict[str, Any]) -> scoring.CriterionInput:
    own, auto, override = facts.get("own"), facts.get("auto"), facts.get("override")
    return scoring.CriterionInput(
        na_allowed=facts["na_allowed"],
        own=own
        and scoring.OwnAnswer(
            scoring.Status(own["answer"]), own["answered_on"], na_approved=own["na_approved"]
        ),
        evidence=tuple(
            scoring.EvidenceFact(
                piece["collected_on"] + timedelta(days=piece["valid_days"]), piece["status"] == "rejected"
            )
            for piece in facts["evidence"]
        ),
        auto=auto
        and scoring.AutoVerdict(
            scoring.Status(auto["verdict"]), auto["read_on"], is_deciding=auto["mode"] == "decide"
        ),
        override=override
        and scoring.OverrideFact(scoring.Status(override["answer"]), override["expires_on"]),
    )


def plain(value: Any) -> Any:
    """Our results as the other side's dictionaries. Our words are strings already, and decimals are exact."""
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, Decimal):
        return Fraction(value)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return {name: plain(getattr(value, name)) for name in value.__slots__}


def ours(standing: Standing) -> dict[str, Any]:
    return {
        "statuses": plain(standing.statuses),
        "capabilities": plain(standing.capabilities),
        "team": plain(standing.team),
        "phases": plain(standing.phases),
        "columns": plain(standing.ms_columns),
        "ms_level": plain(standing.ms_level),
    }


def theirs(plan: Plan, facts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"status": "unknown", "support": "none", "flags": []}
    statuses = {
        p.id: brute_force.criterion(facts[p.id], TODAY) if p.id in facts else nothing for p in plan.places
    }
    capabilities = {
        name: brute_force.capability(
            [
                (p.level, statuses[p.id]["status"], statuses[p.id]["support"])
                for p in plan.places
                if p.capability == name and p.is_required
            ]
        )
        for name in (*(name for name, _ in plan.capabilities), *plan.overlays)
    }
    phases, columns, ms_level = brute_force.pooled_views(
        [
            {
                "id": p.id,
                "level": p.level,
                "phase": p.phase,
                "ms_column": p.ms_column,
                "basis": p.basis,
                "required": p.is_required,
                "overlay": p.capability in plan.overlays,
            }
            for p in plan.places
        ],
        statuses,
    )
    return {
        "statuses": statuses,
        "capabilities": capabilities,
        "team": brute_force.team(
            {
                dimension: [capabilities[name] for name, where in plan.capabilities if where == dimension]
                for dimension in plan.dimensions
            }
        ),
        # A phase in which no criterion stands at all is one in which nothing applies.
        "phases": {**dict.fromkeys(plan.phases, brute_force.capability([])), **phases},
        "columns": columns,
        "ms_level": ms_level,
    }


@pytest.mark.slow
def test_two_scorers_agree_on_random_teams():
    shipped = shipped_plan()
    seen: dict[str, set[Any]] = {"levels": set(), "flags": set(), "states": set(), "supports": set()}
    for number in range(TEAMS):
        rng = Random(number)
        plan = shipped if number % SHIPPED_EVERY == 0 else random_plan(rng)
        mood, told = rng.random() ** 0.3, rng.choice((0.3, 0.9, 1.0))
        facts = {p.id: random_facts(rng, mood) for p in plan.places if rng.random() < told}

        standing = stand(plan, {name: as_input(one) for name, one in facts.items()}, TODAY)

        assert ours(standing) == theirs(plan, facts), f"team {number}"
        seen["levels"].add(standing.team.level)
        seen["flags"].update(flag for one in standing.statuses.values() for flag in one.flags)
        seen["supports"].update(one.support for one in standing.statuses.values())
        seen["states"].update(one.state for one in standing.capabilities.values())
    # Random teams that are all alike would prove nothing.
    assert seen["levels"] == {None, 0, 1, 2, 3, 4}
    assert seen["flags"] == set(scoring.Flag)
    assert seen["supports"] == set(scoring.Support)
    assert seen["states"] == set(scoring.CapabilityState)


@pytest.mark.slow
def test_two_scorers_agree_on_random_organisations():
    reasons = set()
    for number in range(TEAMS // 5):
        rng = Random(number)
        top = rng.randint(0, 4)
        teams: list[dict[str, Any]] = [
            {
                "level": rng.choice((None, 0, top, top, top, 4)),
                "assessed_on": rng.choice(
                    (None, *(TODAY - timedelta(days=n) for n in (0, 90, 179, 180, 181)))
                ),
                "provisional": rng.random() < 0.3,
            }
            for _ in range(rng.randint(0, 12))
        ]

        result = scoring.score_org(
            (
                scoring.TeamStanding(one["level"], one["assessed_on"], provisional=one["provisional"])
                for one in teams
            ),
            TODAY,
        )

        assert plain(result) == brute_force.organisation(teams, TODAY), f"organisation {number}"
        reasons.add(result.reason)
    assert reasons == {None, *scoring.OrgReason}


SIGNALS = ("a", "b", "c")
THRESHOLDS = (0, 1, 5)
OPERATORS = (">=", ">", "<=", "<", "==", "is")


def random_condition(rng: Random, depth: int = 0) -> dict[str, Any]:
    if depth < 2 and rng.random() < 0.4:
        parts = [random_condition(rng, depth + 1) for _ in range(rng.randint(1, 3))]
        return {rng.choice(("all", "any")): parts}
    return {"signal": rng.choice(SIGNALS), "op": rng.choice(OPERATORS), "value": rng.choice(THRESHOLDS)}


def random_readings(rng: Random) -> dict[str, dict[str, Any]]:
    readings: dict[str, dict[str, Any]] = {}
    for signal in SIGNALS:
        drawn = rng.random()
        if drawn < 0.2:
            readings[signal] = {"state": "unknown", "reason": "unreachable"}
        elif drawn < 0.9:
            readings[signal] = {"value": rng.choice((0, 1, 4, 5, 6)), "bound": rng.choice(("exact", "lower"))}
    return readings


@pytest.mark.slow
def test_two_readers_of_rules_agree():
    seen = set()
    for number in range(TEAMS):
        rng = Random(number)
        parts = rng.choice((("yes_if",), ("no_if",), ("yes_if", "no_if"), ("guard", "yes_if", "no_if")))
        rule = {part: random_condition(rng) for part in parts}
        readings = random_readings(rng)

        got = rules.decide(
            parse_rule(rule),
            {
                name: rules.Reading(
                    row.get("value"), rules.Bound(row.get("bound", "exact")), row.get("reason", "")
                )
                for name, row in readings.items()
            },
        )

        assert got.value == brute_force.verdict(rule, readings), f"rule {number}: {rule} on {readings}"
        seen.add(got.value)
    assert seen == {"yes", "no", "unknown"}
