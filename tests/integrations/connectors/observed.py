"""What must hold of whatever a connector collects, and the comparison with values worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from assessments.vocabulary import SIGNALS, Reason, SignalType, Unit
from integrations.connectors.base import Collected, Observation


def by_signal(collected: Collected) -> dict[str, Observation]:
    found = {observation.signal: observation for observation in collected.observations}
    assert len(found) == len(collected.observations)
    return found


def assert_sound(collected: Collected, signals: frozenset[str]) -> None:
    """One observation for each signal, in the vocabulary's words and bounds; facts that a database can keep."""
    found = by_signal(collected)
    assert set(found) == signals
    for observation in found.values():
        _assert_sound(observation)
    for fact in collected.facts:
        for moment in (fact.happened_at, fact.started_at, fact.finished_at):
            assert moment is None or 1970 <= moment.year <= 9000


def _assert_sound(one: Observation) -> None:
    signal = SIGNALS[one.signal]
    assert (one.value is None) == bool(one.reason), one
    assert one.bound in ("exact", "lower"), one
    if one.value is None:
        allowed = signal.reasons | ({Reason.INSUFFICIENT_SAMPLE} if signal.min_sample else set())
        assert Reason(one.reason) in allowed, one
        return
    assert isinstance(one.value, bool) is (signal.type is SignalType.BOOL), one
    assert math.isfinite(one.value), one
    assert 0 <= one.value <= (1 if signal.unit is Unit.SHARE else 2**53), one
    assert signal.unit is not Unit.COUNT or one.value == int(one.value), one


def assert_as_worked_out(collected: Collected, expected: Mapping[str, tuple[Any, ...]]) -> None:
    """`expected` has (value, reason, bound, numerator, denominator) for every signal that was collected."""
    got = {
        name: (one.value, one.reason, one.bound, one.numerator, one.denominator)
        for name, one in by_signal(collected).items()
    }
    wanted = {
        name: (pytest.approx(value) if isinstance(value, float) else value, *rest)
        for name, (value, *rest) in expected.items()
    }
    assert {name: got[name] for name in got if got[name] != wanted[name]} == {}
    assert set(got) == set(wanted)


def value(collected: Collected, signal: str) -> tuple[Any, str, str]:
    """What was observed of a signal, without its sample."""
    one = by_signal(collected)[signal]
    return one.value, one.reason, one.bound
