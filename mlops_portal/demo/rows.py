"""Rows of a made-up team. Every number in them came out of `course.py`, that is, of real scoring. Pure but for the models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Model

from assessments import because
from assessments.models import (
    Answer,
    Assessment,
    CriterionStatus,
    Evidence,
    MaturityModel,
    Measurement,
    Reading,
    Score,
    ScoreHistory,
    TeamScore,
    TeamWeek,
    Verdict,
    VerdictChange,
)
from assessments.pooling import SourceReading, as_json
from assessments.queries.catalog import Rows
from assessments.rules import signals_of
from assessments.services import score_rows
from assessments.services.measurements import Observed, external_id_of
from assessments.standing import Plan
from assessments.vocabulary import SIGNALS, SignalType
from mlops_portal.demo.answers import Said
from mlops_portal.demo.bulk import Values, blank, values_of
from mlops_portal.demo.connections import Sources
from mlops_portal.demo.course import Decided, Observation
from mlops_portal.demo.signals import family
from mlops_portal.demo.told import Told
from teams.models import Event, Team, User
from teams.services.events import event_of

READ_AT = time(5, 30, tzinfo=UTC)
LAPSED_AT = time(0, 10, tzinfo=UTC)
ANSWERED_AT = time(10, 0, tzinfo=UTC)
ADDED_AT = time(13, 0, tzinfo=UTC)
SUBMITTED_AT = time(13, 30, tzinfo=UTC)
PUBLISHED_AT = time(14, 0, tzinfo=UTC)
STATUS_AT = {"measurement": READ_AT, "publication": PUBLISHED_AT, "time": LAPSED_AT}
CREATED_BEFORE = timedelta(days=14)
# Rows that others point at get their keys here, so that teams can be made side by side.
KEYED = (Assessment, Evidence, Measurement)
KEYS_PER_TEAM = 20_000
# What a row of each kind begins as.
ANSWER = blank(Answer)
CRITERION_STATUS = blank(CriterionStatus)
EVIDENCE = blank(Evidence)
MEASUREMENT = blank(Measurement)
READING = blank(Reading)
SCORE_HISTORY = blank(ScoreHistory)
TEAM_WEEK = blank(TeamWeek)
VERDICT = blank(Verdict)
VERDICT_CHANGE = blank(VerdictChange)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the rows point at, in a form that travels between processes."""

    maturity_model: MaturityModel
    plan: Plan
    ids: Rows
    # By criterion that a rule decides: the first signal that the rule reads.
    signals: Mapping[str, str]
    sources: Sources
    at: datetime

    def moment(self, day: date, clock: time) -> datetime:
        """That day at that time, never after now."""
        return min(datetime.combine(day, clock), self.at)


@dataclass(frozen=True, slots=True)
class Teller:
    """A team's course together with its rows and its lead."""

    told: Told
    team: Team
    lead: User

    def key(self, number: int) -> int:
        """The key of the team's row number `number`. Raises ValueError when the team has more rows than keys."""
        if number >= KEYS_PER_TEAM:
            raise ValueError(f"{self.team} has more than {KEYS_PER_TEAM} rows of one kind; make fewer weeks.")
        return self.told.index * KEYS_PER_TEAM + number + 1


def rows_of(keys: Keys, one: Teller) -> dict[type[Model], list[Values]]:
    """Everything about a team by model, none before what it points at."""
    made = list(_assessments(keys, one))
    evidence = list(_evidence(keys, one))
    measurements = [
        _measurement(keys, one, number, observation)
        for number, observation in enumerate(one.told.course.observations)
    ]
    return {
        Assessment: [values_of(assessment) for assessment, _ in made],
        Answer: [a for assessment, answers in made for a in _answers(keys, one, assessment, answers)],
        Event: [values_of(_publish_event(keys, one, assessment)) for assessment, _ in made],
        Evidence: [piece for piece, _ in evidence],
        Evidence.criteria.through: [
            link for piece, criteria in evidence for link in _links(keys, piece, criteria)
        ],
        Measurement: [*measurements],
        Reading: [*_readings(keys, one, measurements)],
        Verdict: [*_verdicts(keys, one, measurements)],
        VerdictChange: [*_moves(keys, one, measurements)],
        CriterionStatus: [*_statuses(keys, one)],
        ScoreHistory: [*_history(keys, one)],
        TeamWeek: [*_weeks(keys, one)],
        Score: [values_of(score) for score in _scores(keys, one)],
        TeamScore: [values_of(score) for score in _team_score(keys, one)],
    }


# The numbers as they stand, through the code that every other writer of scores uses.
def _scores(keys: Keys, one: Teller) -> Iterator[Score]:
    for name, pk in keys.ids.capabilities.items():
        if one.told.final is not None:
            yield score_rows.score_row(
                team_id=one.team.pk,
                capability_id=pk,
                capability=name,
                standing=one.told.final,
                at=keys.at,
            )


def _team_score(keys: Keys, one: Teller) -> Iterator[TeamScore]:
    if one.told.final is not None:
        yield score_rows.team_score_row(
            team_id=one.team.pk,
            maturity_model=keys.maturity_model,
            plan=keys.plan,
            standing=one.told.final,
            published_at=_published_at(keys, one),
            is_reviewed=False,
            at=keys.at,
        )


def _published_at(keys: Keys, one: Teller) -> datetime | None:
    submissions = one.told.course.submissions
    return keys.moment(submissions[-1].published_on, PUBLISHED_AT) if submissions else None


def _assessments(keys: Keys, one: Teller) -> Iterator[tuple[Assessment, Mapping[str, Said]]]:
    submissions = one.told.course.submissions
    for number, submission in enumerate(submissions):
        day, is_last = submission.published_on, number == len(submissions) - 1
        assessment = Assessment(
            pk=one.key(number),
            team_id=one.team.pk,
            maturity_model_id=keys.maturity_model.pk,
            period=f"Q{(day.month - 1) // 3 + 1} {day.year}",
            status=Assessment.Status.PUBLISHED if is_last else Assessment.Status.SUPERSEDED,
            created_at=keys.moment(day - CREATED_BEFORE, ANSWERED_AT),
            created_by_id=one.lead.pk,
            submitted_at=keys.moment(day, SUBMITTED_AT),
            submitted_by_id=one.lead.pk,
            published_at=keys.moment(day, PUBLISHED_AT),
            published_by_id=one.lead.pk,
            superseded_at=(
                None if is_last else keys.moment(submissions[number + 1].published_on, PUBLISHED_AT)
            ),
        )
        yield assessment, submission.answers


def _answers(
    keys: Keys, one: Teller, assessment: Assessment, answers: Mapping[str, Said]
) -> Iterator[Values]:
    for criterion, said in answers.items():
        yield {
            **ANSWER,
            "assessment_id": assessment.pk,
            "criterion_id": keys.ids.criteria[criterion],
            "value": said.value,
            "reason": said.reason,
            "answered_at": keys.moment(said.answered_on, ANSWERED_AT),
            "answered_by_id": one.lead.pk,
        }


def _publish_event(keys: Keys, one: Teller, assessment: Assessment) -> Event:
    return event_of(
        at=assessment.published_at or keys.at,
        by=one.lead,
        action="assessment.publish",
        obj=assessment,
        team=one.team,
        after={"period": assessment.period},
    )


def _evidence(keys: Keys, one: Teller) -> Iterator[tuple[Values, tuple[str, ...]]]:
    pieces = [
        (piece, submission.published_on)
        for submission in one.told.course.submissions
        for piece in submission.evidence
    ]
    for number, (piece, published_on) in enumerate(pieces):
        evidence = {
            **EVIDENCE,
            "id": one.key(number),
            "team_id": one.team.pk,
            "form": piece.form,
            "kind": piece.kind,
            "title": piece.title,
            "url": piece.url,
            "text": piece.text,
            "collected_on": piece.collected_on,
            "valid_until": piece.valid_until,
            "added_by_id": one.lead.pk,
            "added_at": keys.moment(published_on, ADDED_AT),
        }
        yield evidence, piece.criteria


def _links(keys: Keys, piece: Values, criteria: Iterable[str]) -> Iterator[Values]:
    for criterion in criteria:
        yield {"evidence_id": piece["id"], "criterion_id": keys.ids.criteria[criterion]}


def _readings(keys: Keys, one: Teller, measurements: Sequence[Values]) -> Iterator[Values]:
    for signal, reading in one.told.course.readings.items():
        yield {
            **READING,
            "team_id": one.team.pk,
            "source": keys.sources.place(signal, one.told.story).source,
            "signal": signal,
            "latest_id": measurements[reading.latest]["id"],
            "good_id": None if reading.good is None else measurements[reading.good]["id"],
            "read_at": None if reading.read_on is None else keys.moment(reading.read_on, READ_AT),
            "tried_at": keys.moment(reading.tried_on, READ_AT),
        }


def _measurement(keys: Keys, one: Teller, number: int, observation: Observation) -> Values:
    seen = observation.seen
    observed_at = keys.moment(observation.on, READ_AT)
    digest = external_id_of(
        Observed(seen.signal, seen.value, observed_at, reason=seen.reason, sample=seen.sample)
    )
    return {
        **MEASUREMENT,
        "id": one.key(number),
        "team_id": one.team.pk,
        "signal": seen.signal,
        "state": Measurement.State.UNKNOWN.value if seen.value is None else Measurement.State.OK.value,
        "value": None if seen.value is None else float(seen.value),
        "reason": seen.reason,
        "sample": seen.sample,
        "numerator": seen.numerator,
        "denominator": seen.denominator,
        "window_days": SIGNALS[seen.signal].window_days,
        "observed_at": observed_at,
        "received_at": observed_at,
        "source": keys.sources.place(seen.signal, one.told.story).source,
        "external_id": digest,
        "url": f"https://{family(seen.signal)}.example.org/team-{one.team.pk}",
    }


def _verdicts(keys: Keys, one: Teller, measurements: Sequence[Values]) -> Iterator[Values]:
    for criterion, decided in one.told.course.verdicts.items():
        yield {
            **VERDICT,
            "team_id": one.team.pk,
            "criterion_id": keys.ids.criteria[criterion],
            "verdict": decided.verdict.value,
            "is_deciding": decided.is_deciding,
            "read_on": decided.read_on,
            "because": _because(keys, decided, measurements),
            "changed_at": keys.moment(decided.changed_on, READ_AT),
        }


def _moves(keys: Keys, one: Teller, measurements: Sequence[Values]) -> Iterator[Values]:
    for move in one.told.course.moves:
        yield {
            **VERDICT_CHANGE,
            "team_id": one.team.pk,
            "criterion_id": keys.ids.criteria[move.criterion],
            "before": move.before.verdict.value,
            "after": move.after.verdict.value,
            "at": keys.moment(move.on, READ_AT),
            "how": VerdictChange.How.SCHEDULE.value,
            "by": keys.sources.place(signals_of(move.after.rule)[0], one.told.story).by,
            "because_before": _because(keys, move.before, measurements),
            "because": _because(keys, move.after, measurements),
        }


def _because(keys: Keys, decided: Decided, measurements: Sequence[Values]) -> Values:
    """What is kept with a verdict, by the code that keeps it with real ones."""
    names = [name for name in signals_of(decided.rule) if name in decided.standing]
    standing = {name: (measurements[decided.standing[name][0]], decided.standing[name][1]) for name in names}
    return because.kept(
        decided.rule,
        decided.seen,
        sources=[
            as_json(
                name,
                SourceReading(
                    source=row["source"],
                    value=_typed(name, row["value"]),
                    reason=row["reason"],
                    read_on=on,
                    sample=row["sample"],
                    numerator=row["numerator"],
                    denominator=row["denominator"],
                    measurement=row["id"],
                    read_at=keys.moment(on, READ_AT),
                    url=row["url"],
                ),
            )
            for name, (row, on) in standing.items()
        ],
        model=f"{keys.maturity_model.key}/{keys.maturity_model.version}",
        is_blind=decided.is_blind,
    )


def _typed(signal: str, value: float | None) -> float | bool | None:
    return value if value is None or SIGNALS[signal].type is not SignalType.BOOL else bool(value)


def _statuses(keys: Keys, one: Teller) -> Iterator[Values]:
    last = {change.criterion: change for change in one.told.course.statuses}
    for change in one.told.course.statuses:
        by = ""
        if change.cause == "publication":
            by = str(one.lead)
        elif change.cause == "measurement" and change.criterion in keys.signals:
            by = keys.sources.place(keys.signals[change.criterion], one.told.story).by
        yield {
            **CRITERION_STATUS,
            "team_id": one.team.pk,
            "criterion_id": keys.ids.criteria[change.criterion],
            "status": change.result.status.value,
            "support": change.result.support.value,
            "flags": [flag.value for flag in change.result.flags],
            "since_at": keys.moment(change.on, STATUS_AT[change.cause]),
            "cause": change.cause,
            "by": by,
            "is_current": last[change.criterion] is change,
        }


def _history(keys: Keys, one: Teller) -> Iterator[Values]:
    # The last change of a day stands for the day.
    last = {(name, day): numbers for day, name, numbers in one.told.course.history}
    for (name, day), numbers in last.items():
        yield {
            **SCORE_HISTORY,
            "team_id": one.team.pk,
            "capability_id": keys.ids.capabilities[name],
            "changed_on": day,
            "state": numbers.state.value,
            "verified": numbers.verified,
            "level": numbers.level,
            "potential": numbers.potential,
            "score": numbers.score,
            "known": numbers.known,
            "applicable": numbers.applicable,
        }


def _weeks(keys: Keys, one: Teller) -> Iterator[Values]:
    for week in one.told.weeks:
        yield {
            **TEAM_WEEK,
            "team_id": one.team.pk,
            "maturity_model_id": keys.maturity_model.pk,
            "week_on": week.week_on,
            "verified": week.verified,
            "level": week.level,
            "potential": week.potential,
            "score": week.score,
            "coverage": week.coverage,
            "is_provisional": week.is_provisional,
            "assessed_on": week.assessed_on,
            "cells": week.cells,
            "dimensions": week.dimensions,
        }
