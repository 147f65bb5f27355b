"""Filters that turn what queries return into what the shared components draw: `{% load assessment %}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from assessments.queries import words
from assessments.queries.capability_page import CriterionWhy
from assessments.queries.facts import FactLine
from assessments.queries.team_page import SignalLine
from assessments.queries.team_state import EvidenceLine
from assessments.scoring import SIGNAL_VALID_DAYS
from mlops_portal.lib import parts
from mlops_portal.lib.words import day_words

register = template.Library()


@register.filter
def as_fact(line: FactLine, team: str = "") -> parts.Fact:
    """A fact; what is wrong with it (out of date, source gone, newest try failed or held) is said behind what it counts.

    With the slug of a `team` it leads to all readings of its signal: for those who may see them.
    """
    notes = []
    if line.is_removed:
        notes.append("its source was removed")
    elif line.trouble:
        notes.append(f"the newest try failed: {line.trouble}")
    elif line.is_stale:
        notes.append(f"older than {SIGNAL_VALID_DAYS} days")
    if line.held:
        notes.append(f"the newest reading says {line.held} and waits for somebody to confirm it")
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
        history_url=reverse("assessments:signal-detail", args=[team, line.signal]) if team else "",
    )


@register.filter
def as_evidence(line: EvidenceLine) -> parts.Evidence:
    return parts.Evidence(line.title, line.url, line.form, line.valid_until, line.state)


@register.filter
def as_verdict(line: SignalLine, team: str) -> parts.Verdict:
    """What signals say of a criterion, with what they saw; leads to everything behind it."""
    notes = [f"Level {line.level} · {line.verdict.in_words}"]
    # A value can stand in several comparisons of a rule; it is told once.
    saw = dict.fromkeys(clause.told for clause in line.verdict.clauses)
    if saw:
        notes.append("; ".join(saw))
    return parts.Verdict(
        outcome="disputed" if line.status.is_disputed else line.verdict.verdict,
        text=line.text,
        notes=tuple(notes),
        url=reverse("assessments:criterion-detail", args=[team, line.id]),
    )


@register.filter
def seed_quote(quote: str) -> str:
    """A line of the seed document; what stands between two stars is strong there, and here."""
    plain, *rest = quote.split("**")
    pieces = [(False, plain), *((index % 2 == 0, piece) for index, piece in enumerate(rest))]
    return format_html_join(
        "", "{}", ((format_html("<strong>{}</strong>", p) if strong else p,) for strong, p in pieces)
    )


@register.filter
def capability_of(criterion: str) -> str:
    """The id of the capability that a criterion belongs to: ids of criteria begin with it."""
    return criterion.partition(".")[0]


@register.filter
def key(mapping: Mapping[str, Any], name: str) -> Any:
    """`{{ names|key:id }}`: what a mapping holds under a name that a variable has."""
    return mapping[name]


@register.filter
def as_outcome(line: CriterionWhy, team: str) -> parts.Verdict:
    """How a criterion of a team came out: sign, text, what carries it since when, what the team said; leads to the rest."""
    status, answer = line.status, line.answer
    notes = [status.in_words.capitalize() if status.status != "unknown" else _unknown(line)]
    if status.since_at is not None:
        by = f", by {status.by}" if status.by else ""
        notes[0] += f", since {_day(status.since_at)}: {status.cause_in_words}{by}"
    if line.dispute:
        notes.append(line.dispute)
    notes += [
        sentence
        for flag, sentence in zip(status.flags, status.flags_in_words, strict=True)
        if flag != "disputed"
    ]
    if answer is not None:
        who = f" by {answer.by}" if answer.by else ""
        notes.append(f"Answered: {answer.in_words}{who}, {_day(answer.answered_at)}, {answer.in_period}")
    return parts.Verdict(
        outcome=status.outcome,
        text=line.criterion.text,
        notes=tuple(notes),
        is_claim=status.support == "claimed",
        url=reverse("assessments:criterion-detail", args=[team, line.criterion.id]),
    )


def _day(at: datetime) -> str:
    return day_words(timezone.localtime(at).date())


def _unknown(line: CriterionWhy) -> str:
    if line.answer is None:
        return "Not answered, and no signal decides it"
    return "Not known"


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
