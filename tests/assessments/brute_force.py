"""A second scorer, slow and plain, written from the spec alone: it imports nothing of the portal, only Python itself.

Source: spec SCORING.md section 2, the `semantics` block of the worked cases, RULINGS 4 and 5. Where our scorer climbs,
groups and pools, this one tries every level against the sentence that defines it. Plain dictionaries and strings in and
out, so that not even a type is shared.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

VERIFIES = ("measured", "reviewed", "evidenced")


# ---- rules: three-valued logic by trying out every truth that a reading leaves possible ----


def truths(comparison: dict[str, Any], readings: dict[str, dict[str, Any]]) -> set[bool]:
    """Whether the comparison could be true, could be false, or (unknown) either."""
    reading = readings.get(comparison["signal"], {"state": "unknown"})
    if reading.get("state") == "unknown":
        return {True, False}
    seen, asked, op = reading["value"], comparison["value"], comparison["op"]
    worlds = [seen]
    if reading.get("bound", "exact") == "lower":
        tries = [seen, asked, asked - 0.25, asked + 0.25, max(seen, asked) + 1]
        worlds = [value for value in tries if value >= seen]
    found = set()
    for value in worlds:
        if op == ">=":
            found.add(value >= asked)
        elif op == ">":
            found.add(value > asked)
        elif op == "<=":
            found.add(value <= asked)
        elif op == "<":
            found.add(value < asked)
        else:
            found.add(value == asked)
    return found


def three_valued(condition: dict[str, Any], readings: dict[str, dict[str, Any]]) -> bool | None:
    """True, False, or None for open."""
    if "all" in condition:
        parts = [three_valued(part, readings) for part in condition["all"]]
        if any(part is False for part in parts):
            return False
        return True if all(part is True for part in parts) else None
    if "any" in condition:
        parts = [three_valued(part, readings) for part in condition["any"]]
        if any(part is True for part in parts):
            return True
        return False if all(part is False for part in parts) else None
    possible = truths(condition, readings)
    return None if len(possible) == 2 else possible.pop()


def verdict(rule: dict[str, Any], readings: dict[str, dict[str, Any]]) -> str:
    """yes, no or unknown: one side true, the other known to be false, the guard true."""
    if "guard" in rule and three_valued(rule["guard"], readings) is not True:
        return "unknown"
    yes = three_valued(rule["yes_if"], readings) if "yes_if" in rule else False
    no = three_valued(rule["no_if"], readings) if "no_if" in rule else False
    if yes is True and no is False:
        return "yes"
    if no is True and yes is False:
        return "no"
    return "unknown"


# ---- one criterion ----


def criterion(facts: dict[str, Any], as_of: date) -> dict[str, Any]:
    """Status, support and sorted flags. Keys of `facts`: na_allowed, own, evidence, auto, override (all optional)."""
    flags: list[str] = []
    said, is_out = own_word(facts, as_of, flags)
    pieces = [piece for piece in facts.get("evidence", []) if piece["status"] != "rejected"]
    fresh = [piece for piece in pieces if (as_of - piece["collected_on"]).days <= piece["valid_days"]]
    if pieces and not fresh:
        flags.append("evidence_expired")
    machine, is_stale = machine_word(facts, as_of, flags)
    status, support, is_disputed = by_precedence(said, bool(fresh), machine, is_stale=is_stale, is_out=is_out)
    if is_disputed:
        flags.append("disputed")
    override = facts.get("override")
    if override is not None and as_of > override["expires_on"]:
        flags.append("override_expired")
    elif override is not None:
        flags.append("overridden")
        status, support = override["answer"], "reviewed"
    return {"status": status, "support": support, "flags": sorted(flags)}


def own_word(facts: dict[str, Any], as_of: date, flags: list[str]) -> tuple[str, bool]:
    """yes, no or nothing, and whether an approved N/A takes the criterion out."""
    own = facts.get("own")
    if own is None or own["answer"] == "unknown":
        return "nothing", False
    if (as_of - own["answered_on"]).days > 365:
        flags.append("answer_expired")
        return "nothing", False
    if own["answer"] != "na":
        return own["answer"], False
    if facts.get("na_allowed", False) and own.get("na_approved", False):
        return "nothing", True
    flags.append("na_pending" if facts.get("na_allowed", False) else "na_not_allowed")
    return "nothing", False


def machine_word(facts: dict[str, Any], as_of: date, flags: list[str]) -> tuple[str, bool]:
    """yes, no or unknown, and whether it is too old to decide."""
    auto = facts.get("auto")
    if auto is None or auto.get("mode", "decide") != "decide":
        return "unknown", False
    is_stale = auto["verdict"] != "unknown" and (as_of - auto["read_on"]).days > 7
    if is_stale:
        flags.append("signal_stale")
    return auto["verdict"], is_stale


def by_precedence(  # noqa: PLR0911 -- one return for each case of the table
    said: str, has_fresh: bool, machine: str, *, is_stale: bool, is_out: bool
) -> tuple[str, str, bool]:
    """Points 2 to 6 of `precedence` in the semantics block, in that order: status, support, disputed."""
    if is_out:
        return "na", "reviewed", False
    if machine == "yes" and not is_stale:
        return ("no", "claimed", True) if said == "no" else ("yes", "measured", False)
    if machine == "no" and not is_stale:
        if said != "yes":
            return "no", "measured", False
        return ("unknown", "none", True) if has_fresh else ("no", "measured", True)
    if machine == "no" and said == "yes":
        return "unknown", "none", True
    if said == "yes":
        return "yes", "evidenced" if has_fresh else "claimed", False
    if said == "no":
        return "no", "claimed", False
    return "unknown", "none", False


# ---- one capability ----


def capability(rows: list[tuple[int, str, str]]) -> dict[str, Any]:
    """The numbers from (level, status, support) of required criteria."""
    applicable = [row for row in rows if row[1] != "na"]
    if not applicable:
        return {
            "state": "not_applicable", "level": None, "verified": None, "potential": None, "ceiling": None,
            "complete": False, "score": None, "known": 0, "applicable": 0, "ahead": 0,
        }  # fmt: skip
    level = highest(applicable, is_yes)
    ceiling = max(row[0] for row in applicable)
    higher = [row[0] for row in applicable if row[0] > level]
    score, ahead = Fraction(level), 0
    if higher:
        following = min(higher)
        at_it = [row for row in applicable if row[0] == following]
        score += Fraction(len([row for row in at_it if is_yes(row)]), len(at_it))
        ahead = len([row for row in applicable if row[0] > following and is_yes(row)])
    known = len([row for row in applicable if row[1] in ("yes", "no")])
    return {
        "state": "assessed" if known > 0 else "unassessed",
        "level": level,
        "verified": highest(applicable, lambda row: is_yes(row) and row[2] in VERIFIES),
        "potential": highest(applicable, lambda row: row[1] in ("yes", "unknown")),
        "ceiling": ceiling,
        "complete": level == ceiling,
        "score": hundredths(score),
        "known": known,
        "applicable": len(applicable),
        "ahead": ahead,
    }


def is_yes(row: tuple[int, str, str]) -> bool:
    return row[1] == "yes"


def highest(applicable: list[tuple[int, str, str]], is_met) -> int:
    """The highest level with a criterion such that at it and at each such level below all of them are met; else 0."""
    for level in (4, 3, 2, 1):
        has_one = any(row[0] == level for row in applicable)
        if has_one and all(is_met(row) for row in applicable if row[0] <= level):
            return level
    return 0


def hundredths(value: Fraction) -> Fraction:
    """Two decimals, halves up."""
    whole, rest = divmod(value * 100, 1)
    return Fraction(whole + (1 if rest >= Fraction(1, 2) else 0), 100)


# ---- dimensions and team ----


def team(dimensions: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The team's numbers from capability results by dimension; overlays are not among them."""
    applying = {
        name: [c for c in capabilities if c["state"] != "not_applicable"]
        for name, capabilities in dimensions.items()
    }
    three: dict[str, dict[str, Any]] = {
        name: {number: dimension(capabilities, number) for number in ("verified", "level", "potential")}
        for name, capabilities in applying.items()
    }
    everything = [c for capabilities in applying.values() for c in capabilities]
    if not everything:
        return {
            "dimensions": three, "verified": None, "level": None, "potential": None, "strict_level": None,
            "score": None, "holding_back": [], "coverage": None, "provisional": False,
        }  # fmt: skip
    lowest = {
        number: min(one[number] for one in three.values() if one[number] is not None)
        for number in ("verified", "level", "potential")
    }
    known, applicable = sum(c["known"] for c in everything), sum(c["applicable"] for c in everything)
    means = [mean([trend(c) for c in capabilities]) for capabilities in applying.values() if capabilities]
    return {
        "dimensions": three,
        **lowest,
        "strict_level": min(rolled(c, "level") for c in everything),
        "score": hundredths(mean(means)),
        "holding_back": sorted(name for name, one in three.items() if one["level"] == lowest["level"]),
        "coverage": hundredths(Fraction(known, applicable)),
        "provisional": any(c["state"] == "unassessed" for c in everything) or known * 5 < applicable * 4,
    }


def dimension(capabilities: list[dict[str, Any]], number: str) -> int | None:
    values = [rolled(c, number) for c in capabilities]
    if not values:
        return None
    floor = max(whole for whole in range(5) if whole * len(values) <= sum(values))
    return min(floor, min(values) + 1)


def rolled(c: dict[str, Any], number: str) -> int:
    return 4 if c[number] == c["ceiling"] else c[number]


def trend(c: dict[str, Any]) -> Fraction:
    return Fraction(4) if c["complete"] else c["score"]


def mean(values: list[Fraction]) -> Fraction:
    return sum(values) / Fraction(len(values))


# ---- pooled views (RULINGS 5) ----


def pooled_views(
    places: list[dict[str, Any]], statuses: dict[str, dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Phases, Microsoft's columns and the team in Microsoft's view, from core criteria."""
    core = [p for p in places if not p["overlay"]]

    def score(chosen: list[dict[str, Any]]) -> dict[str, Any]:
        return capability(
            [
                (p["level"], statuses[p["id"]]["status"], statuses[p["id"]]["support"])
                for p in chosen
                if p["required"]
            ]
        )

    phases = {name: score([p for p in core if p["phase"] == name]) for name in {p["phase"] for p in places}}
    columns = {
        name: score([p for p in core if p["ms_column"] == name and p["basis"] in ("seed", "microsoft")])
        for name in {p["ms_column"] for p in core}
    }
    standing = [column for column in columns.values() if column["state"] != "not_applicable"]
    lowest = {
        number: min((column[number] for column in standing), default=None)
        for number in ("verified", "level", "potential")
    }
    return phases, columns, lowest


# ---- units and the organisation ----


def organisation(teams: list[dict[str, Any]], as_of: date) -> dict[str, Any]:
    """Distribution, and the highest level that four in five counted teams reach, where there are enough of them."""
    counted = [
        one
        for one in teams
        if one["level"] is not None
        and one["assessed_on"] is not None
        and (as_of - one["assessed_on"]).days <= 180
    ]
    reason = None
    if len(counted) < 3:
        reason = "too_few_teams"
    elif len(counted) * 2 < len(teams):
        reason = "coverage_too_low"
    level = None
    if reason is None:
        for wanted in (4, 3, 2, 1, 0):
            if len([one for one in counted if one["level"] >= wanted]) * 5 >= len(counted) * 4:
                level = wanted
                break
    return {
        "teams": len(teams),
        "counted": len(counted),
        "coverage": hundredths(Fraction(len(counted), len(teams))) if teams else Fraction(0),
        "distribution": {
            wanted: len([one for one in counted if one["level"] == wanted]) for wanted in range(5)
        },
        "provisional_teams": len([one for one in counted if one["provisional"]]),
        "level": level,
        "reason": reason,
    }
