"""Re-derive verdicts from readings, calmly (RULINGS 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from assessments import because, rules
from assessments.catalog.schema import Automation
from assessments.models import MaturityModel, Verdict, VerdictChange
from assessments.pooling import COULD_NOT_READ, Pooled, SourceReading, as_json, pool_signals
from assessments.queries import catalog
from assessments.queries.readings import source_readings
from teams.models import Team


@dataclass(frozen=True, slots=True)
class Derived:
    """Which verdicts of a team are new or different, and whether any row was written (a fresh day counts).

    `overturned` are those that were there and say something else now.
    """

    changed: tuple[str, ...]
    is_written: bool
    overturned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """When, how, by whom and from which source the readings came that verdicts are derived from."""

    at: datetime
    how: VerdictChange.How
    by_name: str = ""
    source: str = ""

    @property
    def is_immediate(self) -> bool:
        """What a person asked for or a system sent speaks at once; the schedule waits for a second day."""
        return self.how != VerdictChange.How.SCHEDULE


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the signals: of each source, and pooled; and the name of the model whose rules read them."""

    sources: Mapping[str, Sequence[SourceReading]]
    pooled: Mapping[str, Pooled]
    model: str


def derive_verdicts(
    *,
    team: Team,
    maturity_model: MaturityModel,
    signals: Iterable[str],
    read: Collection[str],
    occasion: Occasion,
) -> Derived:
    """Verdicts of every criterion whose rule reads one of `signals`. Call inside the transaction that stored them.

    A first verdict and an immediate one stand at once; another one from the schedule waits for a second reading on
    another day, also when something else is read at once meanwhile. What could not be read changes no verdict: it ages from the day it was read. `read` are those of `signals`
    that could be read now: without one of them this is no second reading, whatever still stands from the first.
    """
    at = occasion.at
    touched, read_now = frozenset(signals), frozenset(read)
    ruled = {
        criterion.id: criterion.auto
        for criterion in catalog.model_file(maturity_model).criteria()
        if criterion.auto is not None and touched.intersection(rules.signals_of(criterion.auto.rule))
    }
    wanted = {signal for auto in ruled.values() for signal in rules.signals_of(auto.rule)}
    sources = source_readings(team, wanted, at.date())
    known = _Known(sources, pool_signals(sources), f"{maturity_model.key}/{maturity_model.version}")
    ids = catalog.rows(maturity_model).criteria
    stored = {
        verdict.criterion_id: verdict
        for verdict in Verdict.objects.filter(team=team, criterion__in=[ids[name] for name in ruled])
    }
    changed: list[str] = []
    overturned: list[str] = []
    told: list[VerdictChange] = []
    is_written = False
    for name, auto in ruled.items():
        fresh = _fresh(team, ids[name], auto, known, at)
        before = stored.get(ids[name])
        if fresh is None:
            continue
        change = _change(before, fresh, occasion)
        if before is None:
            fresh.save()
            changed.append(name)
            told.append(change)
            continue
        if _settle(before, fresh, occasion, read_now.intersection(rules.signals_of(auto.rule))):
            overturned.append(name)
            told.append(change)
        is_written = True
    changed += overturned
    VerdictChange.objects.bulk_create(told)
    return Derived(tuple(changed), is_written or bool(changed), tuple(overturned))


def _change(before: Verdict | None, fresh: Verdict, occasion: Occasion) -> VerdictChange:
    """What is told of the verdict, should it come to stand."""
    return VerdictChange(
        team=fresh.team,
        criterion_id=fresh.criterion_id,
        before="" if before is None else before.verdict,
        after=fresh.verdict,
        at=occasion.at,
        how=occasion.how,
        by=occasion.by_name[:160],
        first_said_on=None if before is None or occasion.is_immediate else before.pending_since,
        because_before={} if before is None else before.because,
        because=fresh.because,
    )


def _fresh(team: Team, criterion_id: int, auto: Automation, known: _Known, at: datetime) -> Verdict | None:
    """What the rule says now; None when none of its signals was ever read, or too little could be read to say."""
    names, pooled = rules.signals_of(auto.rule), known.pooled
    read = [pooled[name] for name in names if name in pooled]
    if not any(one.reading.reason not in COULD_NOT_READ for one in read):
        return None
    readings = {name: pooled[name].reading for name in names if name in pooled}
    verdict = rules.decide(auto.rule, readings)
    is_blind = verdict is rules.Verdict.UNKNOWN and _is_blind(names, pooled)
    return Verdict(
        team=team,
        criterion_id=criterion_id,
        verdict=verdict.value,
        is_deciding=auto.mode == "decide",
        read_on=min(one.read_on for one in read if one.reading.reason not in COULD_NOT_READ),
        because=because.kept(
            auto.rule,
            readings,
            sources=[as_json(name, one) for name in names for one in known.sources.get(name, ())],
            model=known.model,
            is_blind=is_blind,
        ),
        changed_at=at,
    )


def _is_blind(names: Iterable[str], pooled: Mapping[str, Pooled]) -> bool:
    """Whether a signal of the rule could not be read, or not by all: then "unknown" says nothing about the team."""
    return any(
        name not in pooled or pooled[name].is_partial or pooled[name].reading.reason in COULD_NOT_READ
        for name in names
    )


def _settle(before: Verdict, fresh: Verdict, occasion: Occasion, read: Collection[str]) -> bool:
    """Bring the stored verdict up to date; True when it says something else now."""
    if fresh.because["blind"] and before.verdict != Verdict.Value.UNKNOWN:
        return False  # it stands and ages from its own day
    if fresh.verdict == before.verdict:
        before.read_on = fresh.read_on
        before.pending_verdict, before.pending_since = "", None
        before.because = fresh.because
        before.is_deciding = fresh.is_deciding
        before.save()
        return False
    first_said_on = before.pending_since if before.pending_verdict == fresh.verdict else None
    if _is_sure(before, fresh, occasion, read, first_said_on):
        before.verdict = fresh.verdict
        before.read_on = fresh.read_on
        before.is_deciding = fresh.is_deciding
        before.because = fresh.because
        before.pending_verdict, before.pending_since = "", None
        before.changed_at = occasion.at
        before.save()
        return True
    if read and first_said_on is None:
        before.pending_verdict, before.pending_since = fresh.verdict, occasion.at.date()
        before.save(update_fields=["pending_verdict", "pending_since"])
    return False


def _is_sure(
    before: Verdict, fresh: Verdict, occasion: Occasion, read: Collection[str], first_said_on: date | None
) -> bool:
    """Whether all that moved was asked for or sent, or was read again on a later day than the one that first said so.

    A day on which it could not be read is no second reading: the last good one merely stands. Otherwise one odd reading
    and a night without network would turn a verdict over. Nor is another signal or source that is read at once meanwhile.
    """
    kept = {_key(one): one for one in before.because.get("readings", ())}
    good = [
        one
        for one in fresh.because["readings"]
        if one["reason"] not in COULD_NOT_READ and not one["is_removed"]
    ]
    moved = [one for one in good if _said(kept.get(_key(one), {})) != _said(one)]
    if not kept or not moved:
        is_asked_for = occasion.is_immediate and bool(read)
        return is_asked_for or _is_after(max((_day(one) for one in good), default=date.min), first_said_on)
    return all(
        (occasion.is_immediate and one["source"] == occasion.source and one["signal"] in read)
        or not is_collected(one["source"])
        or _is_after(_day(one), first_said_on)
        for one in moved
    )


def is_collected(source: str) -> bool:
    """Only connections are collected; every other source sends by itself, and means it."""
    return source.startswith("connection:")


def _is_after(day: date, first_said_on: date | None) -> bool:
    return first_said_on is not None and day > first_said_on


def _key(reading: Mapping[str, Any]) -> tuple[str, str]:
    return reading["signal"], reading["source"]


def _said(reading: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(reading.get(name) for name in ("value", "reason", "bound"))


def _day(reading: Mapping[str, Any]) -> date:
    return datetime.fromisoformat(reading["read_at"]).date()


def record_causes(*, change: VerdictChange, causes: Sequence[Mapping[str, Any]]) -> None:
    """Keep what is new behind a change of a verdict: [{"text", "url", "happened_at"}]. Nothing else of it ever changes."""
    change.causes = [dict(cause) for cause in causes]
    change.save(update_fields=["causes"])
