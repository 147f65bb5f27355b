"""An open assessment: what is left, and the ladder of one capability with everything that helps to answer it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from assessments.catalog.schema import Capability, Criterion
from assessments.models import Answer, Assessment
from assessments.queries import catalog
from assessments.queries.capability_page import RuleWords, rule_of, signals_of
from assessments.queries.facts import FactLine, chosen, facts_of
from assessments.queries.inputs import draft_inputs
from assessments.queries.team_state import (
    AnswerLine,
    EvidenceLine,
    VerdictLine,
    answer_line,
    evidence_of,
    published_answers,
    verdicts_of,
)
from assessments.scoring import CapabilityResult, CriterionResult, Flag
from assessments.standing import Standing, stand


@dataclass(frozen=True, slots=True)
class CapabilityProgress:
    id: str
    name: str
    answered: int
    total: int

    @property
    def state(self) -> str:
        """done, doing or todo, as task lists say it."""
        return "done" if self.answered == self.total else "doing" if self.answered else "todo"


@dataclass(frozen=True, slots=True)
class DimensionProgress:
    id: str
    name: str
    capabilities: tuple[CapabilityProgress, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an assessment is. Overlays are listed and not counted: they are extra."""

    dimensions: tuple[DimensionProgress, ...]
    overlays: tuple[CapabilityProgress, ...]
    answered: int
    total: int
    first_open: str

    @property
    def capabilities(self) -> tuple[CapabilityProgress, ...]:
        return tuple(c for d in self.dimensions for c in d.capabilities)

    @property
    def finished(self) -> int:
        return sum(c.state == "done" for c in self.capabilities)


@dataclass(frozen=True, slots=True)
class AskLine:
    """One criterion to answer. `previous` is the last published answer: it stands until another one is published."""

    criterion: Criterion
    answer: AnswerLine | None
    previous: AnswerLine | None
    na_allowed: bool
    na_flags: tuple[str, ...]
    verdict: VerdictLine | None
    rule: RuleWords | None
    facts: tuple[FactLine, ...]
    evidence: tuple[EvidenceLine, ...]
    result: CriterionResult

    @property
    def key(self) -> str:
        """The id in names of fields and elements: no dot, which selectors would read as a class."""
        return key_of(self.criterion.id)

    @property
    def value(self) -> str:
        return self.answer.value if self.answer is not None else ""

    @property
    def confirmable(self) -> str:
        """What was said last time and can be said again with one button. A new "does not apply" needs its reason."""
        said = self.previous.value if self.previous is not None and self.answer is None else ""
        return "" if said == Answer.Value.NA else said

    @property
    def dispute(self) -> str:
        """What publication would open, in a sentence; empty where own word and signals agree."""
        if Flag.DISPUTED not in self.result.flags or self.verdict is None:
            return ""
        outcome = {"yes": "counts as yes", "no": "counts as no", "unknown": "stays open until it is settled"}
        return (
            f"You say {self.value}, signals say {self.verdict.verdict}. "
            f"When this is published it is disputed and {outcome[self.result.status]}."
        )

    @property
    def measured(self) -> str:
        """A fresh measured yes or no that can be taken over: nothing was answered, or "we do not know"."""
        if self.verdict is None or self.verdict.is_stale or not self.verdict.speaks:
            return ""
        return self.verdict.verdict if self.value in {"", "unknown"} else ""


@dataclass(frozen=True, slots=True)
class RungLine:
    """One level of the ladder. `yes` of `total` criteria are met as the draft stands."""

    level: int
    name: str
    text: str
    is_met: bool
    is_at: bool
    is_next: bool
    yes: int
    total: int
    asks: tuple[AskLine, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """The numbers of a capability as they would be if the draft were published now; never stored."""

    result: CapabilityResult
    yes_by_level: Mapping[int, tuple[int, int]]
    disputes: int


@dataclass(frozen=True, slots=True)
class LadderPage:
    capability: Capability
    dimension: str
    position: int
    count: int
    rungs: tuple[RungLine, ...]
    preview: Preview
    progress: Progress
    previous: Capability | None
    following: Capability | None
    facts: tuple[FactLine, ...]


def key_of(criterion: str) -> str:
    """A criterion's id without its dot, for the names of form fields. No two share one: ids hold no hyphen."""
    return criterion.replace(".", "-")


def open_assessment(team_slug: str) -> Assessment | None:
    """The draft or the one in review, with its team, unit and maturity model."""
    return (
        Assessment.objects.select_related("team__unit", "maturity_model")
        .defer("maturity_model__content")
        .filter(team__slug=team_slug, team__archived_at__isnull=True, maturity_model__is_active=True)
        .filter(status__lt=Assessment.Status.PUBLISHED)
        .first()
    )


def progress(assessment: Assessment) -> Progress:
    """How many criteria of each capability have an answer. One query."""
    answered = assessment.answers.values_list("criterion_id", flat=True)
    return _progress(assessment, set(answered))


def _progress(assessment: Assessment, answered: set[int]) -> Progress:
    model = catalog.model_file(assessment.maturity_model)
    slugs = catalog.rows(assessment.maturity_model).slugs
    counts = Counter(slugs[pk].partition(".")[0] for pk in answered)
    lines = {
        c.id: CapabilityProgress(c.id, c.name, counts[c.id], len(c.criteria)) for c in model.capabilities
    }
    core = [c for c in model.capabilities if c.in_rollup]
    unfinished = (c.id for c in core if lines[c.id].state != "done")
    return Progress(
        dimensions=tuple(
            DimensionProgress(d.id, d.name, tuple(lines[c.id] for c in core if c.dimension == d.id))
            for d in model.dimensions
        ),
        overlays=tuple(lines[c.id] for c in model.capabilities if not c.in_rollup),
        answered=sum(lines[c.id].answered for c in core),
        total=sum(lines[c.id].total for c in core),
        first_open=next(unfinished, ""),
    )


def draft_standing(assessment: Assessment, as_of: date) -> Standing:
    """Every number as it would be if the assessment were published on `as_of`; never stored."""
    return stand(catalog.plan(assessment.maturity_model), draft_inputs(assessment), as_of)


def preview(assessment: Assessment, capability: Capability, as_of: date) -> Preview:
    """The numbers of one capability as the draft stands."""
    return _preview(draft_standing(assessment, as_of), capability)


def _preview(standing: Standing, capability: Capability) -> Preview:
    by_level: dict[int, tuple[int, int]] = {}
    for criterion in capability.criteria:
        yes, total = by_level.get(criterion.level, (0, 0))
        status = standing.statuses[criterion.id].status
        by_level[criterion.level] = (yes + (status == "yes"), total + (status != "na"))
    return Preview(
        result=standing.capabilities[capability.id],
        yes_by_level=by_level,
        disputes=sum(Flag.DISPUTED in standing.statuses[c.id].flags for c in capability.criteria),
    )


def ladder_page(assessment: Assessment, capability: Capability, as_of: date) -> LadderPage:
    """The ladder of one capability in a fixed number of queries."""
    model = catalog.model_file(assessment.maturity_model)
    answers = {
        answer.criterion_id: answer
        for answer in Answer.objects.filter(assessment=assessment).select_related("answered_by")
    }
    standing = draft_standing(assessment, as_of)
    shown = _preview(standing, capability)
    asks = _asks(assessment, capability, answers, standing, as_of)
    level = shown.result.level
    following = min(
        (c.level for c in capability.criteria if level is not None and c.level > level), default=None
    )
    place = [c.id for c in model.capabilities].index(capability.id)
    return LadderPage(
        capability=capability,
        dimension=next(d.name for d in model.dimensions if d.id == capability.dimension),
        position=place + 1,
        count=len(model.capabilities),
        rungs=tuple(
            RungLine(
                level=descriptor.level,
                name=model.levels[descriptor.level].name,
                text=descriptor.text,
                is_met=level is not None and descriptor.level <= level,
                is_at=descriptor.level == level,
                is_next=descriptor.level == following,
                yes=shown.yes_by_level.get(descriptor.level, (0, 0))[0],
                total=shown.yes_by_level.get(descriptor.level, (0, 0))[1],
                asks=tuple(ask for ask in asks if ask.criterion.level == descriptor.level),
            )
            for descriptor in capability.descriptors
        ),
        preview=shown,
        progress=_progress(assessment, set(answers)),
        previous=model.capabilities[place - 1] if place else None,
        following=model.capabilities[place + 1] if place + 1 < len(model.capabilities) else None,
        facts=tuple(dict.fromkeys(fact for ask in asks for fact in ask.facts)),
    )


def _asks(
    assessment: Assessment,
    capability: Capability,
    answers: Mapping[int, Answer],
    standing: Standing,
    as_of: date,
) -> tuple[AskLine, ...]:
    team, maturity_model = assessment.team, assessment.maturity_model
    ids = catalog.rows(maturity_model).criteria
    wanted = [ids[c.id] for c in capability.criteria]
    published = published_answers(team, maturity_model, wanted)
    verdicts = verdicts_of(team, maturity_model, as_of, wanted)
    evidence = evidence_of(team, wanted, as_of)
    facts = facts_of(team, as_of, {s for c in capability.criteria for s in signals_of(c)})
    meanings = {flag.id: flag.meaning for flag in catalog.model_file(maturity_model).profile_flags}
    lines = []
    for criterion in capability.criteria:
        pk = ids[criterion.id]
        answer = answers.get(pk)
        lines.append(
            AskLine(
                criterion=criterion,
                answer=answer_line(answer) if answer is not None else None,
                previous=next(iter(published.get(pk, ())), None),
                na_allowed=bool(set(criterion.na_when).intersection(team.flags)),
                na_flags=tuple(meanings[flag] for flag in criterion.na_when),
                verdict=verdicts.get(pk),
                rule=rule_of(criterion),
                facts=chosen(facts, signals_of(criterion)),
                evidence=evidence.get(pk, ()),
                result=standing.statuses[criterion.id],
            )
        )
    return tuple(lines)
