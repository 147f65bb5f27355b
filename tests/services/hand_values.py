"""Rows of the proof tables: a signal, its value worked out by hand, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from integrations.connectors.base import Collected


@dataclass(frozen=True)
class Expected:
    """A signal's value by hand in one scenario, or the exact reason for none. `why` is how it was worked out."""

    signal: str
    scenario: str
    value: Any
    why: str
    reason: str = ""
    bound: str = "exact"
    parts: tuple[float, float] | None = None


def assert_as_worked_out(row: Expected, collected: Collected) -> None:
    found = next(one for one in collected.observations if one.signal == row.signal)
    value = pytest.approx(row.value) if isinstance(row.value, float) else row.value
    assert (found.value, found.reason, found.bound) == (value, row.reason, row.bound), (row.why, found.detail)
    # True == 1: a truth is no number.
    assert isinstance(found.value, bool) is isinstance(row.value, bool)
    if row.parts is not None:
        assert (found.numerator, found.denominator) == row.parts
