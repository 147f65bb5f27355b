"""Why a verdict changed: which value moved from what to what, on which day, how it was read, and what stands in the way now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from assessments.models import Reading, VerdictChange
from assessments.pooling import COULD_NOT_READ
from assessments.queries import words
from assessments.queries.explaining import SeenAt, seen_at, version_words
from assessments.scoring import SIGNAL_VALID_DAYS
from mlops_portal.lib.words import day_words
from teams.models import Team
from teams.queries.machines import Who, unnamed

_TOLD = 10
_HELD = {True: "held", False: "did not hold", None: "was open"}
_HOLDS = {True: "holds", False: "does not hold", None: "is open"}
_LABELS = {"guard": "the rule speaks with", "yes_if": "yes takes", "no_if": "no takes"}


@dataclass(frozen=True, slots=True)
class ValueMove:
    """One value before and after. `thresholds` are those that it crossed; `seen_at` is where the new value comes from."""

    signal: str
    moved: str
    thresholds: tuple[str, ...]
    seen_at: tuple[SeenAt, ...]


@dataclass(frozen=True, slots=True)
class CauseLine:
    """A run, version or deployment that a source told of between the two readings."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class VerdictMove:
    """A verdict before (empty: there was none) and after, when, how it came to stand, and what moved."""

    at: datetime
    before: str
    after: str
    how: str
    by: str
    values: tuple[ValueMove, ...]
    causes: tuple[CauseLine, ...]
    new_rule: str = ""

    @property
    def in_words(self) -> str:
        """ "From yes to no"; "First verdict: yes"."""
        return f"From {self.before} to {self.after}" if self.before else f"First verdict: {self.after}"


@dataclass(frozen=True, slots=True)
class Since:
    """How often a verdict changed since a day, and all of it as one change; None where it is what it was then."""

    count: int
    whole: VerdictMove | None


def verdict_moves(
    team: Team, criterion: int, *, limit: int = _TOLD, who: Who = unnamed
) -> tuple[VerdictMove, ...]:
    """At most `limit` changes of what signals say of a criterion (its row id), newest first. One query."""
    rows = VerdictChange.objects.filter(team=team, criterion=criterion).order_by("-at", "-pk")[:limit]
    return tuple(verdict_move(row, who) for row in rows)


def moved_since(team: Team, criterion: int, since: date, *, who: Who = unnamed) -> Since:
    """What changed from the end of that day until now, taken together. One query."""
    begin = datetime.combine(since + timedelta(days=1), time.min, tzinfo=UTC)
    rows = list(
        VerdictChange.objects.filter(team=team, criterion=criterion, at__gte=begin).order_by("at", "pk")
    )
    if not rows or rows[0].before == rows[-1].after:
        return Since(len(rows), None)
    first, last = rows[0], rows[-1]
    whole = replace(
        verdict_move(last, who),
        before=first.before,
        values=tuple(value_moves(first.because_before, last.because)),
        new_rule=_new_rule(first.because_before, last.because),
    )
    return Since(len(rows), whole)


def verdict_move(row: VerdictChange, who: Who = unnamed) -> VerdictMove:
    return VerdictMove(
        at=row.at,
        before=row.before,
        after=row.after,
        how=_how(row),
        by=who(row.by),
        values=tuple(value_moves(row.because_before, row.because)),
        causes=tuple(CauseLine(cause["text"], cause["url"]) for cause in row.causes),
        new_rule=_new_rule(row.because_before, row.because),
    )


def _how(row: VerdictChange) -> str:
    if row.how == VerdictChange.How.NOW:
        return "At once, for somebody asked for the collection."
    if row.how == VerdictChange.How.PUSH:
        return "At once, for a system sent the value."
    if row.first_said_on is None:
        return "By the schedule."
    days = f"{day_words(row.first_said_on)} and {day_words(row.at.astimezone(UTC).date())}"
    return f"By the schedule: the readings of {days} agreed."


def value_moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ValueMove]:
    """Each value of the rule that is another one now, in the order of the rule. Both are what was kept with verdicts."""
    then, now = _by_signal(before), _by_signal(after)
    for signal, clauses in now.items():
        earlier = then.get(signal)
        if earlier is not None and _value(earlier[0]) == _value(clauses[0]):
            continue
        yield ValueMove(
            signal=signal,
            moved=_moved(signal, earlier[0] if earlier else None, clauses),
            thresholds=tuple(_crossed(signal, earlier or [], clauses)),
            seen_at=seen_at(signal, after.get("readings", ())),
        )


def _by_signal(kept: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for clause in kept.get("clauses", ()):
        found[clause["signal"]].append(clause)
    return dict(found)


def _value(clause: Mapping[str, Any]) -> tuple[Any, str, str]:
    return clause["value"], clause["bound"], clause["reason"]


def _moved(signal: str, before: Mapping[str, Any] | None, after: Sequence[Mapping[str, Any]]) -> str:
    """ "What share of CI runs on the default branch passed: from 92 % to 55 %"."""
    what = words.question_words(signal)
    now = _told(signal, after[0], after[0]["threshold"])
    if before is None:
        return f"{what[:1].upper()}{what[1:]}: {now}"
    then = _told(signal, before, after[0]["threshold"])
    if then == now:
        # Two values that read alike are told more finely.
        then, now = _told(signal, before, after[0]["value"]), _told(signal, after[0], before["value"])
    return f"{what[:1].upper()}{what[1:]}: from {then} to {now}"


def _told(signal: str, clause: Mapping[str, Any], beside: words.SignalValue) -> str:
    if clause["value"] is None:
        return f"unknown ({words.reason_words(clause['reason'])})"
    return words.seen_words(signal, clause["value"], clause["bound"], beside)


def _crossed(
    signal: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    then = {(c["part"], c["op"], c["threshold"]): c["holds"] for c in before}
    for clause in after:
        held = then.get((clause["part"], clause["op"], clause["threshold"]))
        asks = words.threshold_words(signal, clause["op"], clause["threshold"])
        label = f"{_LABELS[clause['part']]} {asks}"
        if not before:
            yield f"{label}: {_HOLDS[clause['holds']]}"
        elif held is not clause["holds"]:
            yield f"{label}: {_HELD[held]}, now {_HOLDS[clause['holds']]}"


def _new_rule(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The rule in force since, where it is another one than before."""
    then, now = version_words(before), version_words(after)
    return now if then and now and then != now else ""


def standing_notes(
    team: Team, signals: Iterable[str], as_of: date, *, pending: str = "", pending_since: date | None = None
) -> tuple[str, ...]:
    """What stands in the way of the verdict now: a newer reading that waits, what cannot be read, sources that went. One query."""
    notes: list[str] = []
    if pending and pending_since is not None:
        says = "cannot say" if pending == "unknown" else f"says {pending}"
        notes.append(
            f"A newer reading {says} since {day_words(pending_since)}. "
            f"One more reading on another day that agrees will change this to {pending}."
        )
    lost: dict[str, list[str]] = {}
    for row in (
        Reading.objects.filter(team=team, signal__in=list(signals))
        .select_related("latest", "good")
        .order_by("signal", "source")
    ):
        note = _lost(row, as_of)
        if note:
            lost.setdefault(note, []).append(words.question_words(row.signal))
    return (*notes, *(f"{note} It tells {words.list_words(what)}." for note, what in lost.items()))


def _lost(row: Reading, as_of: date) -> str:
    """Why one source does not speak for a signal any more; empty while it does."""
    source = words.source_words(row.source, row.latest.url or (row.good.url if row.good is not None else ""))
    if row.removed_at is not None:
        said = f"The source {source} was removed on {day_words(row.removed_at.astimezone(UTC).date())}."
    elif row.latest.reason in COULD_NOT_READ and row.latest_id != row.good_id:
        since = day_words(row.latest.observed_at.astimezone(UTC).date())
        said = (
            f"No longer readable at {source} since {since}, because {words.reason_words(row.latest.reason)}."
        )
        if row.good is None:
            return f"Not readable at {source} since {since}, because {words.reason_words(row.latest.reason)}."
    else:
        return ""
    if row.read_at is None:
        return said
    read_on = row.read_at.astimezone(UTC).date()
    until = read_on + timedelta(days=SIGNAL_VALID_DAYS)
    if as_of <= until:
        return f"{said} The reading of {day_words(read_on)} stands until {day_words(until)}."
    stale_on = day_words(until + timedelta(days=1))
    return f"{said} The reading of {day_words(read_on)} is out of date since {stale_on}."
