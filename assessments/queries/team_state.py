"""What is known of one team's criteria: statuses, answers, evidence, verdicts. One query each, for the pages that tell why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from assessments.models import Answer, Assessment, CriterionStatus, Evidence, MaturityModel, Verdict
from assessments.queries import words
from assessments.scoring import SIGNAL_VALID_DAYS
from mlops_portal.lib.words import day_words
from teams.models import Team
from teams.queries.machines import Who, unnamed


@dataclass(frozen=True, slots=True)
class StatusLine:
    """Status and support of a criterion, since when and by what. Without a row it was never anything but unknown."""

    status: str = "unknown"
    support: str = "none"
    flags: tuple[str, ...] = ()
    since_at: datetime | None = None
    cause: str = ""
    by: str = ""

    @property
    def is_disputed(self) -> bool:
        return "disputed" in self.flags

    @property
    def outcome(self) -> str:
        """yes, no, unknown, na or disputed: what a verdict line draws."""
        return "disputed" if self.is_disputed else self.status

    @property
    def in_words(self) -> str:
        return words.status_words(self.status, self.support)

    @property
    def flags_in_words(self) -> tuple[str, ...]:
        return words.flag_words(self.flags)

    @property
    def cause_in_words(self) -> str:
        return words.CAUSE_WORDS.get(self.cause, "")


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What a team said of a criterion. `in_period` names the assessment that it was published in, empty in a draft."""

    value: str
    reason: str
    note: str
    answered_at: datetime
    by: str
    row_version: int = 0
    in_period: str = ""

    @property
    def in_words(self) -> str:
        return words.ANSWER_WORDS[self.value]


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    id: int
    title: str
    form: str
    url: str
    text: str
    kind: str
    collected_on: date
    valid_until: date
    state: str
    added_by_id: int | None
    # A sentence on the last look at a link into a connected host; empty where nobody looks.
    check: str = ""


@dataclass(frozen=True, slots=True)
class ClauseLine:
    """One comparison of a rule with what was seen. `holds` None: what was seen leaves it open; `told` says all it saw."""

    part: str
    signal: str
    asks: str
    saw: str
    unknown: str
    holds: bool | None
    told: str

    @property
    def holds_in_words(self) -> str:
        return "open" if self.holds is None else "holds" if self.holds else "does not hold"


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """What signals say of a criterion. `is_deciding` False is a hint that enters no number."""

    verdict: str
    is_deciding: bool
    read_on: date
    is_stale: bool
    changed_at: datetime
    pending: str
    pending_since: date | None
    clauses: tuple[ClauseLine, ...]
    # As it was kept, for the page that explains it.
    because: Mapping[str, Any]

    @property
    def speaks(self) -> bool:
        """Whether it enters scoring with a yes or a no."""
        return self.is_deciding and self.verdict != "unknown"

    @property
    def in_words(self) -> str:
        """ "signals say yes, read 12 Nov 2026"."""
        who = "signals say" if self.is_deciding else "a hint says"
        return (
            f"{who} {self.verdict}, read {day_words(self.read_on)}{', out of date' if self.is_stale else ''}"
        )


UNTOUCHED = StatusLine()


def statuses_of(
    team: Team, maturity_model: MaturityModel, criteria: Collection[int] | None = None, *, who: Who = unnamed
) -> dict[int, StatusLine]:
    """By criterion row id, how each criterion stands now; `who` puts what brought it there into words."""
    rows = CriterionStatus.objects.filter(
        team=team, is_current=True, criterion__capability__maturity_model=maturity_model
    )
    if criteria is not None:
        rows = rows.filter(criterion__in=criteria)
    return {row.criterion_id: status_line(row, who) for row in rows}


def status_line(row: CriterionStatus, who: Who = unnamed) -> StatusLine:
    return StatusLine(row.status, row.support, tuple(row.flags), row.since_at, row.cause, who(row.by))


def verdicts_of(
    team: Team, maturity_model: MaturityModel, as_of: date, criteria: Collection[int] | None = None
) -> dict[int, VerdictLine]:
    """By criterion row id, what signals say."""
    rows = Verdict.objects.filter(team=team, criterion__capability__maturity_model=maturity_model)
    if criteria is not None:
        rows = rows.filter(criterion__in=criteria)
    return {row.criterion_id: verdict_line(row, as_of) for row in rows}


def verdict_line(row: Verdict, as_of: date) -> VerdictLine:
    return VerdictLine(
        verdict=row.verdict,
        is_deciding=row.is_deciding,
        read_on=row.read_on,
        is_stale=row.verdict != "unknown" and as_of - row.read_on > timedelta(days=SIGNAL_VALID_DAYS),
        changed_at=row.changed_at,
        pending=row.pending_verdict,
        pending_since=row.pending_since,
        clauses=tuple(clause_line(clause) for clause in row.because.get("clauses", ())),
        because=row.because,
    )


def clause_line(clause: Mapping[str, Any]) -> ClauseLine:
    """A clause as `because.as_json` kept it."""
    return ClauseLine(
        part=words.PART_WORDS[clause["part"]],
        signal=clause["signal"],
        asks=words.comparison_words(clause["signal"], clause["op"], clause["threshold"]),
        saw=words.seen_words(clause["signal"], clause["value"], clause["bound"], clause["threshold"]),
        unknown=words.reason_words(clause["reason"]) if clause["reason"] else "",
        holds=clause["holds"],
        told=(
            f"not known {words.question_words(clause['signal'])}: {words.reason_words(clause['reason'])}"
            if clause["value"] is None
            else words.saw_words(clause["signal"], clause["value"], clause["bound"], clause["threshold"])
        ),
    )


def published_answers(
    team: Team, maturity_model: MaturityModel, criteria: Collection[int]
) -> dict[int, tuple[AnswerLine, ...]]:
    """By criterion row id, every published answer, newest first."""
    found: dict[int, tuple[AnswerLine, ...]] = {}
    for answer in (
        Answer.objects.filter(
            assessment__team=team,
            assessment__maturity_model=maturity_model,
            assessment__status__gte=Assessment.Status.PUBLISHED,
            criterion__in=criteria,
        )
        .select_related("answered_by", "assessment")
        .order_by("-assessment__published_at", "-assessment_id")
    ):
        line = answer_line(answer, in_period=answer.assessment.period)
        found[answer.criterion_id] = (*found.get(answer.criterion_id, ()), line)
    return found


def answer_line(answer: Answer, *, in_period: str = "") -> AnswerLine:
    """Reads `answered_by`: select it along."""
    return AnswerLine(
        value=answer.value,
        reason=answer.reason,
        note=answer.note,
        answered_at=answer.answered_at,
        by=str(answer.answered_by) if answer.answered_by is not None else "",
        row_version=answer.row_version,
        in_period=in_period,
    )


def evidence_of(team: Team, criteria: Collection[int], as_of: date) -> dict[int, tuple[EvidenceLine, ...]]:
    """By criterion row id, the evidence that the team has not taken back, oldest first. One query."""
    found: dict[int, tuple[EvidenceLine, ...]] = {}
    through = Evidence.criteria.through
    for link in (
        through.objects.filter(evidence__team=team, evidence__removed_at__isnull=True, criterion__in=criteria)
        .select_related("evidence")
        .order_by("evidence_id")
    ):
        line = evidence_line(link.evidence, as_of)
        found[link.criterion_id] = (*found.get(link.criterion_id, ()), line)
    return found


def evidence_line(evidence: Evidence, as_of: date) -> EvidenceLine:
    rejected = evidence.status == Evidence.Status.REJECTED
    expired = as_of > evidence.valid_until
    gone = evidence.gone_at is not None
    return EvidenceLine(
        id=evidence.pk,
        title=evidence.title,
        form=evidence.form,
        url=evidence.url,
        text=evidence.text,
        kind=evidence.kind,
        collected_on=evidence.collected_on,
        valid_until=evidence.valid_until,
        state="rejected" if rejected else "expired" if expired else "gone" if gone else "",
        added_by_id=evidence.added_by_id,
        check=_check_words(evidence),
    )


def _check_words(evidence: Evidence) -> str:
    """What the last look at its link found."""
    if evidence.checked_at is None:
        return ""
    looked = f"looked at {day_words(evidence.checked_at.astimezone(UTC).date())}"
    if evidence.gone_at is not None:
        since = day_words(evidence.gone_at.astimezone(UTC).date())
        gone = f"Gone since {since}, so it carries nothing; {looked}"
        return f"{gone}: {evidence.check_detail}"
    if evidence.check_outcome == Evidence.Check.ANSWERED:
        how = f" {evidence.check_detail}" if evidence.check_detail else ""
        return f"Its page answers{how}; {looked}."
    return f"Could not be checked, which changes nothing; {looked}: {evidence.check_detail}"
