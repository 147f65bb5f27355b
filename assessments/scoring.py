"""Scoring: from answers and verdicts to levels. Pure: no Django, no clock, no socket.

Source of every rule here: spec SCORING.md section 2 with RULINGS 4 and 5; worked examples are
`tests/assessments/scoring_cases.yaml`. Three numbers everywhere: verified <= level <= potential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

TOP_LEVEL = 4
ANSWER_VALID_DAYS = 365
SIGNAL_VALID_DAYS = 7
OVERRIDE_MAX_DAYS = 180
ASSESSED_WITHIN_DAYS = 180
PROVISIONAL_BELOW = Fraction(4, 5)
ORG_SHARE = Fraction(4, 5)
ORG_MIN_TEAMS = 3
ORG_MIN_COVERAGE = Fraction(1, 2)


class Status(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NA = "na"


class Support(StrEnum):
    MEASURED = "measured"
    REVIEWED = "reviewed"
    EVIDENCED = "evidenced"
    CLAIMED = "claimed"
    NONE = "none"


class Flag(StrEnum):
    DISPUTED = "disputed"
    SIGNAL_STALE = "signal_stale"
    ANSWER_EXPIRED = "answer_expired"
    EVIDENCE_EXPIRED = "evidence_expired"
    NA_NOT_ALLOWED = "na_not_allowed"
    NA_PENDING = "na_pending"
    OVERRIDDEN = "overridden"
    OVERRIDE_EXPIRED = "override_expired"


class CapabilityState(StrEnum):
    ASSESSED = "assessed"
    UNASSESSED = "unassessed"
    NOT_APPLICABLE = "not_applicable"


class OrgReason(StrEnum):
    """Why an organisation (or unit) shows no level."""

    TOO_FEW_TEAMS = "too_few_teams"
    COVERAGE_TOO_LOW = "coverage_too_low"


# What lifts the verified number: everything but the team's bare word.
VERIFYING = frozenset({Support.MEASURED, Support.REVIEWED, Support.EVIDENCED})


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What a team says of a criterion; `answer` yes, no, unknown or na."""

    answer: Status
    answered_on: date
    na_approved: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """One piece of evidence; valid through its last day `valid_until`."""

    valid_until: date
    is_rejected: bool = False


@dataclass(frozen=True, slots=True)
class AutoVerdict:
    """What rules conclude; `read_on` is the oldest reading that the verdict rests on."""

    verdict: Status
    read_on: date
    is_deciding: bool = True


@dataclass(frozen=True, slots=True)
class OverrideFact:
    """A reviewer's decision, valid through `expires_on`."""

    answer: Status
    expires_on: date


@dataclass(frozen=True, slots=True)
class CriterionInput:
    """Everything known of one criterion of one team."""

    na_allowed: bool = False
    own: OwnAnswer | None = None
    evidence: tuple[EvidenceFact, ...] = ()
    auto: AutoVerdict | None = None
    override: OverrideFact | None = None


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """Status and support of one criterion; flags sorted by name."""

    status: Status
    support: Support
    flags: tuple[Flag, ...] = ()


def score_criterion(facts: CriterionInput, as_of: date) -> CriterionResult:
    """Status, support and flags of a criterion on the day `as_of` (SCORING 2.1; RULINGS 4)."""
    flags: set[Flag] = set()
    if facts.own is not None and facts.own.answer is Status.NA and facts.na_allowed and facts.own.na_approved:
        base = _approved_na(facts, as_of, flags)
    else:
        base = _weigh(facts, as_of, flags)
    status, support = base
    if facts.override is not None:
        if as_of <= facts.override.expires_on:
            flags.add(Flag.OVERRIDDEN)
            status, support = facts.override.answer, Support.REVIEWED
        else:
            flags.add(Flag.OVERRIDE_EXPIRED)
    return CriterionResult(status, support, tuple(sorted(flags)))


def _approved_na(facts: CriterionInput, as_of: date, flags: set[Flag]) -> tuple[Status, Support]:
    """An approved N/A takes the criterion out while the answer is fresh; it raises no dispute."""
    if _own_answer(facts, as_of, flags) is None and Flag.ANSWER_EXPIRED in flags:
        return _weigh(facts, as_of, flags)
    if _stale(facts.auto, as_of):
        flags.add(Flag.SIGNAL_STALE)
    _fresh_evidence(facts, as_of, flags)
    return Status.NA, Support.REVIEWED


def _weigh(facts: CriterionInput, as_of: date, flags: set[Flag]) -> tuple[Status, Support]:
    own = _own_answer(facts, as_of, flags)
    has_evidence = _fresh_evidence(facts, as_of, flags)
    auto = facts.auto if facts.auto is not None and facts.auto.is_deciding else None
    verdict = auto.verdict if auto is not None else Status.UNKNOWN
    if _stale(auto, as_of):
        flags.add(Flag.SIGNAL_STALE)
        return _weigh_stale(own, verdict, has_evidence=has_evidence, flags=flags)
    if verdict is Status.YES:
        if own is Status.NO:
            flags.add(Flag.DISPUTED)
            return Status.NO, Support.CLAIMED
        return Status.YES, Support.MEASURED
    if verdict is Status.NO:
        if own is Status.YES:
            flags.add(Flag.DISPUTED)
            if has_evidence:
                return Status.UNKNOWN, Support.NONE
        return Status.NO, Support.MEASURED
    return _own_word(own, has_evidence=has_evidence)


def _weigh_stale(
    own: Status | None, verdict: Status, *, has_evidence: bool, flags: set[Flag]
) -> tuple[Status, Support]:
    # Losing a source raises nothing: a no that went stale keeps an own yes in dispute (C11, C23).
    if verdict is Status.NO and own is Status.YES:
        flags.add(Flag.DISPUTED)
        return Status.UNKNOWN, Support.NONE
    return _own_word(own, has_evidence=has_evidence)


def _own_word(own: Status | None, *, has_evidence: bool) -> tuple[Status, Support]:
    if own is Status.YES:
        return Status.YES, Support.EVIDENCED if has_evidence else Support.CLAIMED
    if own is Status.NO:
        return Status.NO, Support.CLAIMED
    return Status.UNKNOWN, Support.NONE


def _own_answer(facts: CriterionInput, as_of: date, flags: set[Flag]) -> Status | None:
    """The own yes or no that still stands; None for unknown, lapsed, or an N/A that does not count."""
    own = facts.own
    if own is None or own.answer is Status.UNKNOWN:
        return None
    if as_of - own.answered_on > timedelta(days=ANSWER_VALID_DAYS):
        flags.add(Flag.ANSWER_EXPIRED)
        return None
    if own.answer is not Status.NA:
        return own.answer
    if not facts.na_allowed:
        flags.add(Flag.NA_NOT_ALLOWED)
    elif not own.na_approved:
        flags.add(Flag.NA_PENDING)
    return None


def _fresh_evidence(facts: CriterionInput, as_of: date, flags: set[Flag]) -> bool:
    standing = [piece for piece in facts.evidence if not piece.is_rejected]
    is_fresh = any(as_of <= piece.valid_until for piece in standing)
    if standing and not is_fresh:
        flags.add(Flag.EVIDENCE_EXPIRED)
    return is_fresh


def _stale(auto: AutoVerdict | None, as_of: date) -> bool:
    """Whether a deciding yes or no has lapsed. Hints and unknown verdicts never go stale."""
    return (
        auto is not None
        and auto.is_deciding
        and auto.verdict in (Status.YES, Status.NO)
        and as_of - auto.read_on > timedelta(days=SIGNAL_VALID_DAYS)
    )


@dataclass(frozen=True, slots=True)
class LeveledStatus:
    """A required criterion's outcome together with the level it stands at (1 to 4)."""

    level: int
    status: Status
    support: Support


@dataclass(frozen=True, slots=True)
class CapabilityResult:
    """The numbers of one capability; all numbers but the counts are None when nothing applies."""

    state: CapabilityState
    level: int | None
    verified: int | None
    potential: int | None
    ceiling: int | None
    complete: bool
    score: Decimal | None
    known: int
    applicable: int
    ahead: int


NOTHING_APPLIES = CapabilityResult(
    CapabilityState.NOT_APPLICABLE,
    None,
    None,
    None,
    None,
    complete=False,
    score=None,
    known=0,
    applicable=0,
    ahead=0,
)


def score_capability(criteria: Iterable[LeveledStatus]) -> CapabilityResult:
    """Staged level of a capability from its required criteria (SCORING 2.3), in any order."""
    rungs: dict[int, list[LeveledStatus]] = {}
    for criterion in criteria:
        if criterion.status is not Status.NA:
            rungs.setdefault(criterion.level, []).append(criterion)
    if not rungs:
        return NOTHING_APPLIES
    applicable = [criterion for rung in rungs.values() for criterion in rung]
    known = sum(criterion.status is not Status.UNKNOWN for criterion in applicable)
    level = _climb(rungs, lambda c: c.status is Status.YES)
    above = [rung for rung in sorted(rungs) if rung > level]
    score = Fraction(level)
    ahead = 0
    if above:
        following = rungs[above[0]]
        score += Fraction(sum(c.status is Status.YES for c in following), len(following))
        ahead = sum(c.status is Status.YES for rung in above[1:] for c in rungs[rung])
    return CapabilityResult(
        state=CapabilityState.ASSESSED if known else CapabilityState.UNASSESSED,
        level=level,
        verified=_climb(rungs, lambda c: c.status is Status.YES and c.support in VERIFYING),
        potential=_climb(rungs, lambda c: c.status in (Status.YES, Status.UNKNOWN)),
        ceiling=max(rungs),
        complete=level == max(rungs),
        score=two_decimals(score),
        known=known,
        applicable=len(applicable),
        ahead=ahead,
    )


def _climb(rungs: Mapping[int, Sequence[LeveledStatus]], is_met: Callable[[LeveledStatus], bool]) -> int:
    reached = 0
    for level in sorted(rungs):
        if not all(is_met(criterion) for criterion in rungs[level]):
            break
        reached = level
    return reached


def two_decimals(value: Fraction) -> Decimal:
    """`value` with two decimals, halves up (RULINGS 4)."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Three:
    """verified <= level <= potential; all None when nothing applies."""

    verified: int | None
    level: int | None
    potential: int | None


@dataclass(frozen=True, slots=True)
class TeamResult:
    """The numbers of a team; `coverage` and `score` have two decimals, dimensions keep their given order."""

    dimensions: Mapping[str, Three]
    verified: int | None
    level: int | None
    potential: int | None
    strict_level: int | None
    score: Decimal | None
    holding_back: tuple[str, ...]
    coverage: Decimal | None
    provisional: bool


NO_NUMBERS = Three(None, None, None)


def rollup(value: int, ceiling: int) -> int:
    """The value of a capability in roll-ups: at its ceiling nothing more applies, so it counts as 4."""
    return TOP_LEVEL if value >= ceiling else value


def score_team(dimensions: Mapping[str, Mapping[str, CapabilityResult]]) -> TeamResult:
    """Dimension and team numbers from capabilities by dimension, overlays left out by the caller (SCORING 2.4, 2.5)."""
    counted = {
        name: [
            result for result in capabilities.values() if result.state is not CapabilityState.NOT_APPLICABLE
        ]
        for name, capabilities in dimensions.items()
    }
    numbers = {name: _dimension(results) for name, results in counted.items()}
    everything = [result for results in counted.values() for result in results]
    if not everything:
        return TeamResult(numbers, None, None, None, None, None, (), None, provisional=False)
    known = sum(result.known for result in everything)
    applicable = sum(result.applicable for result in everything)
    level = _lowest(three.level for three in numbers.values())
    unassessed = any(result.state is CapabilityState.UNASSESSED for result in everything)
    return TeamResult(
        dimensions=numbers,
        verified=_lowest(three.verified for three in numbers.values()),
        level=level,
        potential=_lowest(three.potential for three in numbers.values()),
        strict_level=min(rollup(_given(r.level), _given(r.ceiling)) for r in everything),
        score=two_decimals(
            _mean([_mean([_trend(r) for r in results]) for results in counted.values() if results])
        ),
        holding_back=tuple(sorted(name for name, three in numbers.items() if three.level == level)),
        coverage=two_decimals(Fraction(known, applicable)),
        provisional=unassessed or Fraction(known, applicable) < PROVISIONAL_BELOW,
    )


def _dimension(results: Sequence[CapabilityResult]) -> Three:
    if not results:
        return NO_NUMBERS

    def carried(values: Iterable[int | None]) -> int:
        rolled = [rollup(_given(v), _given(r.ceiling)) for v, r in zip(values, results, strict=True)]
        # One weak capability is carried by one level, never more.
        return min(sum(rolled) // len(rolled), min(rolled) + 1)

    return Three(
        verified=carried(r.verified for r in results),
        level=carried(r.level for r in results),
        potential=carried(r.potential for r in results),
    )


def _trend(result: CapabilityResult) -> Fraction:
    if _given(result.level) >= _given(result.ceiling):
        return Fraction(TOP_LEVEL)
    assert result.score is not None
    return Fraction(result.score)


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _lowest(values: Iterable[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _given(value: int | None) -> int:
    assert value is not None, "only capabilities that apply have numbers"
    return value


@dataclass(frozen=True, slots=True)
class TeamStanding:
    """A team as its unit sees it: level None when never assessed."""

    level: int | None
    assessed_on: date | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class OrgResult:
    """Distribution over levels 0 to 4 of the counted teams, and one level where the rule allows one."""

    teams: int
    counted: int
    coverage: Decimal
    provisional_teams: int
    level: int | None
    reason: OrgReason | None
    distribution: Mapping[int, int] = field(default_factory=dict)


def score_org(standings: Iterable[TeamStanding], as_of: date) -> OrgResult:
    """The organisation rule (SCORING 2.6), also for units: teams that are missing are missing, never zero."""
    standings = list(standings)
    counted = [s for s in standings if s.level is not None and _recent(s.assessed_on, as_of)]
    coverage = Fraction(len(counted), len(standings)) if standings else Fraction(0)
    reason = None
    if len(counted) < ORG_MIN_TEAMS:
        reason = OrgReason.TOO_FEW_TEAMS
    elif coverage < ORG_MIN_COVERAGE:
        reason = OrgReason.COVERAGE_TOO_LOW
    levels = [_given(s.level) for s in counted]
    return OrgResult(
        teams=len(standings),
        counted=len(counted),
        coverage=two_decimals(coverage),
        provisional_teams=sum(s.provisional for s in counted),
        level=None if reason else _reached_by_most(levels),
        reason=reason,
        distribution={level: levels.count(level) for level in range(TOP_LEVEL + 1)},
    )


def _recent(assessed_on: date | None, as_of: date) -> bool:
    return assessed_on is not None and as_of - assessed_on <= timedelta(days=ASSESSED_WITHIN_DAYS)


def _reached_by_most(levels: Sequence[int]) -> int:
    return max(
        level
        for level in range(TOP_LEVEL + 1)
        if Fraction(sum(own >= level for own in levels), len(levels)) >= ORG_SHARE
    )
