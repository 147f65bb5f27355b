"""Which run, version or deployment is new behind a changed verdict, where a source of the team told of it.

The portal does not claim that one made the other: it names what happened between the two readings of a value that moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from assessments.models import VerdictChange
from assessments.queries.why_changed import value_moves
from assessments.services.verdicts import record_causes
from integrations.connectors.base import FactKind
from integrations.models import SourceFact
from mlops_portal.lib.words import day_words
from teams.models import Team

_TOLD = 3
# By the beginning of a signal's id: the facts that it counts, and the moment at which they enter it.
_COUNTED = (
    ("ci.training_", FactKind.TRAINING_RUN, "happened_at"),
    ("ci.scheduled_training_", FactKind.TRAINING_RUN, "happened_at"),
    ("ci.event_training_", FactKind.TRAINING_RUN, "happened_at"),
    ("deploy.", FactKind.DEPLOYMENT, "happened_at"),
    ("mlflow.production_", FactKind.VERSION, "live_since_at"),
    ("mlflow.lineage_", FactKind.VERSION, "live_since_at"),
    ("mlflow.versions_", FactKind.VERSION, "happened_at"),
    ("mlflow.registered_", FactKind.VERSION, "happened_at"),
)


def name_causes(*, team: Team, at: datetime) -> int:
    """How many verdicts that changed at that very moment now name what is new behind them. Call after the facts are stored."""
    changes = [
        change
        for change in VerdictChange.objects.filter(team=team, at=at).exclude(before="")
        if not change.causes
    ]
    named = 0
    if not changes:
        return named
    facts = list(SourceFact.objects.filter(source__team=team).exclude(kind=FactKind.COMMIT))
    for change in changes:
        causes = _causes(change, facts)
        if causes:
            record_causes(change=change, causes=causes)
            named += 1
    return named


def _causes(change: VerdictChange, facts: Iterable[SourceFact]) -> list[dict[str, Any]]:
    """The newest few facts that came in between, newest first."""
    found: dict[int, tuple[datetime, SourceFact, str]] = {}
    for move in value_moves(change.because_before, change.because):
        since, until = _read(change.because_before, move.signal), _read(change.because, move.signal)
        counted = next((one for one in _COUNTED if move.signal.startswith(one[0])), None)
        if counted is None or since is None or until is None:
            continue
        _, kind, moment = counted
        for fact in facts:
            entered: datetime | None = getattr(fact, moment)
            if fact.kind == kind and entered is not None and since < entered <= until:
                found[fact.pk] = (entered, fact, moment)
    newest = sorted(found.values(), key=lambda one: (one[0], one[1].pk), reverse=True)[:_TOLD]
    return [
        {"text": _told(fact, moment, entered), "url": fact.url, "happened_at": entered.isoformat()}
        for entered, fact, moment in newest
    ]


def _read(kept: Mapping[str, Any], signal: str) -> datetime | None:
    """When the value was read last."""
    days = [one["read_at"] for one in kept.get("readings", ()) if one["signal"] == signal]
    return max(map(datetime.fromisoformat, days), default=None)


def _told(fact: SourceFact, moment: str, entered: datetime) -> str:
    """ "churn version 4, live since 5 Nov 2026"."""
    day = day_words(entered.date())
    if fact.kind == FactKind.TRAINING_RUN:
        return f"training run {fact.key} of {day}"
    if fact.kind == FactKind.DEPLOYMENT:
        return f"deployment {fact.number or fact.key} to {fact.name or 'production'} of {day}"
    name = f"{fact.name} version {fact.number}" if fact.name else fact.key
    return f"{name}, live since {day}" if moment == "live_since_at" else f"{name}, registered {day}"
