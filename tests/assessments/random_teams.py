"""Random maturity models and random teams, as plain data. Ages cluster at the edges of every validity."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from assessments.catalog.shipped import shipped_model
from assessments.standing import Place, Plan, plan_from, plan_of

TODAY = date(2026, 11, 22)
AGES = {
    "answer": (0, 1, 30, 200, 364, 365, 366, 700),
    "evidence": (0, 1, 29, 30, 31, 90, 91, 365, 366),
    "signal": (0, 1, 6, 7, 8, 9, 60),
    "override": (-100, -1, 0, 1, 90),
}
KINDS = (30, 90, 365)
BASES = ("seed", "microsoft", "extension")
COLUMNS = ("people", "model_creation", "model_release", "application_integration")
PHASES = ("design", "train", "operate")


def random_plan(rng: Random) -> Plan:
    """A maturity model of any shape: empty dimensions, missing levels, overlays, optional criteria."""
    dimensions = tuple(f"d{n}" for n in range(rng.randint(1, 5)))
    capabilities, overlays, places = [], [], []
    for number in range(rng.randint(1, 8)):
        name = f"c{number}"
        is_overlay = rng.random() < 0.15
        if is_overlay:
            overlays.append(name)
        else:
            capabilities.append((name, rng.choice(dimensions)))
        column = rng.choice(COLUMNS)
        levels = rng.choices((1, 2, 3, 4), k=rng.randint(1, 7))
        places += [
            Place(
                f"{name}.{index}",
                name,
                level,
                rng.choice(PHASES),
                column,
                is_required=rng.random() < 0.9,
                basis=rng.choice(BASES),
            )
            for index, level in enumerate(levels)
        ]
    rng.shuffle(places)
    core = {name for name, _ in capabilities}
    return plan_from(
        places=tuple(places),
        dimensions=dimensions,
        phases=PHASES,
        ms_columns=tuple(dict.fromkeys(p.ms_column for p in places if p.capability in core)),
        capabilities=tuple(capabilities),
        overlays=tuple(overlays),
    )


def shipped_plan() -> Plan:
    """The plan of the maturity model that ships."""
    return plan_of(shipped_model())


def random_facts(rng: Random, mood: float) -> dict[str, Any]:
    """What is known of one criterion; `mood` is the team's inclination to yes."""
    facts: dict[str, Any] = {"na_allowed": rng.random() < 0.4}
    if rng.random() < 0.85:
        weights = (mood, 1 - mood, 0.15, 0.15)
        (answer,) = rng.choices(("yes", "no", "unknown", "na"), weights)
        facts["own"] = {
            "answer": answer,
            "answered_on": _ago(rng, "answer"),
            "na_approved": rng.random() < 0.7,
        }
    facts["evidence"] = [
        {
            "collected_on": _ago(rng, "evidence"),
            "valid_days": rng.choice(KINDS),
            "status": rng.choice(("pending", "accepted", "rejected")),
        }
        for _ in range(rng.choice((0, 0, 1, 1, 2)))
    ]
    if rng.random() < 0.5:
        (verdict,) = rng.choices(("yes", "no", "unknown"), (mood, 1 - mood, 0.3))
        facts["auto"] = {
            "verdict": verdict,
            "read_on": _ago(rng, "signal"),
            "mode": rng.choice(("decide", "decide", "decide", "hint")),
        }
    if rng.random() < 0.1:
        facts["override"] = {
            "answer": rng.choice(("yes", "no", "unknown", "na")),
            "expires_on": _ago(rng, "override"),
        }
    return facts


def _ago(rng: Random, kind: str) -> date:
    return TODAY - timedelta(days=rng.choice(AGES[kind]))
