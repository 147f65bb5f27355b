"""Rules as they stand in a catalogue file, read into `assessments.rules`. A closed, typed set of operators: nothing runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assessments import rules


def parse_rule(raw: Mapping[str, Any]) -> rules.Rule:
    """The rule of an `auto:` block; raises ValueError that names what is wrong."""
    return rules.Rule(
        guard=_optional(raw.get("guard"), "guard"),
        yes_if=_optional(raw.get("yes_if"), "yes_if"),
        no_if=_optional(raw.get("no_if"), "no_if"),
    )


def _optional(raw: Any, path: str) -> rules.Condition | None:
    return None if raw is None else _condition(raw, path)


def _condition(raw: Any, path: str) -> rules.Condition:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{path}: a condition is a mapping, not {type(raw).__name__}")
    if set(raw) == {"all"}:
        return rules.All(tuple(_condition(part, f"{path}.all[{i}]") for i, part in enumerate(raw["all"])))
    if set(raw) == {"any"}:
        return rules.Any(tuple(_condition(part, f"{path}.any[{i}]") for i, part in enumerate(raw["any"])))
    if set(raw) != {"signal", "op", "value"}:
        raise ValueError(
            f"{path}: a condition has signal, op and value, or all, or any; this has {sorted(raw)}"
        )
    if raw["op"] not in rules.OPERATORS:
        raise ValueError(f"{path}: unknown operator {raw['op']!r}; known: {', '.join(rules.OPERATORS)}")
    return rules.Comparison(raw["signal"], raw["op"], raw["value"])
