"""Filters that turn what queries return into what the shared components draw: `{% load assessment %}`."""

from __future__ import annotations

from django import template

from assessments.queries import words
from assessments.queries.capability_page import CriterionWhy
from assessments.queries.facts import FactLine
from assessments.queries.team_page import SignalLine
from assessments.queries.team_state import EvidenceLine
from assessments.scoring import SIGNAL_VALID_DAYS
from mlops_portal.lib import parts

register = template.Library()


@register.filter
def as_fact(line: FactLine) -> parts.Fact:
    """A fact; what is wrong with it (out of date, source gone, newest try failed) is said behind what it counts."""
    notes = []
    if line.is_removed:
        notes.append("its source was removed")
    elif line.trouble:
        notes.append(f"the newest try failed: {line.trouble}")
    elif line.is_stale:
        notes.append(f"older than {SIGNAL_VALID_DAYS} days")
    what = f"{line.what} ({'; '.join(notes)})" if notes else line.what
    return parts.Fact(
        what=what,
        value=line.value,
        unknown=line.unknown,
        sample=line.sample,
        window=line.window,
        at=line.at,
        source=line.source,
        url=line.url,
    )


@register.filter
def as_evidence(line: EvidenceLine) -> parts.Evidence:
    return parts.Evidence(line.title, line.url, line.form, line.valid_until, line.state)


@register.filter
def as_verdict(line: SignalLine) -> parts.Verdict:
    """What signals say of a criterion, with the comparisons that decided it."""
    said = f"signals say {line.verdict.verdict}, read {line.verdict.read_on.day} {line.verdict.read_on:%b %Y}"
    saw = "; ".join(
        f"{clause.saw or clause.unknown} {words.signal_phrase(clause.signal)}"
        for clause in line.verdict.clauses
    )
    return parts.Verdict(
        outcome="disputed" if line.status.is_disputed else line.verdict.verdict,
        text=line.text,
        notes=(f"Level {line.level} · {said}", *((saw,) if saw else ())),
    )


@register.filter
def as_outcome(line: CriterionWhy) -> parts.Verdict:
    """How a criterion of a team came out: sign, text, and what carries it."""
    notes = [line.status.in_words if line.status.status != "unknown" else _unknown(line)]
    if line.dispute:
        notes.append(line.dispute)
    return parts.Verdict(
        outcome=line.status.outcome,
        text=line.criterion.text,
        notes=tuple(notes),
        is_claim=line.status.support == "claimed",
    )


def _unknown(line: CriterionWhy) -> str:
    if line.answer is None:
        return "not answered, and no signal decides it"
    return f'answered "{line.answer.in_words.lower()}"' if line.answer.value == "unknown" else "not known"


@register.filter
def three_in_words(item: object) -> str:
    """ "level 2 (verified 1, up to 3)" of anything that has the three numbers."""
    numbers = (getattr(item, name, None) for name in ("verified", "level", "potential"))
    return words.three_words(*numbers)


@register.filter
def signal_words(name: str) -> str:
    return words.signal_phrase(name)


@register.filter
def answer_words(value: str) -> str:
    return words.ANSWER_WORDS.get(value, value)


@register.filter
def of_one(count: int, one_and_many: str) -> str:
    """`{{ 3|of_one:"criterion,criteria" }}`: "3 criteria"."""
    one, _, many = one_and_many.partition(",")
    return words.count_words(count, one, many)
