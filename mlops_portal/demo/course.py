"""The course of one made-up team: what it answered, what was measured, and what real scoring made of it, day by day.

Pure: makes no row and reads no clock, so that teams can be worked out side by side in several processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from assessments import rules
from assessments.catalog.schema import Automation, MaturityModelFile
from assessments.pooling import COULD_NOT_READ, Pooled, SourceReading, pool_signals
from assessments.scoring import (
    AutoVerdict,
    CapabilityResult,
    CriterionInput,
    CriterionResult,
    EvidenceFact,
    OwnAnswer,
    Status,
)
from assessments.standing import UNTOUCHED, Plan, Scorer, Standing
from assessments.vocabulary import Reason
from mlops_portal.demo.answers import Said, Submission, submit
from mlops_portal.demo.plots import Team, Window, maturity
from mlops_portal.demo.signals import Seen, observe
from mlops_portal.demo.stream import stream

# A living source is read every day: its verdicts do not lapse between two told readings.
READ_EVERY_DAY = date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Model:
    """A maturity model with what the generator asks of it again and again."""

    file: MaturityModelFile
    plan: Plan
    # By signal: dimension and capability of the first criterion whose rule reads it.
    owners: Mapping[str, tuple[str, str]]
    na_when: Mapping[str, frozenset[str]]
    ruled: Mapping[str, Automation]


@dataclass(frozen=True, slots=True)
class Observation:
    """A measurement that is worth a row: it differs from the one before."""

    on: date
    seen: Seen


@dataclass(slots=True)
class Reading:
    """Where a source stands with a signal: indexes into `Course.observations`, and the day of the last good reading."""

    latest: int
    good: int | None
    read_on: date | None
    tried_on: date


@dataclass(frozen=True, slots=True)
class StatusChange:
    criterion: str
    result: CriterionResult
    on: date
    cause: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict as it stands; `is_aging` since one of its signals cannot be read any more."""

    verdict: rules.Verdict
    is_deciding: bool
    read_on: date
    is_aging: bool
    changed_on: date
    is_blind: bool
    rule: rules.Rule
    seen: Mapping[str, rules.Reading]
    # By signal: the observation that stands, and the day on which it was last confirmed.
    standing: Mapping[str, tuple[int, date]]


@dataclass(frozen=True, slots=True)
class VerdictMove:
    """A verdict that came to say something else, with how it stood before."""

    criterion: str
    on: date
    before: Decided
    after: Decided


@dataclass(slots=True)
class Course:
    """Everything that happened. `standings` holds the days on which a number changed, oldest first."""

    submissions: list[Submission] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    readings: dict[str, Reading] = field(default_factory=dict)
    verdicts: dict[str, Decided] = field(default_factory=dict)
    moves: list[VerdictMove] = field(default_factory=list)
    statuses: list[StatusChange] = field(default_factory=list)
    history: list[tuple[date, str, CapabilityResult]] = field(default_factory=list)
    standings: list[tuple[date, Standing, date | None]] = field(default_factory=list)
    final: Standing | None = None


def run_course(team: Team, model: Model, window: Window) -> Course:
    """The whole course up to `window.today`. Teams of which nothing is known have no standing."""
    return _Run(team, model, window).run()


class _Run:
    def __init__(self, team: Team, model: Model, window: Window) -> None:
        self._team = team
        self._model = model
        self._window = window
        self._course = Course()
        self._answers: dict[str, Said] = {}
        self._evidence: dict[str, list[EvidenceFact]] = {}
        self._published_on: date | None = None
        self._statuses: dict[str, CriterionResult] = {}
        self._numbers: dict[str, CapabilityResult] = {}
        self._facts: dict[str, CriterionInput] = {}
        self._scorer = Scorer(model.plan)

    def run(self) -> Course:
        lapses_after: date | None = None
        for day in sorted({*self._team.published_on, *self._team.sampled_on}):
            while lapses_after is not None and lapses_after + timedelta(days=1) < day:
                lapses_after = self._score(lapses_after + timedelta(days=1), "time")
            if day in self._team.sampled_on and self._measure(day):
                lapses_after = self._score(day, "measurement")
            if day in self._team.published_on:
                self._publish(day)
                lapses_after = self._score(day, "publication")
        self._refresh(self._course.verdicts, is_final=True)
        if self._facts or self._published_on is not None:
            self._course.final = self._scorer.stand(self._facts, self._window.today)
        return self._course

    def _publish(self, day: date) -> None:
        levels = {
            c.id: maturity(self._team, c.dimension, c.id, self._window, day)
            for c in self._model.file.capabilities
        }
        submission = submit(
            self._team, self._model.file, levels, self._answers, on=day, number=len(self._course.submissions)
        )
        self._answers.update(submission.answers)
        for piece in submission.evidence:
            for criterion in piece.criteria:
                self._evidence.setdefault(criterion, []).append(EvidenceFact(piece.valid_until))
        self._refresh({*submission.answers, *(c for piece in submission.evidence for c in piece.criteria)})
        self._published_on = day
        self._course.submissions.append(submission)

    def _measure(self, day: date) -> bool:
        """Read every source; whether scoring has to look again."""
        is_lost = self._team.lost_on is not None and day >= self._team.lost_on
        chance = stream(self._team.seed, "signals", self._team.index, day)
        levels = {
            signal: maturity(self._team, *self._model.owners[signal], self._window, day)
            + self._team.signal_lean[signal]
            for signal in self._team.signals
        }
        for seen in observe(self._team.signals, levels, chance):
            lost = is_lost and not seen.signal.startswith(("mlflow", "monitoring", "serving"))
            self._note(day, Seen(seen.signal, None, Reason.UNAUTHORIZED.value) if lost else seen)
        is_changed = self._decide(day)
        # From the loss on verdicts age, so the day on which they lapse has to be worked out anew.
        return is_changed or is_lost

    def _note(self, day: date, seen: Seen) -> None:
        reading = self._course.readings.get(seen.signal)
        if reading is None or self._course.observations[reading.latest].seen != seen:
            self._course.observations.append(Observation(day, seen))
            latest = len(self._course.observations) - 1
        else:
            latest = reading.latest
        if reading is None:
            reading = self._course.readings[seen.signal] = Reading(latest, None, None, day)
        reading.latest, reading.tried_on = latest, day
        if seen.reason not in COULD_NOT_READ:
            reading.good, reading.read_on = latest, day

    def _decide(self, day: date) -> bool:
        """Derive verdicts; whether one is new or different."""
        is_changed = False
        pooled = self._pooled()
        readings = {signal: one.reading for signal, one in pooled.items()}
        for criterion, auto in self._model.ruled.items():
            read = [
                pooled[signal]
                for signal in auto.signals
                if signal in pooled and pooled[signal].reading.reason not in COULD_NOT_READ
            ]
            if not read:
                continue
            verdict = rules.decide(auto.rule, readings)
            before = self._course.verdicts.get(criterion)
            is_blind = verdict is rules.Verdict.UNKNOWN and any(
                s not in pooled or pooled[s].reading.reason in COULD_NOT_READ for s in auto.signals
            )
            if is_blind and before is not None and before.verdict is not rules.Verdict.UNKNOWN:
                continue
            is_same = before is not None and before.verdict is verdict
            is_changed = is_changed or not is_same
            read_on = min(one.read_on for one in read)
            decided = self._course.verdicts[criterion] = Decided(
                verdict,
                is_deciding=auto.mode == "decide",
                read_on=read_on,
                is_aging=read_on < day,
                changed_on=before.changed_on if before is not None and is_same else day,
                is_blind=is_blind,
                rule=auto.rule,
                seen={signal: readings[signal] for signal in auto.signals if signal in readings},
                standing=self._standing(auto.signals),
            )
            if before is not None and not is_same:
                self._course.moves.append(VerdictMove(criterion, day, before, decided))
        self._refresh(self._model.ruled)
        return is_changed

    def _standing(self, signals: Iterable[str]) -> dict[str, tuple[int, date]]:
        found: dict[str, tuple[int, date]] = {}
        for signal in signals:
            reading = self._course.readings.get(signal)
            if reading is not None:
                number = reading.latest if reading.good is None else reading.good
                found[signal] = (number, reading.read_on or reading.tried_on)
        return found

    def _pooled(self) -> dict[str, Pooled]:
        return pool_signals(
            {
                signal: [_source_reading(self._course, reading)]
                for signal, reading in self._course.readings.items()
            }
        )

    def _score(self, day: date, cause: str) -> date | None:
        """Note what changed on this day; the last day on which the numbers stand by time alone."""
        if not self._facts and self._published_on is None:
            return None
        standing = self._scorer.stand(self._facts, day)
        for criterion, result in standing.statuses.items():
            if self._statuses.get(criterion, UNTOUCHED) != result:
                self._statuses[criterion] = result
                self._course.statuses.append(StatusChange(criterion, result, day, cause))
        changed = [
            (name, numbers)
            for name, numbers in standing.capabilities.items()
            if self._numbers.get(name) != numbers
        ]
        self._numbers.update(changed)
        self._course.history.extend((day, name, numbers) for name, numbers in changed)
        self._course.standings.append((day, standing, self._published_on))
        return standing.valid_until

    def _refresh(self, criteria: Iterable[str], *, is_final: bool = False) -> None:
        """Bring what scoring is given up to date. Facts that stay equal stay the same object: the scorer goes by that."""
        flags = frozenset(self._team.flags)
        for criterion in criteria:
            said = self._answers.get(criterion)
            decided = self._course.verdicts.get(criterion)
            evidence = self._evidence.get(criterion)
            if said is None and decided is None and evidence is None:
                continue
            facts = CriterionInput(
                na_allowed=bool(flags & self._model.na_when[criterion]),
                own=(
                    None
                    if said is None
                    else OwnAnswer(Status(said.value), said.answered_on, na_approved=True)
                ),
                evidence=tuple(evidence or ()),
                auto=_auto(decided, is_final=is_final),
            )
            if self._facts.get(criterion) != facts:
                self._facts[criterion] = facts


def _auto(decided: Decided | None, *, is_final: bool) -> AutoVerdict | None:
    if decided is None:
        return None
    is_read_daily = not (is_final or decided.is_aging)
    read_on = READ_EVERY_DAY if is_read_daily else decided.read_on
    return AutoVerdict(Status(decided.verdict.value), read_on, is_deciding=decided.is_deciding)


def _source_reading(course: Course, reading: Reading) -> SourceReading:
    standing = course.observations[reading.latest if reading.good is None else reading.good].seen
    return SourceReading(
        source="one",
        value=standing.value,
        reason=standing.reason,
        read_on=reading.read_on or reading.tried_on,
        sample=standing.sample,
        numerator=standing.numerator,
        denominator=standing.denominator,
    )
