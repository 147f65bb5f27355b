"""Re-derive verdicts from readings, calmly (RULINGS 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from assessments import because, rules
from assessments.catalog.schema import Automation
from assessments.models import MaturityModel, Verdict
from assessments.pooling import COULD_NOT_READ, Pooled
from assessments.queries import catalog
from assessments.queries.readings import pooled_readings
from teams.models import Team


@dataclass(frozen=True, slots=True)
class Derived:
    """Which verdicts of a team are new or different, and whether any row was written (a fresh day counts).

    `overturned` are those that were there and say something else now.
    """

    changed: tuple[str, ...]
    is_written: bool
    overturned: tuple[str, ...] = ()


def derive_verdicts(
    *,
    team: Team,
    maturity_model: MaturityModel,
    signals: Iterable[str],
    read: Collection[str],
    at: datetime,
    immediate: bool,
) -> Derived:
    """Verdicts of every criterion whose rule reads one of `signals`. Call inside the transaction that stored them.

    A first verdict and an `immediate` one stand at once; another one from the schedule waits for a second reading on
    another day. What could not be read changes no verdict: it ages from the day it was read. `read` are those of `signals`
    that could be read now: without one of them this is no second reading, whatever still stands from the first.
    """
    touched = frozenset(signals)
    ruled = {
        criterion.id: criterion.auto
        for criterion in catalog.model_file(maturity_model).criteria()
        if criterion.auto is not None and touched.intersection(rules.signals_of(criterion.auto.rule))
    }
    wanted = {signal for auto in ruled.values() for signal in rules.signals_of(auto.rule)}
    pooled = pooled_readings(team, wanted, at.date())
    ids = catalog.rows(maturity_model).criteria
    stored = {
        verdict.criterion_id: verdict
        for verdict in Verdict.objects.filter(team=team, criterion__in=[ids[name] for name in ruled])
    }
    changed: list[str] = []
    overturned: list[str] = []
    is_written = False
    for name, auto in ruled.items():
        fresh = _fresh(team, ids[name], auto, pooled, at)
        before = stored.get(ids[name])
        if fresh is None:
            continue
        if before is None:
            fresh.save()
            changed.append(name)
            continue
        is_reading = not frozenset(read).isdisjoint(rules.signals_of(auto.rule))
        if _settle(before, fresh, at, immediate=immediate and is_reading, is_reading=is_reading):
            overturned.append(name)
        is_written = True
    changed += overturned
    return Derived(tuple(changed), is_written or bool(changed), tuple(overturned))


def _fresh(
    team: Team, criterion_id: int, auto: Automation, pooled: Mapping[str, Pooled], at: datetime
) -> Verdict | None:
    """What the rule says now; None when none of its signals was ever read, or too little could be read to say."""
    names = rules.signals_of(auto.rule)
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
        because={
            "clauses": [because.as_json(clause) for clause in because.clauses(auto.rule, readings)],
            "blind": is_blind,
        },
        changed_at=at,
    )


def _is_blind(names: Iterable[str], pooled: Mapping[str, Pooled]) -> bool:
    """Whether a signal of the rule could not be read, or not by all: then "unknown" says nothing about the team."""
    return any(
        name not in pooled or pooled[name].is_partial or pooled[name].reading.reason in COULD_NOT_READ
        for name in names
    )


def _settle(before: Verdict, fresh: Verdict, at: datetime, *, immediate: bool, is_reading: bool) -> bool:
    """Bring the stored verdict up to date; True when it says something else now."""
    if fresh.because["blind"] and before.verdict != Verdict.Value.UNKNOWN:
        return False  # it stands and ages from its own day
    today = at.date()
    if fresh.verdict == before.verdict:
        before.read_on = fresh.read_on
        before.pending_verdict, before.pending_since = "", None
        before.because = fresh.because
        before.is_deciding = fresh.is_deciding
        before.save()
        return False
    agreed = is_reading and before.pending_verdict == fresh.verdict and before.pending_since is not None
    if immediate or (agreed and before.pending_since is not None and before.pending_since < today):
        before.verdict = fresh.verdict
        before.read_on = fresh.read_on
        before.is_deciding = fresh.is_deciding
        before.because = fresh.because
        before.pending_verdict, before.pending_since = "", None
        before.changed_at = at
        before.save()
        return True
    if is_reading and not agreed:
        before.pending_verdict, before.pending_since = fresh.verdict, today
        before.save(update_fields=["pending_verdict", "pending_since"])
    return False
