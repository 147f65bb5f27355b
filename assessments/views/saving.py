"""Answers from a request to the service, and what is shown when the service refuses. Shared by one answer and by all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from assessments.catalog.schema import Capability
from assessments.forms.answers import CLEAR, AnswerForm
from assessments.models import Answer, Assessment, Criterion
from assessments.queries.assessment_page import AskLine, key_of
from assessments.queries.words import ANSWER_WORDS, count_words
from assessments.services.answers import (
    AssessmentClosed,
    NotApplicableNotAllowed,
    ReasonMissing,
    StaleAnswer,
    clear_answer,
    record_answer,
)
from teams.models import User

CONFLICT = 409
INVALID = 422


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one answer was not saved, with what the person sent, so that nothing typed is lost."""

    status: int
    message: str
    value: str
    reason: str = ""
    note: str = ""
    current: Answer | None = None
    is_stale: bool = False
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """An answer stands as the person sent it. `row_version` is what the next save must name, 0 when it was cleared."""

    row_version: int


@dataclass(slots=True)
class Outcome:
    """What became of a whole page. `filled`: the sentence about a fast fill, None when none was asked for."""

    refusals: dict[str, Refusal] = field(default_factory=dict)
    filled: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved first: both answers, and what the button "Use mine" sends."""

    by: str
    at: datetime
    theirs: str
    theirs_note: str
    yours: str
    yours_value: str


@dataclass(frozen=True, slots=True)
class ShownAsk:
    """One criterion as the page draws it: what is stored, or what was refused with its reason."""

    line: AskLine
    value: str
    reason: str
    note: str
    version: int | None
    was: str
    error: str = ""
    conflict: Conflict | None = None

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Value and label of each radio; "does not apply" only where the profile allows it or it was said."""
        is_offered = self.line.na_allowed or self.value == Answer.Value.NA
        return tuple((v, label) for v, label in Answer.Value.choices if v != Answer.Value.NA or is_offered)


def shown_ask(line: AskLine, refusal: Refusal | None = None) -> ShownAsk:
    """What stands in the database, unless the person's own words were refused: then these, on top of what stands."""
    answer = line.answer
    shown = ShownAsk(
        line=line,
        value=line.value,
        reason=answer.reason if answer is not None else "",
        note=answer.note if answer is not None else "",
        version=answer.row_version if answer is not None else None,
        was=line.value,
    )
    if refusal is None:
        return shown
    if refusal.is_closed:
        return replace(shown, error=refusal.message)
    conflict = _conflict(refusal)
    return replace(
        shown,
        value=refusal.value,
        reason=refusal.reason,
        note=refusal.note,
        error=refusal.message if conflict is None else "",
        conflict=conflict,
    )


def _conflict(refusal: Refusal) -> Conflict | None:
    """The two answers side by side; None when the other person cleared theirs: then nothing stands against it."""
    theirs = refusal.current
    if theirs is None:
        return None
    return Conflict(
        by=str(theirs.answered_by or "Somebody"),
        at=theirs.answered_at,
        theirs=ANSWER_WORDS[theirs.value],
        theirs_note=theirs.note,
        yours=ANSWER_WORDS[refusal.value],
        yours_value=refusal.value or CLEAR,
    )


def save_one(
    assessment: Assessment, criterion: Criterion, form: AnswerForm, *, by: User, at: datetime
) -> Refusal | Saved:
    """What stands now, or why nothing was saved."""
    if not form.is_valid():
        return Refusal(INVALID, "This is no answer to this question. Nothing was saved.", "")
    reason, note = _texts(assessment, criterion, form)
    sent = Refusal(INVALID, "", "" if form.value == CLEAR else form.value, reason, note)
    if form.value == "":
        message = "Choose an answer first; the note is saved with it." if note else "Nothing is chosen."
        return replace(sent, message=message)
    try:
        return _write(assessment, criterion, form, sent, by=by, at=at)
    except StaleAnswer as stale:
        return _settled(stale, sent)
    except AssessmentClosed as closed:
        return replace(sent, status=CONFLICT, message=str(closed), is_closed=True)
    except (ReasonMissing, NotApplicableNotAllowed) as wrong:
        return replace(sent, message=str(wrong))


def _settled(stale: StaleAnswer, sent: Refusal) -> Refusal | Saved:
    """A conflict to choose in, unless somebody else saved just the same first: then there is nothing to choose."""
    current = stale.current
    if current is None and sent.value == "":
        return Saved(0)
    if current is not None and (current.value, current.reason, current.note) == (
        sent.value,
        sent.reason,
        sent.note,
    ):
        return Saved(current.row_version)
    return replace(sent, status=CONFLICT, message=str(stale), current=current, is_stale=True)


def _write(
    assessment: Assessment, criterion: Criterion, form: AnswerForm, sent: Refusal, *, by: User, at: datetime
) -> Saved:
    version = form.cleaned_data["version"]
    if form.value == CLEAR:
        clear_answer(assessment=assessment, criterion=criterion, row_version=version or 0, by=by, at=at)
        return Saved(0)
    answer = record_answer(
        assessment=assessment,
        criterion=criterion,
        value=form.value,
        reason=sent.reason,
        note=sent.note,
        row_version=version,
        by=by,
        at=at,
    )
    return Saved(answer.row_version)


def _texts(assessment: Assessment, criterion: Criterion, form: AnswerForm) -> tuple[str, str]:
    """Reason and note as sent; buttons of the conflict panel send neither and keep what stands."""
    if form.carries_text:
        return form.cleaned_data["reason"], form.cleaned_data["note"]
    stored = Answer.objects.filter(assessment=assessment, criterion=criterion).first()
    return (stored.reason, stored.note) if stored is not None else ("", "")


def save_all(
    assessment: Assessment, capability: Capability, data: Mapping[str, Any], *, by: User, at: datetime
) -> Outcome:
    """Every answer of the page that says something new; each stands or falls by itself."""
    rows = list(
        Criterion.objects.select_related("capability")
        .filter(capability__maturity_model=assessment.maturity_model, capability__slug=capability.id)
        .order_by("position")
    )
    stored = {a.criterion_id: a for a in Answer.objects.filter(assessment=assessment, criterion__in=rows)}
    outcome = Outcome()
    for row in rows:
        form = AnswerForm(data, key=key_of(row.slug))
        if form.is_valid() and (not form.is_sent or form.is_untouched(stored.get(row.pk))):
            continue
        result = save_one(assessment, row, form, by=by, at=at)
        if isinstance(result, Refusal):
            outcome.refusals[row.slug] = result
    upto = data.get("upto", "")
    if upto in {"1", "2", "3", "4"} and not outcome.refusals:
        outcome.filled = _fill(assessment, rows, int(upto), by=by, at=at)
    return outcome


def _fill(assessment: Assessment, rows: list[Criterion], upto: int, *, by: User, at: datetime) -> str:
    """Yes to everything up to a level that has no answer yet or "we do not know". A no and an N/A are left: never wiped."""
    stored = {a.criterion_id: a for a in Answer.objects.filter(assessment=assessment, criterion__in=rows)}
    filled = left = 0
    for row in rows:
        answer = stored.get(row.pk)
        if row.level > upto or (answer is not None and answer.value == Answer.Value.YES):
            continue
        if answer is not None and answer.value in {Answer.Value.NO, Answer.Value.NA}:
            left += 1
            continue
        record_answer(
            assessment=assessment,
            criterion=row,
            value=Answer.Value.YES,
            note=answer.note if answer is not None else "",
            row_version=answer.row_version if answer is not None else None,
            by=by,
            at=at,
        )
        filled += 1
    kept = f" {count_words(left, 'answer was', 'answers were')} left as they are." if left else ""
    return f"{count_words(filled, 'criterion is', 'criteria are')} answered with yes.{kept}"
