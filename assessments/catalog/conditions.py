"""Rules as they stand in a catalogue file, read into `assessments.rules`. A closed, typed set of operators: nothing runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from assessments import rules
from assessments.vocabulary import SIGNALS, SignalType

# The shipped file nests two deep; a rule that needs more is not understood by people either.
DEEPEST = 5


def parse_rule(raw: Mapping[str, Any]) -> rules.Rule:
    """The rule of an `auto:` block; raises ValueError that names what is wrong."""
    return rules.Rule(
        guard=_optional(raw.get("guard"), "guard"),
        yes_if=_optional(raw.get("yes_if"), "yes_if"),
        no_if=_optional(raw.get("no_if"), "no_if"),
    )


def _optional(raw: Any, path: str) -> rules.Condition | None:
    return None if raw is None else _condition(raw, path, 1)


def _condition(raw: Any, path: str, depth: int) -> rules.Condition:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{path}: a condition is a mapping, not {type(raw).__name__}")
    if depth > DEEPEST:
        raise ValueError(f"{path}: conditions nest at most {DEEPEST} deep")
    if set(raw) == {"all"}:
        return rules.All(_parts(raw["all"], f"{path}.all", depth))
    if set(raw) == {"any"}:
        return rules.Any(_parts(raw["any"], f"{path}.any", depth))
    if set(raw) != {"signal", "op", "value"}:
        raise ValueError(
            f"{path}: a condition has signal, op and value, or all, or any; this has {sorted(raw, key=str)}"
        )
    return _comparison(raw["signal"], raw["op"], raw["value"], path)


def _parts(raw: Any, path: str, depth: int) -> tuple[rules.Condition, ...]:
    # "All of nothing" holds always, and would confirm a criterion that nobody looked at.
    if not isinstance(raw, list) or not raw:
        raise ValueError(f"{path}: needs a list of at least one condition")
    return tuple(_condition(part, f"{path}[{i}]", depth + 1) for i, part in enumerate(raw))


def _comparison(signal: Any, op: Any, value: Any, path: str) -> rules.Comparison:
    if not isinstance(signal, str):
        raise ValueError(f"{path}.signal: expected a text, found {type(signal).__name__}")
    if not isinstance(op, str) or op not in rules.OPERATORS:
        raise ValueError(f"{path}: unknown operator {op!r}; known: {', '.join(rules.OPERATORS)}")
    # (An int is finite, and too large a one for a float is still one.)
    if not isinstance(value, bool | int | float) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{path}.value: expected a number, true or false, found {value!r}")
    known = SIGNALS.get(signal)
    # An unknown signal is named by who asked for the rule, with its path.
    if known is not None and (known.type is SignalType.BOOL) is not isinstance(value, bool):
        wanted = "true or false" if known.type is SignalType.BOOL else "a number"
        raise ValueError(f"{path}.value: {signal} is {wanted}, not {value!r}")
    if isinstance(value, bool) and op not in ("is", "=="):
        raise ValueError(f"{path}: {signal} is true or false; ask with `is`, not {op!r}")
    return rules.Comparison(signal, op, value)
