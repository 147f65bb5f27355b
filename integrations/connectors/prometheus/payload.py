"""Prometheus' JSON into what the signals need, and nothing else. Pure.

Values are text. NaN, Inf and anything else that is no number raise SourceError(BAD_PAYLOAD): none of them is a zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.connectors.http import Failure, SourceError

Row = Mapping[str, Any]
Labels = Mapping[str, str]

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DURATION = re.compile(r"([0-9]{1,6})(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
# No moment of a window lies beyond; a time stamp of garbage must not leave the calendar.
_LATEST = 4_102_444_800.0
# Nobody has more of anything; beyond 2**53 a number is not even whole any more.
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class Sample:
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """`points` are (seconds since 1970, value), oldest first."""

    labels: Labels
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting or recording rule. `health`: ok or err as it was last evaluated, unknown before that."""

    name: str
    query: str
    is_alerting: bool
    health: str
    labels: Labels


def vector(data: Any) -> list[Sample]:
    """The answer to an instant query. Raises SourceError(BAD_PAYLOAD) for anything but a vector of numbers."""
    found = []
    for row in _result(data, "vector"):
        _, value = _point(row.get("value"))
        found.append(Sample(_labels(row), value))
    return found


def one_number(samples: Sequence[Sample]) -> float | None:
    """The one value of an aggregation, None for no series at all. Raises SourceError(BAD_PAYLOAD) for more, or for less than 0."""
    if len(samples) > 1 or any(sample.value < 0 for sample in samples):
        raise bad_shape()
    return samples[0].value if samples else None


def whole(samples: Sequence[Sample]) -> int:
    """The number of a count, 0 for no series at all. Raises SourceError(BAD_PAYLOAD) for anything else."""
    number = one_number(samples) or 0.0
    if number != int(number) or number > _MOST:
        raise bad_shape()
    return int(number)


def matrix(data: Any) -> list[Series]:
    """The answer to a range query. Raises SourceError(BAD_PAYLOAD)."""
    found = []
    for row in _result(data, "matrix"):
        points = row.get("values")
        if not isinstance(points, list) or not points:
            raise bad_shape()
        found.append(Series(_labels(row), tuple(sorted(map(_point, points)))))
    return found


def rules(data: Any) -> list[Rule]:
    """All rules of all groups. Raises SourceError(BAD_PAYLOAD)."""
    groups = data.get("groups") if isinstance(data, dict) else None
    return [_rule(row) for group in _rows(groups) for row in _rows(group.get("rules"))]


def series(data: Any) -> list[Labels]:
    """The label sets of /series. Raises SourceError(BAD_PAYLOAD)."""
    found = [_texts(row) for row in _rows(data)]
    if not all(found):
        raise bad_shape()
    return found


def names(data: Any) -> list[str]:
    """A list of names or label values. Raises SourceError(BAD_PAYLOAD)."""
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise bad_shape()
    return data


def retention(data: Any) -> timedelta | None:
    """How far back the server keeps data, as /status/runtimeinfo says it; None where it says no time (by size, elsewhere)."""
    said = data.get("storageRetention") if isinstance(data, dict) else None
    first = said.partition(" or ")[0].strip() if isinstance(said, str) else ""
    parts = _DURATION.findall(first)
    if not parts or "".join(number + unit for number, unit in parts) != first:
        return None
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    return timedelta(seconds=min(seconds, _LATEST)) if seconds > 0 else None


def bad_shape() -> SourceError:
    return SourceError(
        Failure.BAD_PAYLOAD,
        "The answer is not Prometheus'; nothing was taken from it. Check the address of the connection.",
    )


def _result(data: Any, kind: str) -> list[Row]:
    if not isinstance(data, dict) or data.get("resultType") != kind:
        raise bad_shape()
    return _rows(data.get("result"))


def _point(given: Any) -> tuple[float, float]:
    if not isinstance(given, list) or len(given) != 2:
        raise bad_shape()
    at, text = given
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at <= _LATEST:
        raise bad_shape()
    if not isinstance(text, str) or len(text) > 60:
        raise bad_shape()
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise SourceError(
            Failure.BAD_PAYLOAD,
            f"Prometheus gives {text[:10]!r} where a number was asked for; nothing was taken from it.",
        )
    return float(at), float(text)


def _rule(row: Row) -> Rule:
    kind, name = row.get("type"), row.get("name")
    if kind not in {"alerting", "recording"} or not isinstance(name, str) or not name:
        raise bad_shape()
    query, labels = row.get("query"), row.get("labels")
    return Rule(
        name=name,
        query=query if isinstance(query, str) else "",
        is_alerting=kind == "alerting",
        health=str(row.get("health")),
        labels=_texts(labels) if isinstance(labels, dict) else {},
    )


def _labels(row: Row) -> Labels:
    found = row.get("metric")
    if not isinstance(found, dict):
        raise bad_shape()
    return _texts(found)


def _texts(row: Row) -> Labels:
    if not all(isinstance(value, str) for value in row.values()):
        raise bad_shape()
    return dict(row)


def _rows(given: Any) -> list[Row]:
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise bad_shape()
    return given
