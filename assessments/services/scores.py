"""Score teams and keep what came out: current numbers, history on change, since when and by what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Manager

from assessments.models import CriterionStatus, MaturityModel, Score, ScoreHistory, TeamScore, TeamWeek
from assessments.queries import catalog
from assessments.queries.inputs import TeamInputs, published_inputs
from assessments.scoring import CriterionResult
from assessments.services import score_rows
from assessments.standing import UNTOUCHED, Plan, Standing, stand
from teams.models import Team

SCORE_FIELDS = (
    "state",
    "verified",
    "level",
    "potential",
    "ceiling",
    "score",
    "is_complete",
    "known",
    "applicable",
    "ahead",
    "has_dispute",
    "has_stale",
    "valid_until",
)
# What history tells. A capability that merely stands for a day longer has no new chapter.
HISTORY_FIELDS = ("state", "verified", "level", "potential", "score", "known", "applicable")
TEAM_SCORE_FIELDS = (
    "verified",
    "level",
    "potential",
    "strict_level",
    "score",
    "coverage",
    "is_provisional",
    "is_reviewed",
    "assessed_on",
    "cells",
    "rollups",
    "valid_until",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a rescoring was for; it is kept with every status that it changes."""

    at: datetime
    cause: CriterionStatus.Cause
    by_name: str = ""


def rescore_teams(
    *, teams: Iterable[Team], at: datetime, cause: CriterionStatus.Cause, by_name: str = ""
) -> None:
    """Score these teams against the active maturity model, in one transaction. Rows that stay equal are not written."""
    maturity_model = catalog.active_model()
    if maturity_model is None:
        return
    with transaction.atomic():
        # The team's row guards its scores: two rescorings of one team wait for each other.
        locked = list(
            Team.objects.select_for_update().filter(pk__in=[team.pk for team in teams]).order_by("pk")
        )
        inputs = published_inputs(maturity_model, locked)
        plan = catalog.plan(maturity_model)
        standings = {
            pk: stand(plan, given.criteria, at.date())
            for pk, given in inputs.items()
            if given.criteria or given.published_at is not None
        }
        _write(maturity_model, plan, standings, inputs, Change(at, cause, by_name))


def rescore_lapsed(*, at: datetime, limit: int = 200) -> int:
    """Score teams whose numbers stood only until yesterday; how many there were, at most `limit`."""
    lapsed = list(
        Team.objects.filter(
            team_scores__valid_until__lt=at.date(), team_scores__maturity_model__is_active=True
        )
        .order_by("team_scores__valid_until", "pk")
        .distinct()[:limit]
    )
    if lapsed:
        rescore_teams(teams=lapsed, at=at, cause=CriterionStatus.Cause.TIME)
    return len(lapsed)


def _write(
    maturity_model: MaturityModel,
    plan: Plan,
    standings: Mapping[int, Standing],
    inputs: Mapping[int, TeamInputs],
    change: Change,
) -> None:
    _write_statuses(maturity_model, standings, change)
    _write_scores(maturity_model, standings, change)
    _write_team_scores(maturity_model, plan, standings, inputs, change)


def _write_statuses(maturity_model: MaturityModel, standings: Mapping[int, Standing], change: Change) -> None:
    ids = catalog.rows(maturity_model).criteria
    current = {
        (status.team_id, status.criterion_id): status
        for status in CriterionStatus.objects.filter(
            team__in=standings.keys(), is_current=True, criterion__capability__maturity_model=maturity_model
        )
    }
    ended: list[int] = []
    begun: list[CriterionStatus] = []
    for team_id, standing in standings.items():
        for slug, result in standing.statuses.items():
            before = current.get((team_id, ids[slug]))
            if _is_same(before, result):
                continue
            if before is not None:
                ended.append(before.pk)
            begun.append(
                CriterionStatus(
                    team_id=team_id,
                    criterion_id=ids[slug],
                    status=result.status.value,
                    support=result.support.value,
                    flags=[flag.value for flag in result.flags],
                    since_at=change.at,
                    cause=change.cause,
                    by=change.by_name,
                )
            )
    CriterionStatus.objects.filter(pk__in=ended).update(is_current=False)
    CriterionStatus.objects.bulk_create(begun, batch_size=1000)


def _is_same(before: CriterionStatus | None, result: CriterionResult) -> bool:
    if before is None:
        return result == UNTOUCHED
    return (before.status, before.support, before.flags) == (
        result.status.value,
        result.support.value,
        [flag.value for flag in result.flags],
    )


def _write_scores(maturity_model: MaturityModel, standings: Mapping[int, Standing], change: Change) -> None:
    capabilities = catalog.rows(maturity_model).capabilities
    current = {
        (score.team_id, score.capability_id): score
        for score in Score.objects.filter(
            team__in=standings.keys(), capability__maturity_model=maturity_model
        )
    }
    changed: list[Score] = []
    told: list[ScoreHistory] = []
    for team_id, standing in standings.items():
        for name, capability_id in capabilities.items():
            score = score_rows.score_row(
                team_id=team_id, capability_id=capability_id, capability=name, standing=standing, at=change.at
            )
            before = current.get((team_id, capability_id))
            if not _equal(before, score, SCORE_FIELDS):
                changed.append(score)
            if not _equal(before, score, HISTORY_FIELDS):
                told.append(score_rows.history_row(score, changed_on=change.at.date()))
    _upsert(Score.objects, changed, ("team", "capability"), (*SCORE_FIELDS, "as_of"))
    _upsert(ScoreHistory.objects, told, ("team", "capability", "changed_on"), HISTORY_FIELDS)


def _write_team_scores(
    maturity_model: MaturityModel,
    plan: Plan,
    standings: Mapping[int, Standing],
    inputs: Mapping[int, TeamInputs],
    change: Change,
) -> None:
    current = {
        score.team_id: score
        for score in TeamScore.objects.filter(team__in=standings.keys(), maturity_model=maturity_model)
    }
    changed: list[TeamScore] = []
    for team_id, standing in standings.items():
        score = score_rows.team_score_row(
            team_id=team_id,
            maturity_model=maturity_model,
            plan=plan,
            standing=standing,
            published_at=inputs[team_id].published_at,
            is_reviewed=inputs[team_id].is_reviewed,
            at=change.at,
        )
        before = current.get(team_id)
        if not _equal(before, score, TEAM_SCORE_FIELDS):
            score.version = before.version + 1 if before is not None else 1
            changed.append(score)
    _upsert(TeamScore.objects, changed, ("team", "maturity_model"), (*TEAM_SCORE_FIELDS, "as_of", "version"))
    week_on = score_rows.week_end(change.at.date())
    _upsert(
        TeamWeek.objects,
        [score_rows.team_week_row(score, week_on=week_on) for score in changed],
        ("team", "maturity_model", "week_on"),
        (
            "verified",
            "level",
            "potential",
            "score",
            "coverage",
            "is_provisional",
            "assessed_on",
            "cells",
            "dimensions",
        ),
    )


def _equal(before: Score | TeamScore | None, after: Score | TeamScore, fields: Sequence[str]) -> bool:
    return before is not None and all(getattr(before, name) == getattr(after, name) for name in fields)


def _upsert(manager: Manager[Any], rows: Sequence[Any], unique: Sequence[str], fields: Sequence[str]) -> None:
    if rows:
        manager.bulk_create(
            rows, update_conflicts=True, unique_fields=unique, update_fields=fields, batch_size=500
        )
