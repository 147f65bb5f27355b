"""What scoring needs to know of teams, read for many at once in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from assessments.models import Answer, Assessment, Evidence, MaturityModel, Verdict
from assessments.queries import catalog
from assessments.scoring import AutoVerdict, CriterionInput, EvidenceFact, OwnAnswer, Status
from teams.models import Team


@dataclass(slots=True)
class TeamInputs:
    """Inputs by criterion id, with the newest publication behind them (None: only signals speak)."""

    criteria: dict[str, CriterionInput] = field(default_factory=dict)
    published_at: datetime | None = None
    is_reviewed: bool = False


def na_allowed_criteria(maturity_model: MaturityModel, flags: Iterable[str]) -> frozenset[str]:
    """Criteria for which this profile allows "does not apply" (RULINGS 9)."""
    flagged = frozenset(flags)
    return frozenset(
        c.id for c in catalog.model_file(maturity_model).criteria() if flagged.intersection(c.na_when)
    )


def published_inputs(maturity_model: MaturityModel, teams: Iterable[Team]) -> dict[int, TeamInputs]:
    """By team id: the newest published answer of each criterion, the evidence that stood then, today's verdicts."""
    teams = list(teams)
    ids = [team.pk for team in teams]
    inputs: dict[int, TeamInputs] = {team.pk: TeamInputs() for team in teams}
    for team_id, published_at, is_reviewed in (
        Assessment.objects.filter(
            team__in=ids, maturity_model=maturity_model, status__gte=Assessment.Status.PUBLISHED
        )
        .order_by("published_at", "pk")
        .values_list("team_id", "published_at", "is_reviewed")
    ):
        inputs[team_id].published_at = published_at
        inputs[team_id].is_reviewed = is_reviewed
    answers: dict[tuple[int, int], tuple[str, date]] = {
        (team_id, criterion_id): (value, answered_at.date())
        for team_id, criterion_id, value, answered_at in Answer.objects.filter(
            assessment__team__in=ids,
            assessment__maturity_model=maturity_model,
            assessment__status__gte=Assessment.Status.PUBLISHED,
        )
        .order_by("assessment__published_at", "assessment_id")
        .values_list("assessment__team_id", "criterion_id", "value", "answered_at")
    }
    evidence = _evidence(ids, maturity_model, before={pk: one.published_at for pk, one in inputs.items()})
    verdicts = _verdicts(ids, maturity_model)
    slugs = catalog.rows(maturity_model).slugs
    for team in teams:
        allowed = na_allowed_criteria(maturity_model, team.flags)
        for criterion_id, slug in slugs.items():
            key = (team.pk, criterion_id)
            if key in answers or key in evidence or key in verdicts:
                inputs[team.pk].criteria[slug] = _input(
                    answers.get(key), evidence.get(key, ()), verdicts.get(key), na_allowed=slug in allowed
                )
    return inputs


def draft_inputs(assessment: Assessment) -> dict[str, CriterionInput]:
    """What scoring would see if the assessment were published now: its answers over the published ones. Never stored."""
    team = assessment.team
    maturity_model = assessment.maturity_model
    published = published_inputs(maturity_model, [team])[team.pk].criteria
    answers = {
        criterion_id: (value, answered_at.date())
        for criterion_id, value, answered_at in assessment.answers.values_list(
            "criterion_id", "value", "answered_at"
        )
    }
    evidence = _evidence([team.pk], maturity_model, before=None)
    verdicts = _verdicts([team.pk], maturity_model)
    allowed = na_allowed_criteria(maturity_model, team.flags)
    drafted: dict[str, CriterionInput] = {}
    for criterion_id, slug in catalog.rows(maturity_model).slugs.items():
        key = (team.pk, criterion_id)
        own = published[slug].own if slug in published else None
        if criterion_id in answers or own is not None or key in evidence or key in verdicts:
            fresh = _input(
                answers.get(criterion_id),
                evidence.get(key, ()),
                verdicts.get(key),
                na_allowed=slug in allowed,
            )
            drafted[slug] = fresh if fresh.own is not None else _with_own(fresh, own)
    return drafted


def _input(
    answer: tuple[str, date] | None,
    evidence: Iterable[EvidenceFact],
    verdict: AutoVerdict | None,
    *,
    na_allowed: bool,
) -> CriterionInput:
    return CriterionInput(
        na_allowed=na_allowed,
        # Review is off until an organisation switches it on: the lead's word counts (RULINGS 9).
        own=None if answer is None else OwnAnswer(Status(answer[0]), answer[1], na_approved=True),
        evidence=tuple(evidence),
        auto=verdict,
    )


def _with_own(given: CriterionInput, own: OwnAnswer | None) -> CriterionInput:
    return CriterionInput(na_allowed=given.na_allowed, own=own, evidence=given.evidence, auto=given.auto)


def _evidence(
    ids: list[int], maturity_model: MaturityModel, *, before: Mapping[int, datetime | None] | None
) -> dict[tuple[int, int], list[EvidenceFact]]:
    """Evidence by (team id, criterion id), but what is gone; with `before`, only what was there at the last publication."""
    found: dict[tuple[int, int], list[EvidenceFact]] = defaultdict(list)
    for team_id, criterion_id, valid_until, status, added_at in (
        Evidence.objects.filter(
            team__in=ids,
            removed_at__isnull=True,
            gone_at__isnull=True,
            criteria__capability__maturity_model=maturity_model,
        )
        .order_by("pk")
        .values_list("team_id", "criteria", "valid_until", "status", "added_at")
    ):
        limit = before[team_id] if before is not None else None
        if before is None or (limit is not None and added_at <= limit):
            found[team_id, criterion_id].append(
                EvidenceFact(valid_until, is_rejected=status == Evidence.Status.REJECTED)
            )
    return found


def _verdicts(ids: list[int], maturity_model: MaturityModel) -> dict[tuple[int, int], AutoVerdict]:
    return {
        (team_id, criterion_id): AutoVerdict(Status(verdict), read_on, is_deciding=is_deciding)
        for team_id, criterion_id, verdict, read_on, is_deciding in Verdict.objects.filter(
            team__in=ids, criterion__capability__maturity_model=maturity_model
        ).values_list("team_id", "criterion_id", "verdict", "read_on", "is_deciding")
    }
