"""Where one team stands against one maturity model: statuses in, every number out. Pure.

The one function that pages, API, publication, collection and the demo all score with, so that no two views can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from assessments import scoring
from assessments.catalog.schema import MaturityModelFile
from assessments.lapse import valid_until as lapses_after
from assessments.scoring import CapabilityResult, CriterionInput, CriterionResult, Flag, LeveledStatus, Three

NO_INPUT = CriterionInput()
UNTOUCHED = CriterionResult(scoring.Status.UNKNOWN, scoring.Support.NONE)
# Criteria that the Microsoft view may count: those that its text or the seed document states.
MICROSOFT_BASES = frozenset({"seed", "microsoft"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a criterion stands in its maturity model."""

    id: str
    capability: str
    level: int
    phase: str
    ms_column: str
    is_required: bool
    basis: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The shape of a maturity model as scoring needs it, everything in the order of the file."""

    places: tuple[Place, ...]
    dimensions: tuple[str, ...]
    phases: tuple[str, ...]
    ms_columns: tuple[str, ...]
    # Capabilities of the roll-up with their dimension; overlays apart.
    capabilities: tuple[tuple[str, str], ...]
    overlays: tuple[str, ...]


def plan_of(model: MaturityModelFile) -> Plan:
    """The plan of a maturity model."""
    core = tuple((c.id, c.dimension) for c in model.capabilities if c.in_rollup)
    return Plan(
        places=tuple(
            Place(
                criterion.id,
                capability.id,
                criterion.level,
                criterion.phase,
                capability.ms_column,
                is_required=criterion.required,
                basis=criterion.basis,
            )
            for capability in model.capabilities
            for criterion in capability.criteria
        ),
        dimensions=tuple(d.id for d in model.dimensions),
        phases=tuple(p.id for p in model.phases),
        ms_columns=tuple(dict.fromkeys(c.ms_column for c in model.capabilities if c.in_rollup)),
        capabilities=core,
        overlays=tuple(c.id for c in model.capabilities if not c.in_rollup),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """All numbers of one team on one day. `valid_until`: the last day on which they stand by time alone."""

    as_of: date
    statuses: Mapping[str, CriterionResult]
    capabilities: Mapping[str, CapabilityResult]
    disputed: frozenset[str]
    stale: frozenset[str]
    team: scoring.TeamResult
    phases: Mapping[str, CapabilityResult]
    ms_columns: Mapping[str, CapabilityResult]
    ms_level: Three
    valid_until: date | None
    capability_valid_until: Mapping[str, date | None]


def stand(plan: Plan, inputs: Mapping[str, CriterionInput], as_of: date) -> Standing:
    """The standing of a team of which `inputs` is known, by criterion id; what is missing is unknown."""
    statuses = {
        place.id: scoring.score_criterion(inputs[place.id], as_of) if place.id in inputs else UNTOUCHED
        for place in plan.places
    }
    lapses: dict[str, date | None] = {}
    for place in plan.places:
        if place.id in inputs:
            lapses[place.capability] = _sooner(
                lapses.get(place.capability), lapses_after(inputs[place.id], as_of)
            )
    capabilities = {
        name: scoring.score_capability(_leveled(plan, statuses, capability=name))
        for name in (*(c for c, _ in plan.capabilities), *plan.overlays)
    }
    dimensions: dict[str, dict[str, CapabilityResult]] = {name: {} for name in plan.dimensions}
    for name, dimension in plan.capabilities:
        dimensions[dimension][name] = capabilities[name]
    columns = {
        column: scoring.score_capability(_pooled(plan, statuses, ms_column=column))
        for column in plan.ms_columns
    }
    flagged = {
        flag: frozenset(p.capability for p in plan.places if flag in statuses[p.id].flags)
        for flag in (Flag.DISPUTED, Flag.SIGNAL_STALE)
    }
    valid_until: date | None = None
    for lapse in lapses.values():
        valid_until = _sooner(valid_until, lapse)
    return Standing(
        as_of=as_of,
        statuses=statuses,
        capabilities=capabilities,
        disputed=flagged[Flag.DISPUTED],
        stale=flagged[Flag.SIGNAL_STALE],
        team=scoring.score_team(dimensions),
        phases={
            phase: scoring.score_capability(_pooled(plan, statuses, phase=phase)) for phase in plan.phases
        },
        ms_columns=columns,
        ms_level=_lowest(columns.values()),
        valid_until=valid_until,
        capability_valid_until=lapses,
    )


def _leveled(plan: Plan, statuses: Mapping[str, CriterionResult], *, capability: str) -> list[LeveledStatus]:
    return [
        LeveledStatus(p.level, statuses[p.id].status, statuses[p.id].support)
        for p in plan.places
        if p.capability == capability and p.is_required
    ]


def _pooled(
    plan: Plan,
    statuses: Mapping[str, CriterionResult],
    *,
    phase: str | None = None,
    ms_column: str | None = None,
) -> list[LeveledStatus]:
    """Core criteria of a phase or of a Microsoft column, scored as one capability (RULINGS 5)."""
    core = {name for name, _ in plan.capabilities}
    return [
        LeveledStatus(p.level, statuses[p.id].status, statuses[p.id].support)
        for p in plan.places
        if p.capability in core
        and p.is_required
        and (phase is None or p.phase == phase)
        and (ms_column is None or (p.ms_column == ms_column and p.basis in MICROSOFT_BASES))
    ]


def _lowest(columns: Iterable[CapabilityResult]) -> Three:
    applicable = [c for c in columns if c.level is not None]
    if not applicable:
        return scoring.NO_NUMBERS
    return Three(
        min(c.verified for c in applicable if c.verified is not None),
        min(c.level for c in applicable if c.level is not None),
        min(c.potential for c in applicable if c.potential is not None),
    )


def _sooner(first: date | None, second: date | None) -> date | None:
    if first is None or second is None:
        return first or second
    return min(first, second)
