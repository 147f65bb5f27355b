"""What a team can do next: for each capability the unmet criteria of its next level, nearest first. Pure but for its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assessments.catalog.schema import Capability, Criterion, MaturityModelFile
from assessments.queries.team_state import UNTOUCHED, StatusLine
from assessments.standing import Plan

# What is known to be missing comes before what has to be found out first.
_ORDER = {"measured": 0, "reviewed": 1, "claimed": 2, "evidenced": 2, "none": 3}


@dataclass(frozen=True, slots=True)
class OpenCriterion:
    """One criterion between a capability and its next level. `is_known`: a no, not merely an open question."""

    id: str
    text: str
    status: StatusLine
    is_known: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    """A capability's way to its next level: `to_go` criteria, what is known to be missing first. How much work it is, is unknown."""

    capability: str
    name: str
    dimension: str
    from_level: int
    to_level: int
    criteria: tuple[OpenCriterion, ...]
    is_holding_back: bool

    @property
    def to_go(self) -> int:
        return len(self.criteria)

    @property
    def known_missing(self) -> int:
        return sum(one.is_known for one in self.criteria)


def next_steps(
    model: MaturityModelFile,
    plan: Plan,
    statuses: Mapping[str, StatusLine],
    levels: Mapping[str, int | None],
    holding_back: frozenset[str],
) -> tuple[NextStep, ...]:
    """One step for each core capability below its ceiling.

    First the capabilities that hold the team back (lowest dimensions, lowest level), then by criteria to go: that is the
    nearest gain. Ties keep the order of the maturity model.
    """
    core = {name for name, _ in plan.capabilities}
    steps = [
        step
        for capability in model.capabilities
        if capability.id in core
        and (step := _step(capability, statuses, levels.get(capability.id), holding_back)) is not None
    ]
    return tuple(sorted(steps, key=lambda s: (not s.is_holding_back, s.from_level, s.to_go)))


def _step(
    capability: Capability,
    statuses: Mapping[str, StatusLine],
    level: int | None,
    holding_back: frozenset[str],
) -> NextStep | None:
    if level is None:
        return None  # nothing applies
    rungs: dict[int, list[Criterion]] = {}
    for criterion in capability.criteria:
        if criterion.required and statuses.get(criterion.id, UNTOUCHED).status != "na":
            rungs.setdefault(criterion.level, []).append(criterion)
    above = sorted(rung for rung in rungs if rung > level)
    if not above:
        return None
    unmet = [_open(c, statuses.get(c.id, UNTOUCHED)) for c in rungs[above[0]]]
    unmet = [one for one in unmet if one.status.status != "yes"]
    return NextStep(
        capability=capability.id,
        name=capability.name,
        dimension=capability.dimension,
        from_level=level,
        to_level=above[0],
        criteria=tuple(sorted(unmet, key=lambda one: (not one.is_known, _ORDER[one.status.support]))),
        is_holding_back=capability.dimension in holding_back,
    )


def _open(criterion: Criterion, status: StatusLine) -> OpenCriterion:
    return OpenCriterion(criterion.id, criterion.text, status, is_known=status.status == "no")
