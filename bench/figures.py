"""Budgets and what became of them. A deterministic figure gates; a ratio gates at twice its budget (RULINGS 17)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

TOLERATED = 2.0


class Kind(StrEnum):
    """What a miss means: EXACT and EQUAL fail the run, RATIO does at twice the budget, TIME never does."""

    EXACT = "exact"
    RATIO = "ratio"
    TIME = "time"
    EQUAL = "equal data"


@dataclass(frozen=True, slots=True)
class Budget:
    """One line of PERFORMANCE. `at_most` False: the figure has to reach the limit."""

    row: str
    what: str
    kind: Kind
    limit: float
    unit: str = "x"
    at_most: bool = True

    def holds(self, value: float, times: float = 1.0) -> bool:
        """Whether the value keeps the budget, or `times` the budget."""
        return value <= self.limit * times if self.at_most else value >= self.limit / times

    @property
    def words(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.limit:g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Figure:
    """A budget with its value, or with the reason why it has none."""

    budget: Budget
    value: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "pass" if self.budget.holds(self.value) else "FAIL"

    @property
    def stops(self) -> bool:
        """Whether this figure makes the run fail."""
        if self.value is None or self.budget.kind is Kind.TIME:
            return False
        times = TOLERATED if self.budget.kind is Kind.RATIO else 1.0
        return not self.budget.holds(self.value, times)


def exact(row: str, what: str, limit: float, unit: str = "") -> Budget:
    return Budget(row, what, Kind.EXACT, limit, unit)


def ratio(row: str, what: str, limit: float, unit: str = "x", *, at_most: bool = True) -> Budget:
    return Budget(row, what, Kind.RATIO, limit, unit, at_most)


def seconds(row: str, what: str, limit: float) -> Budget:
    return Budget(row, what, Kind.TIME, limit, "s")


def equal(row: str, what: str, differences: str) -> Figure:
    """Floor and portal gave the same data; `differences` says where not."""
    return Figure(
        Budget(row, f"equal data: {what}", Kind.EQUAL, 0, "differences"),
        float(bool(differences)),
        differences,
    )


def exit_code(figures: Iterable[Figure]) -> int:
    """1 when a figure stops the run, else 0."""
    return int(any(figure.stops for figure in figures))


def table(figures: Iterable[Figure]) -> Iterator[str]:
    """Lines to print, in the order of PERFORMANCE."""
    rows = [
        (
            figure.budget.row,
            figure.budget.what,
            figure.budget.words,
            "-" if figure.value is None else f"{figure.value:.3g} {figure.budget.unit}".strip(),
            figure.verdict + (" (stops the run)" if figure.stops else ""),
            figure.note,
        )
        for figure in sorted(figures, key=lambda figure: int(figure.budget.row[1:]))
    ]
    head = ("id", "what", "budget", "measured", "verdict", "note")
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(5)]
    for row in (head, tuple("-" * width for width in (*widths, 4)), *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[5])).rstrip()
