"""Before an assessment is sent: what is open, what nothing proves, what will be disputed, and what changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from assessments.catalog.schema import Criterion
from assessments.models import Assessment
from assessments.queries import catalog, words
from assessments.queries.assessment_page import Progress, draft_standing, progress
from assessments.queries.inputs import published_inputs
from assessments.queries.team_state import published_answers, verdicts_of
from assessments.scoring import CapabilityResult, CapabilityState, Flag, Status, Support, TeamResult, Three
from assessments.standing import Standing, stand

# Evidence is asked for from this level on; below it a claim is enough.
EVIDENCE_FROM_LEVEL = 2


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """Criteria of one capability that share a question (unanswered, unproven ...)."""

    capability: str
    name: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class DisputeLine:
    criterion: Criterion
    says: str


@dataclass(frozen=True, slots=True)
class NumberChange:
    """Three numbers before and after; `before` in words is empty when there is no published result."""

    name: str
    before: str
    after: str
    direction: int


@dataclass(frozen=True, slots=True)
class AnswerChange:
    criterion: Criterion
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CheckPage:
    progress: Progress
    unanswered: tuple[OpenGroup, ...]
    unknown: tuple[OpenGroup, ...]
    unproven: tuple[OpenGroup, ...]
    not_applicable: tuple[OpenGroup, ...]
    disputes: tuple[DisputeLine, ...]
    team: NumberChange
    changes: tuple[NumberChange, ...]
    answers: tuple[AnswerChange, ...]
    kept: int
    is_first: bool

    @property
    def unanswered_count(self) -> int:
        return sum(len(group.criteria) for group in self.unanswered)

    @property
    def unproven_count(self) -> int:
        return sum(len(group.criteria) for group in self.unproven)


def check_page(assessment: Assessment, as_of: date) -> CheckPage:
    """Everything to look at before sending, in a fixed number of queries."""
    team, maturity_model = assessment.team, assessment.maturity_model
    model = catalog.model_file(maturity_model)
    rows = catalog.rows(maturity_model)
    own = {rows.slugs[pk]: value for pk, value in assessment.answers.values_list("criterion_id", "value")}
    published = published_inputs(maturity_model, [team])[team.pk]
    before = stand(catalog.plan(maturity_model), published.criteria, as_of)
    after = draft_standing(assessment, as_of)
    said = {
        rows.slugs[pk]: lines[0].value
        for pk, lines in published_answers(team, maturity_model, list(rows.slugs)).items()
    }
    says = {rows.slugs[pk]: line.verdict for pk, line in verdicts_of(team, maturity_model, as_of).items()}
    core = [c for capability in model.capabilities if capability.in_rollup for c in capability.criteria]
    is_first = published.published_at is None
    return CheckPage(
        progress=progress(assessment),
        unanswered=_groups(assessment, (c for c in core if c.id not in own and c.id not in said)),
        unknown=_groups(assessment, (c for c in core if own.get(c.id) == Status.UNKNOWN)),
        unproven=_groups(assessment, (c for c in core if _is_unproven(c, after))),
        not_applicable=_groups(assessment, (c for c in core if own.get(c.id) == Status.NA)),
        disputes=tuple(
            DisputeLine(c, f"You say {own[c.id]}; signals say {says[c.id]}.")
            for c in core
            if c.id in own and c.id in says and Flag.DISPUTED in after.statuses[c.id].flags
        ),
        team=_change("Team", _three(before.team), _three(after.team), is_first=is_first),
        changes=_changes(assessment, before, after, is_first=is_first),
        answers=tuple(
            AnswerChange(c, words.ANSWER_WORDS[said.get(c.id, "")], words.ANSWER_WORDS[own[c.id]])
            for c in core
            if not is_first and c.id in own and own[c.id] != said.get(c.id, "")
        ),
        kept=sum(c.id not in own and c.id in said for c in core),
        is_first=is_first,
    )


def _is_unproven(criterion: Criterion, after: Standing) -> bool:
    result = after.statuses[criterion.id]
    return (
        criterion.level >= EVIDENCE_FROM_LEVEL
        and result.status is Status.YES
        and result.support is Support.CLAIMED
    )


def _groups(assessment: Assessment, criteria: Iterable[Criterion]) -> tuple[OpenGroup, ...]:
    by_capability: dict[str, list[Criterion]] = {}
    for criterion in criteria:
        by_capability.setdefault(criterion.id.partition(".")[0], []).append(criterion)
    names = {c.id: c.name for c in catalog.model_file(assessment.maturity_model).capabilities}
    return tuple(OpenGroup(slug, names[slug], tuple(found)) for slug, found in by_capability.items())


def _changes(
    assessment: Assessment, before: Standing, after: Standing, *, is_first: bool
) -> tuple[NumberChange, ...]:
    model = catalog.model_file(assessment.maturity_model)
    return tuple(
        change
        for capability in model.capabilities
        if after.capabilities[capability.id].state is not CapabilityState.UNASSESSED
        or before.capabilities[capability.id].state is not CapabilityState.UNASSESSED
        if (
            change := _change(
                capability.name,
                _three(before.capabilities[capability.id]),
                _three(after.capabilities[capability.id]),
                is_first=is_first,
            )
        ).before
        != change.after
    )


def _three(result: CapabilityResult | TeamResult) -> Three:
    return Three(result.verified, result.level, result.potential)


def _change(name: str, before: Three, after: Three, *, is_first: bool) -> NumberChange:
    moved = (after.level or 0) - (before.level or 0)
    return NumberChange(
        name=name,
        before="" if is_first else words.three_words(before.verified, before.level, before.potential),
        after=words.three_words(after.verified, after.level, after.potential),
        direction=0 if is_first else moved,
    )
