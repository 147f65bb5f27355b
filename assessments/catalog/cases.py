"""Run worked scoring cases (the format of `tests/assessments/scoring_cases.yaml`) against rules and scoring. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from assessments import rules, scoring
from assessments.catalog.conditions import parse_rule
from assessments.catalog.schema import Criterion, MaturityModelFile

Case = Mapping[str, Any]


def run_case(case: Case, model: MaturityModelFile) -> Any:
    """What our code gives for `case`, in the shape of its `expect`; raises ValueError for an unknown kind."""
    kind = case["kind"]
    if kind == "rule":
        return _rule(case)
    if kind == "criterion":
        return _criterion(case["input"], model)
    if kind == "capability":
        rows = (
            scoring.LeveledStatus(level, scoring.Status(status), scoring.Support(support))
            for level, status, support in case["criteria"]
        )
        return capability_row(scoring.score_capability(rows))
    if kind == "team":
        return _team(case)
    if kind == "org":
        return _org(case["input"])
    if kind == "catalog":
        return _catalog(case, model)
    raise ValueError(f"{case['id']}: this runner knows no kind {kind!r}")


def readings_of(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, rules.Reading]:
    """Readings from the `signals` of a case."""
    return {
        name: rules.Reading(
            value=None if row.get("state") == "unknown" else row["value"],
            bound=rules.Bound(row.get("bound", "exact")),
            reason=row.get("reason", ""),
        )
        for name, row in rows.items()
    }


def _rule(case: Case) -> str:
    return rules.decide(parse_rule(case["auto"]), readings_of(case["signals"])).value


def _criterion(given: Mapping[str, Any], model: MaturityModelFile) -> dict[str, Any]:
    valid_days = {kind.id: kind.valid_days for kind in model.evidence_kinds}
    own, auto, override = given.get("self"), given.get("auto"), given.get("override")
    result = scoring.score_criterion(
        scoring.CriterionInput(
            na_allowed=given.get("criterion", {}).get("na_allowed", False),
            own=None
            if own is None
            else scoring.OwnAnswer(
                scoring.Status(own["answer"]), own["answered_on"], na_approved=own.get("na_approved", False)
            ),
            evidence=tuple(
                scoring.EvidenceFact(
                    valid_until=piece["collected_on"] + timedelta(days=valid_days[piece["kind"]]),
                    is_rejected=piece.get("status") == "rejected",
                )
                for piece in given.get("evidence", ())
            ),
            auto=None
            if auto is None
            else scoring.AutoVerdict(
                scoring.Status(auto["verdict"]),
                auto["signals_read_on"],
                is_deciding=auto.get("mode", "decide") == "decide",
            ),
            override=None
            if override is None
            else scoring.OverrideFact(scoring.Status(override["answer"]), override["expires_on"]),
        ),
        as_of=given["as_of"],
    )
    return {
        "status": result.status.value,
        "support": result.support.value,
        "flags": [flag.value for flag in result.flags],
    }


def capability_row(result: scoring.CapabilityResult) -> dict[str, Any]:
    """A capability's numbers in the shape of a case's `expect`."""
    return {
        "state": result.state.value,
        "level": result.level,
        "verified": result.verified,
        "potential": result.potential,
        "ceiling": result.ceiling,
        "complete": result.complete,
        "score": None if result.score is None else float(result.score),
        "known": result.known,
        "applicable": result.applicable,
        "ahead": result.ahead,
    }


def _team(case: Case) -> dict[str, Any]:
    result = scoring.score_team(
        {
            name: {row["id"]: _given_capability(row) for row in rows}
            for name, rows in case["dimensions"].items()
        }
    )
    return {
        "dimensions": {
            name: {"verified": three.verified, "level": three.level, "potential": three.potential}
            for name, three in result.dimensions.items()
        },
        "verified": result.verified,
        "level": result.level,
        "potential": result.potential,
        "strict_level": result.strict_level,
        "score": None if result.score is None else float(result.score),
        "holding_back": list(result.holding_back),
        "coverage": None if result.coverage is None else float(result.coverage),
        "provisional": result.provisional,
    }


def _given_capability(row: Mapping[str, Any]) -> scoring.CapabilityResult:
    """A capability as a team case states it; what is missing is RULINGS 4."""
    state = scoring.CapabilityState(row.get("state", "assessed"))
    if state is scoring.CapabilityState.NOT_APPLICABLE:
        return scoring.NOTHING_APPLIES
    ceiling = row.get("ceiling", scoring.TOP_LEVEL)
    return scoring.CapabilityResult(
        state=state,
        level=row["level"],
        verified=row["verified"],
        potential=row["potential"],
        ceiling=ceiling,
        complete=row["level"] >= ceiling,
        score=scoring.two_decimals(Fraction(str(row.get("score", row["level"])))),
        known=row.get("known", 1),
        applicable=row.get("applicable", 1),
        ahead=row.get("ahead", 0),
    )


def _org(given: Mapping[str, Any]) -> dict[str, Any]:
    result = scoring.score_org(
        (
            scoring.TeamStanding(
                row["level"], row.get("assessed_on"), provisional=row.get("provisional", False)
            )
            for row in given["teams"]
        ),
        as_of=given["as_of"],
    )
    return {
        "teams": result.teams,
        "counted": result.counted,
        "coverage": float(result.coverage),
        "distribution": dict(result.distribution),
        "provisional_teams": result.provisional_teams,
        "level": result.level,
        "reason": None if result.reason is None else result.reason.value,
    }


def _catalog(case: Case, model: MaturityModelFile) -> dict[str, Any]:
    """One capability of the catalogue end to end: signals and answers in, statuses and numbers out."""
    capability = next(c for c in model.capabilities if c.id == case["capability"])
    results = {criterion.id: _catalog_criterion(criterion, case) for criterion in capability.criteria}
    rows = [
        scoring.LeveledStatus(c.level, results[c.id].status, results[c.id].support)
        for c in capability.criteria
        if c.required
    ]
    return {
        "statuses": {name: [r.status.value, r.support.value] for name, r in results.items()},
        "result": capability_row(scoring.score_capability(rows)),
    }


def _catalog_criterion(criterion: Criterion, case: Case) -> scoring.CriterionResult:
    answer = case["answers"].get(criterion.id)
    auto = None
    if criterion.auto is not None:
        verdict = rules.decide(criterion.auto.rule, readings_of(case["signals"]))
        auto = scoring.AutoVerdict(
            scoring.Status(verdict.value),
            case["signals_read_on"],
            is_deciding=criterion.auto.mode == "decide",
        )
    own = None if answer is None else scoring.OwnAnswer(scoring.Status(answer), case["as_of"])
    return scoring.score_criterion(
        scoring.CriterionInput(na_allowed=bool(criterion.na_when), own=own, auto=auto), case["as_of"]
    )
