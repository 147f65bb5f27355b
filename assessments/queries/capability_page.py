"""Why: each criterion of a capability with its status, what carries it, the rule with what it saw, and the proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from assessments import rules
from assessments.catalog.schema import Capability, Criterion, MaturityModelFile
from assessments.models import CriterionStatus, MaturityModel, Score
from assessments.queries import catalog, words
from assessments.queries.changes import Move, newest_moves
from assessments.queries.explaining import Explanation, explain
from assessments.queries.facts import FactLine, chosen, facts_of
from assessments.queries.team_state import (
    UNTOUCHED,
    AnswerLine,
    EvidenceLine,
    StatusLine,
    VerdictLine,
    evidence_of,
    published_answers,
    status_line,
    statuses_of,
    verdicts_of,
)
from assessments.queries.why_changed import VerdictMove, standing_notes, verdict_moves
from teams.models import Team
from teams.queries.machines import Who, unnamed


@dataclass(frozen=True, slots=True)
class RuleWords:
    """The rule of a criterion in words. `is_deciding` False: a hint, which enters no number."""

    parts: tuple[tuple[str, str], ...]
    is_deciding: bool
    confidence: str
    note: str


@dataclass(frozen=True, slots=True)
class CriterionWhy:
    """Everything that stands behind one criterion of one team. `answers` newest first."""

    criterion: Criterion
    status: StatusLine
    answers: tuple[AnswerLine, ...]
    verdict: VerdictLine | None
    rule: RuleWords | None
    facts: tuple[FactLine, ...]
    evidence: tuple[EvidenceLine, ...]
    earlier: tuple[StatusLine, ...] = ()

    @property
    def answer(self) -> AnswerLine | None:
        return self.answers[0] if self.answers else None

    @property
    def dispute(self) -> str:
        """The disagreement in a sentence; empty where there is none."""
        if not self.status.is_disputed or self.answer is None or self.verdict is None:
            return ""
        return f"The team says {self.answer.value}; signals say {self.verdict.verdict}."


@dataclass(frozen=True, slots=True)
class SignalsWhy:
    """What signals say of a criterion, explained; how that changed, newest first; and what stands in the way of it now."""

    explanation: Explanation | None
    moves: tuple[VerdictMove, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelWhy:
    """One level of a capability: `is_reached`, and the criteria that it asks for."""

    level: int
    name: str
    text: str
    is_reached: bool
    is_at: bool
    is_next: bool
    criteria: tuple[CriterionWhy, ...]

    @property
    def yes(self) -> int:
        return sum(line.status.status == "yes" for line in self.criteria)

    @property
    def applicable(self) -> int:
        return sum(line.status.status != "na" for line in self.criteria)


@dataclass(frozen=True, slots=True)
class CapabilityPage:
    capability: Capability
    dimension: str
    score: Score | None
    levels: tuple[LevelWhy, ...]
    moves: tuple[Move, ...]
    previous: Capability | None
    following: Capability | None


def capability_page(
    team: Team,
    maturity_model: MaturityModel,
    capability: Capability,
    as_of: date,
    *,
    who: Who = unnamed,
) -> CapabilityPage:
    """The page of one capability of one team, with who acted as `who` words it. Seven queries, one more when it moved."""
    model = catalog.model_file(maturity_model)
    score = Score.objects.filter(
        team=team, capability=catalog.rows(maturity_model).capabilities[capability.id]
    ).first()
    lines = criteria_why(team, maturity_model, capability.criteria, as_of, who=who)
    level = score.level if score is not None else None
    following = min(
        (c.level for c in capability.criteria if level is not None and c.level > level), default=None
    )
    place = next(i for i, c in enumerate(model.capabilities) if c.id == capability.id)
    return CapabilityPage(
        capability=capability,
        dimension=next(d.name for d in model.dimensions if d.id == capability.dimension),
        score=score,
        levels=tuple(
            LevelWhy(
                level=descriptor.level,
                name=model.levels[descriptor.level].name,
                text=descriptor.text,
                is_reached=level is not None and descriptor.level <= level,
                is_at=descriptor.level == level,
                is_next=descriptor.level == following,
                criteria=tuple(line for line in lines if line.criterion.level == descriptor.level),
            )
            for descriptor in capability.descriptors
        ),
        moves=newest_moves(team, maturity_model, capability=capability.id, limit=5, who=who),
        previous=model.capabilities[place - 1] if place else None,
        following=model.capabilities[place + 1] if place + 1 < len(model.capabilities) else None,
    )


def criteria_why(
    team: Team,
    maturity_model: MaturityModel,
    criteria: Iterable[Criterion],
    as_of: date,
    *,
    who: Who = unnamed,
) -> tuple[CriterionWhy, ...]:
    """These criteria with all that stands behind them. Five queries."""
    criteria = tuple(criteria)
    ids = catalog.rows(maturity_model).criteria
    wanted = [ids[criterion.id] for criterion in criteria]
    signals = {signal for criterion in criteria for signal in signals_of(criterion)}
    statuses = statuses_of(team, maturity_model, wanted, who=who)
    answers = published_answers(team, maturity_model, wanted)
    verdicts = verdicts_of(team, maturity_model, as_of, wanted)
    evidence = evidence_of(team, wanted, as_of)
    facts = facts_of(team, as_of, signals)
    return tuple(
        CriterionWhy(
            criterion=criterion,
            status=statuses.get(ids[criterion.id], UNTOUCHED),
            answers=answers.get(ids[criterion.id], ()),
            verdict=verdicts.get(ids[criterion.id]),
            rule=rule_of(criterion),
            facts=chosen(facts, signals_of(criterion)),
            evidence=evidence.get(ids[criterion.id], ()),
        )
        for criterion in criteria
    )


def criterion_why(
    team: Team, maturity_model: MaturityModel, criterion: Criterion, as_of: date, *, who: Who = unnamed
) -> CriterionWhy:
    """One criterion with how it stood before, newest first. Six queries."""
    (line,) = criteria_why(team, maturity_model, [criterion], as_of, who=who)
    earlier = tuple(
        status_line(row, who)
        for row in CriterionStatus.objects.filter(
            team=team, criterion=catalog.rows(maturity_model).criteria[criterion.id]
        ).order_by("-since_at", "-pk")[:20]
    )
    return CriterionWhy(
        line.criterion,
        line.status,
        line.answers,
        line.verdict,
        line.rule,
        line.facts,
        line.evidence,
        earlier,
    )


def signals_why(
    team: Team, maturity_model: MaturityModel, line: CriterionWhy, as_of: date, *, who: Who = unnamed
) -> SignalsWhy | None:
    """None for a criterion without a rule. Two queries."""
    auto, verdict = line.criterion.auto, line.verdict
    if auto is None:
        return None
    return SignalsWhy(
        explanation=(
            None
            if verdict is None
            else explain(auto.rule, verdict.because, verdict.verdict, is_deciding=verdict.is_deciding)
        ),
        moves=verdict_moves(team, catalog.rows(maturity_model).criteria[line.criterion.id], who=who),
        notes=standing_notes(
            team,
            signals_of(line.criterion),
            as_of,
            pending=verdict.pending if verdict is not None else "",
            pending_since=verdict.pending_since if verdict is not None else None,
        ),
    )


def signals_of(criterion: Criterion) -> tuple[str, ...]:
    """The signals that the criterion's rule reads; none without a rule."""
    return rules.signals_of(criterion.auto.rule) if criterion.auto is not None else ()


def rule_of(criterion: Criterion) -> RuleWords | None:
    if criterion.auto is None:
        return None
    return RuleWords(
        parts=words.rule_words(criterion.auto.rule),
        is_deciding=criterion.auto.mode == "decide",
        confidence=words.CONFIDENCE_WORDS.get(criterion.auto.confidence, criterion.auto.confidence),
        note=criterion.auto.note,
    )


def find_capability(model: MaturityModelFile, slug: str) -> Capability | None:
    return next((c for c in model.capabilities if c.id == slug), None)


def find_criterion(model: MaturityModelFile, slug: str) -> Criterion | None:
    return next((c for c in model.criteria() if c.id == slug), None)
