"""Where one team stands against one maturity model: statuses in, every number out. Pure.

The one function that pages, API, publication, collection and the demo all score with, so that no two views can disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date

from assessments import scoring
from assessments.catalog.schema import MaturityModelFile
from assessments.lapse import valid_until as lapses_after
from assessments.scoring import CapabilityResult, CriterionInput, CriterionResult, Flag, LeveledStatus, Three

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
    # Required criteria that are scored as one. Phases and columns take core criteria (RULINGS 5).
    in_capability: Mapping[str, tuple[Place, ...]]
    in_phase: Mapping[str, tuple[Place, ...]]
    in_ms_column: Mapping[str, tuple[Place, ...]]


def plan_of(model: MaturityModelFile) -> Plan:
    """The plan of a maturity model."""
    core = tuple((c.id, c.dimension) for c in model.capabilities if c.in_rollup)
    places = tuple(
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
    )
    return plan_from(
        places=places,
        dimensions=tuple(d.id for d in model.dimensions),
        phases=tuple(p.id for p in model.phases),
        ms_columns=tuple(dict.fromkeys(c.ms_column for c in model.capabilities if c.in_rollup)),
        capabilities=core,
        overlays=tuple(c.id for c in model.capabilities if not c.in_rollup),
    )


def plan_from(
    *,
    places: tuple[Place, ...],
    dimensions: tuple[str, ...],
    phases: tuple[str, ...],
    ms_columns: tuple[str, ...],
    capabilities: tuple[tuple[str, str], ...],
    overlays: tuple[str, ...],
) -> Plan:
    """The plan of these places, grouped as scoring reads them."""
    required = [place for place in places if place.is_required]
    pooled = [place for place in required if place.capability in dict(capabilities)]
    microsoft = [place for place in pooled if place.basis in MICROSOFT_BASES]
    names = (*(name for name, _ in capabilities), *overlays)
    return Plan(
        places=places,
        dimensions=dimensions,
        phases=phases,
        ms_columns=ms_columns,
        capabilities=capabilities,
        overlays=overlays,
        in_capability=_grouped(required, names, lambda p: p.capability),
        in_phase=_grouped(pooled, phases, lambda p: p.phase),
        in_ms_column=_grouped(microsoft, ms_columns, lambda p: p.ms_column),
    )


def _grouped(
    places: Iterable[Place], names: Iterable[str], name_of: Callable[[Place], str]
) -> dict[str, tuple[Place, ...]]:
    groups: dict[str, list[Place]] = {name: [] for name in names}
    for place in places:
        groups[name_of(place)].append(place)
    return {name: tuple(group) for name, group in groups.items()}


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
    return Scorer(plan).stand(inputs, as_of)


@dataclass(frozen=True, slots=True)
class _Known:
    """What came of `facts` on the day `since`, and still does on `until` (None: for good)."""

    facts: CriterionInput
    result: CriterionResult
    since: date
    until: date | None

    def holds(self, facts: CriterionInput, as_of: date) -> bool:
        return self.facts is facts and self.since <= as_of and (self.until is None or as_of <= self.until)


class Scorer:
    """Scores one team day after day. What neither changed nor lapsed since the last call is not worked out again."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[str, _Known] = {}
        self._last: Standing | None = None

    def stand(self, inputs: Mapping[str, CriterionInput], as_of: date) -> Standing:
        """The standing on that day. The same CriterionInput object stands for the same facts."""
        plan, last = self._plan, self._last
        statuses, lapses = self._statuses(inputs, as_of)
        changed = {
            place.id for place in plan.places if last is None or last.statuses[place.id] != statuses[place.id]
        }
        capabilities = _score_groups(
            plan.in_capability, statuses, changed, last.capabilities if last else None
        )
        columns = _score_groups(plan.in_ms_column, statuses, changed, last.ms_columns if last else None)
        flagged = {
            flag: frozenset(p.capability for p in plan.places if flag in statuses[p.id].flags)
            for flag in (Flag.DISPUTED, Flag.SIGNAL_STALE)
        }
        standing = Standing(
            as_of=as_of,
            statuses=statuses,
            capabilities=capabilities,
            disputed=flagged[Flag.DISPUTED],
            stale=flagged[Flag.SIGNAL_STALE],
            team=last.team if last is not None and not changed else _team(plan, capabilities),
            phases=_score_groups(plan.in_phase, statuses, changed, last.phases if last else None),
            ms_columns=columns,
            ms_level=_lowest(columns.values()),
            valid_until=min((day for day in lapses.values() if day is not None), default=None),
            capability_valid_until=lapses,
        )
        self._last = standing
        return standing

    def _statuses(
        self, inputs: Mapping[str, CriterionInput], as_of: date
    ) -> tuple[dict[str, CriterionResult], dict[str, date | None]]:
        """Every criterion's outcome, and by capability the last day before something lapses."""
        statuses: dict[str, CriterionResult] = {}
        lapses: dict[str, date | None] = {}
        for place in self._plan.places:
            facts = inputs.get(place.id)
            if facts is None:
                statuses[place.id] = UNTOUCHED
                continue
            known = self._known.get(place.id)
            if known is None or not known.holds(facts, as_of):
                result = scoring.score_criterion(facts, as_of)
                known = self._known[place.id] = _Known(facts, result, as_of, lapses_after(facts, as_of))
            statuses[place.id] = known.result
            lapses[place.capability] = _sooner(lapses.get(place.capability), known.until)
        return statuses, lapses


def _score_groups(
    groups: Mapping[str, tuple[Place, ...]],
    statuses: Mapping[str, CriterionResult],
    changed: Set[str],
    before: Mapping[str, CapabilityResult] | None,
) -> dict[str, CapabilityResult]:
    return {
        name: (
            before[name]
            if before is not None and not any(place.id in changed for place in group)
            else scoring.score_capability(
                LeveledStatus(place.level, statuses[place.id].status, statuses[place.id].support)
                for place in group
            )
        )
        for name, group in groups.items()
    }


def _team(plan: Plan, capabilities: Mapping[str, CapabilityResult]) -> scoring.TeamResult:
    dimensions: dict[str, dict[str, CapabilityResult]] = {name: {} for name in plan.dimensions}
    for name, dimension in plan.capabilities:
        dimensions[dimension][name] = capabilities[name]
    return scoring.score_team(dimensions)


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
