"""Rows of made-up teams, many teams at a time. Every number in them came out of `course.py`, that is, of real scoring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

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
)
from assessments.queries import catalog
from assessments.services import score_rows
from assessments.services.measurements import Observed, external_id_of
from assessments.vocabulary import SIGNALS
from mlops_portal.demo.answers import Said
from mlops_portal.demo.connections import Sources
from mlops_portal.demo.course import Observation
from mlops_portal.demo.plots import Story
from mlops_portal.demo.signals import family
from mlops_portal.demo.told import Told
from teams.models import Event, Team, User
from teams.services.events import event_of

BATCH = 2000
READ_AT = time(5, 30, tzinfo=UTC)
LAPSED_AT = time(0, 10, tzinfo=UTC)
ANSWERED_AT = time(10, 0, tzinfo=UTC)
ADDED_AT = time(13, 0, tzinfo=UTC)
SUBMITTED_AT = time(13, 30, tzinfo=UTC)
PUBLISHED_AT = time(14, 0, tzinfo=UTC)
STATUS_AT = {"measurement": READ_AT, "publication": PUBLISHED_AT, "time": LAPSED_AT}
CREATED_BEFORE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the rows point at."""

    maturity_model: MaturityModel
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


def write(keys: Keys, batch: Sequence[Teller]) -> None:
    """Store everything about these teams; linear, and no query per team."""
    _write_assessments(keys, batch)
    _write_measurements(keys, batch)
    plan, rows = catalog.plan(keys.maturity_model), catalog.rows(keys.maturity_model)
    Verdict.objects.bulk_create(_verdicts(keys, batch, rows.criteria), batch_size=BATCH)
    CriterionStatus.objects.bulk_create(_statuses(keys, batch, rows.criteria), batch_size=BATCH)
    ScoreHistory.objects.bulk_create(_history(batch, rows.capabilities), batch_size=BATCH)
    TeamWeek.objects.bulk_create(_weeks(keys, batch), batch_size=BATCH)
    scored = [(one, one.told.final) for one in batch if one.told.final is not None]
    Score.objects.bulk_create(
        (
            score_rows.score_row(
                team_id=one.team.pk, capability_id=pk, capability=name, standing=standing, at=keys.at
            )
            for one, standing in scored
            for name, pk in rows.capabilities.items()
        ),
        batch_size=BATCH,
    )
    TeamScore.objects.bulk_create(
        (
            score_rows.team_score_row(
                team_id=one.team.pk,
                maturity_model=keys.maturity_model,
                plan=plan,
                standing=standing,
                published_at=_published_at(keys, one),
                is_reviewed=False,
                at=keys.at,
            )
            for one, standing in scored
        ),
        batch_size=BATCH,
    )


def _published_at(keys: Keys, one: Teller) -> datetime | None:
    submissions = one.told.course.submissions
    return keys.moment(submissions[-1].published_on, PUBLISHED_AT) if submissions else None


def _write_assessments(keys: Keys, batch: Sequence[Teller]) -> None:
    made: list[tuple[Teller, Assessment, Mapping[str, Said]]] = []
    for one in batch:
        submissions = one.told.course.submissions
        standing: dict[str, Said] = {}
        for number, submission in enumerate(submissions):
            standing.update(submission.answers)
            day, is_last = submission.published_on, number == len(submissions) - 1
            assessment = Assessment(
                team=one.team,
                maturity_model=keys.maturity_model,
                period=f"Q{(day.month - 1) // 3 + 1} {day.year}",
                status=Assessment.Status.PUBLISHED if is_last else Assessment.Status.SUPERSEDED,
                created_at=keys.moment(day - CREATED_BEFORE, ANSWERED_AT),
                created_by=one.lead,
                submitted_at=keys.moment(day, SUBMITTED_AT),
                submitted_by=one.lead,
                published_at=keys.moment(day, PUBLISHED_AT),
                published_by=one.lead,
                superseded_at=(
                    None if is_last else keys.moment(submissions[number + 1].published_on, PUBLISHED_AT)
                ),
            )
            # The newest one holds every answer that stands, as a prefilled one does; older ones what was new in them.
            made.append((one, assessment, dict(standing) if is_last else submission.answers))
    Assessment.objects.bulk_create([assessment for _, assessment, _ in made], batch_size=BATCH)
    Answer.objects.bulk_create(_answers(keys, made), batch_size=BATCH)
    Event.objects.bulk_create(
        (
            event_of(
                at=assessment.published_at or keys.at,
                by=one.lead,
                action="assessment.publish",
                obj=assessment,
                team=one.team,
                after={"period": assessment.period},
            )
            for one, assessment, _ in made
        ),
        batch_size=BATCH,
    )
    _write_evidence(keys, batch)


def _answers(keys: Keys, made: Iterable[tuple[Teller, Assessment, Mapping[str, Said]]]) -> Iterator[Answer]:
    ids = catalog.rows(keys.maturity_model).criteria
    for one, assessment, answers in made:
        for criterion, said in answers.items():
            yield Answer(
                assessment=assessment,
                criterion_id=ids[criterion],
                value=said.value,
                reason=said.reason,
                answered_at=keys.moment(said.answered_on, ANSWERED_AT),
                answered_by=one.lead,
            )


def _write_evidence(keys: Keys, batch: Sequence[Teller]) -> None:
    ids = catalog.rows(keys.maturity_model).criteria
    made: list[tuple[Evidence, tuple[str, ...]]] = [
        (
            Evidence(
                team=one.team,
                form=piece.form,
                kind=piece.kind,
                title=piece.title,
                url=piece.url,
                text=piece.text,
                collected_on=piece.collected_on,
                valid_until=piece.valid_until,
                added_by=one.lead,
                added_at=keys.moment(submission.published_on, ADDED_AT),
            ),
            piece.criteria,
        )
        for one in batch
        for submission in one.told.course.submissions
        for piece in submission.evidence
    ]
    Evidence.objects.bulk_create([evidence for evidence, _ in made], batch_size=BATCH)
    link = Evidence.criteria.through
    link.objects.bulk_create(
        (
            link(evidence_id=evidence.pk, criterion_id=ids[criterion])
            for evidence, criteria in made
            for criterion in criteria
        ),
        batch_size=BATCH,
    )


def _write_measurements(keys: Keys, batch: Sequence[Teller]) -> None:
    made = [
        [
            _measurement(keys, one.team, one.told.story, observation)
            for observation in one.told.course.observations
        ]
        for one in batch
    ]
    Measurement.objects.bulk_create([row for rows in made for row in rows], batch_size=BATCH)
    Reading.objects.bulk_create(
        (
            Reading(
                team=one.team,
                source=keys.sources.place(signal, one.told.story).source,
                signal=signal,
                latest_id=rows[reading.latest].pk,
                good_id=None if reading.good is None else rows[reading.good].pk,
                read_at=None if reading.read_on is None else keys.moment(reading.read_on, READ_AT),
                tried_at=keys.moment(reading.tried_on, READ_AT),
            )
            for one, rows in zip(batch, made, strict=True)
            for signal, reading in one.told.course.readings.items()
        ),
        batch_size=BATCH,
    )


def _measurement(keys: Keys, team: Team, story: Story, observation: Observation) -> Measurement:
    seen = observation.seen
    observed_at = keys.moment(observation.on, READ_AT)
    digest = external_id_of(
        Observed(seen.signal, seen.value, observed_at, reason=seen.reason, sample=seen.sample)
    )
    return Measurement(
        team=team,
        signal=seen.signal,
        state=Measurement.State.UNKNOWN if seen.value is None else Measurement.State.OK,
        value=None if seen.value is None else float(seen.value),
        reason=seen.reason,
        sample=seen.sample,
        numerator=seen.numerator,
        denominator=seen.denominator,
        window_days=SIGNALS[seen.signal].window_days,
        observed_at=observed_at,
        received_at=observed_at,
        source=keys.sources.place(seen.signal, story).source,
        external_id=digest,
        url=f"https://{family(seen.signal)}.example.org/team-{team.pk}",
    )


def _verdicts(keys: Keys, batch: Sequence[Teller], ids: Mapping[str, int]) -> Iterator[Verdict]:
    for one in batch:
        for criterion, decided in one.told.course.verdicts.items():
            yield Verdict(
                team=one.team,
                criterion_id=ids[criterion],
                verdict=decided.verdict.value,
                is_deciding=decided.is_deciding,
                read_on=decided.read_on,
                because=decided.because,
                changed_at=keys.moment(decided.changed_on, READ_AT),
            )


def _statuses(keys: Keys, batch: Sequence[Teller], ids: Mapping[str, int]) -> Iterator[CriterionStatus]:
    signals = {
        criterion.id: criterion.auto.signals[0]
        for criterion in catalog.model_file(keys.maturity_model).criteria()
        if criterion.auto is not None
    }
    for one in batch:
        last = {change.criterion: change for change in one.told.course.statuses}
        for change in one.told.course.statuses:
            by = ""
            if change.cause == "publication":
                by = str(one.lead)
            elif change.cause == "measurement" and change.criterion in signals:
                by = keys.sources.place(signals[change.criterion], one.told.story).label
            yield CriterionStatus(
                team=one.team,
                criterion_id=ids[change.criterion],
                status=change.result.status.value,
                support=change.result.support.value,
                flags=[flag.value for flag in change.result.flags],
                since_at=keys.moment(change.on, STATUS_AT[change.cause]),
                cause=change.cause,
                by=by,
                is_current=last[change.criterion] is change,
            )


def _history(batch: Sequence[Teller], ids: Mapping[str, int]) -> Iterator[ScoreHistory]:
    for one in batch:
        # The last change of a day stands for the day.
        last = {(name, day): numbers for day, name, numbers in one.told.course.history}
        for (name, day), numbers in last.items():
            yield ScoreHistory(
                team=one.team,
                capability_id=ids[name],
                changed_on=day,
                state=numbers.state.value,
                verified=numbers.verified,
                level=numbers.level,
                potential=numbers.potential,
                score=numbers.score,
                known=numbers.known,
                applicable=numbers.applicable,
            )


def _weeks(keys: Keys, batch: Sequence[Teller]) -> Iterator[TeamWeek]:
    for one in batch:
        for week in one.told.weeks:
            yield TeamWeek(
                team=one.team,
                maturity_model=keys.maturity_model,
                week_on=week.week_on,
                verified=week.verified,
                level=week.level,
                potential=week.potential,
                score=week.score,
                coverage=week.coverage,
                is_provisional=week.is_provisional,
                assessed_on=week.assessed_on,
                cells=week.cells,
                dimensions=week.dimensions,
            )
