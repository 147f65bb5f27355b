"""Small facts of sources, kept for their window, written only where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from assessments.pooling import COULD_NOT_READ
from assessments.vocabulary import Reason, group_of
from integrations.connectors.base import Collected, Fact, FactKind
from integrations.models import Source, SourceFact

# The longest window of a signal that is made of facts, and a little for clocks.
KEPT = timedelta(days=92)
# A version that went live between two readings further apart than this did so nobody knows when.
WATCHED = timedelta(days=2)
# What is live may have been live for long; its trace still names the deployment.
KEPT_DEPLOYMENTS = timedelta(days=400)
_FIELDS = (
    *("sha", "happened_at", "started_at", "finished_at", "is_live", "has_run", "has_digest", "url"),
    *("name", "number", "run_id", "run_url", "digest"),
)
# What is not told in full is told in part: names and addresses come from outside and know no length.
_LONGEST = {"sha": 64, "url": 2000, "name": 300, "number": 100, "run_id": 200, "run_url": 2000, "digest": 200}
# The signal that says whether facts of the kind could be read. With a value of the last, all versions were: then one that is
# not told of any more is gone.
_READ_WITH = {
    FactKind.COMMIT: "repo.connected",
    FactKind.TRAINING_RUN: "ci.training_runs_90d",
    FactKind.DEPLOYMENT: "deploy.count_90d",
    FactKind.ALERT: "monitoring.drift_rules",
    FactKind.VERSION: "mlflow.production_versions",
}


def store_facts(
    *,
    source: Source,
    collected: Collected,
    wanted_shas: Sequence[str],
    until: datetime,
    asked_row_version: int,
    held_groups: frozenset[str] = frozenset(),
) -> int:
    """How many facts the source has told under that version of its mapping. Called inside the transaction of the collection.

    `source` still stands as the collection before left it; afterwards it names the mapping that all its facts are of, or none
    (0) where they are older than the reading. `held_groups` wait for a person: nothing goes with them, and versions, which
    change, stand as they were.
    """
    held_kinds = {kind for kind, signal in _READ_WITH.items() if group_of(signal) in held_groups}
    told = {
        (fact.kind, fact.key[:300]): fact
        for fact in collected.facts
        if fact.kind is not FactKind.VERSION or fact.kind not in held_kinds
    }
    known = {(FactKind(row.kind), row.key): row for row in SourceFact.objects.filter(source=source)}
    watched_since = _watched_since(source, until, asked_row_version)
    SourceFact.objects.bulk_create(
        [
            _row(source, fact, until if _is_seen_going_live(None, fact, watched_since) else None)
            for name, fact in told.items()
            if name not in known
        ],
        batch_size=500,
    )
    changed = []
    for name, fact in told.items():
        row = known.get(name)
        if row is None:
            continue
        if _is_seen_going_live(row, fact, watched_since):
            row.live_since_at = row.live_since_at or until
        if _take(row, fact):
            changed.append(row)
    SourceFact.objects.bulk_update(changed, (*_FIELDS, "live_since_at"), batch_size=500)
    untold = [row for name, row in known.items() if name not in told]
    is_other_mapping = source.facts_row_version != asked_row_version
    gone = {
        row.pk
        for row in untold
        if row.kind not in held_kinds
        and _is_gone(row, collected, wanted_shas, until, is_other_mapping=is_other_mapping)
    }
    SourceFact.objects.filter(pk__in=gone).delete()
    if FactKind.VERSION in held_kinds:
        # When it ends nobody can say what went live meanwhile.
        source.facts_row_version = 0
    elif all(row.pk in gone or FactKind(row.kind) is FactKind.VERSION for row in untold):
        source.facts_row_version = asked_row_version
    return len(told)


def _watched_since(source: Source, until: datetime, asked_row_version: int) -> datetime | None:
    """The last reading, where it is near enough and asked for the same: only then something new has happened since."""
    before = source.last_read_at
    is_comparable = source.facts_row_version == asked_row_version
    return before if is_comparable and before is not None and until - before <= WATCHED else None


def _is_seen_going_live(row: SourceFact | None, fact: Fact, watched_since: datetime | None) -> bool:
    """Whether the version was not live at the last reading, and is now."""
    if watched_since is None or fact.kind is not FactKind.VERSION or not fact.is_live:
        return False
    return fact.happened_at > watched_since if row is None else not row.is_live


def _row(source: Source, fact: Fact, live_since_at: datetime | None) -> SourceFact:
    row = SourceFact(source=source, kind=fact.kind.value, key=fact.key[:300], live_since_at=live_since_at)
    _take(row, fact)
    return row


def _take(row: SourceFact, fact: Fact) -> bool:
    """Whether the row differed from the fact; afterwards it does not."""
    values = {name: getattr(fact, name) for name in _FIELDS}
    values |= {name: values[name][:longest] for name, longest in _LONGEST.items()}
    values["sha"] = values["sha"].lower()
    is_other = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    return is_other


def _is_gone(
    row: SourceFact,
    collected: Collected,
    wanted_shas: Sequence[str],
    until: datetime,
    *,
    is_other_mapping: bool,
) -> bool:
    """Whether a fact that the source does not tell any more goes: it is too old, was looked for, or is of another mapping.

    What could not be read now proves nothing about the facts of its kind: they stay.
    """
    kind = FactKind(row.kind)
    if kind is FactKind.COMMIT:
        return is_other_mapping or row.key not in wanted_shas or row.key in collected.checked_shas
    reasons = [one.reason for one in collected.observations if one.signal == _READ_WITH[kind]]
    if kind is FactKind.VERSION:
        return reasons == [""]
    kept = KEPT_DEPLOYMENTS if kind is FactKind.DEPLOYMENT else KEPT
    if row.happened_at < until - kept:
        return True
    # Nowhere to look is what the mapping says now.
    is_read = any(one not in COULD_NOT_READ or one == Reason.NOT_CONFIGURED for one in reasons)
    return is_other_mapping and is_read


def prune_removed(*, at: datetime) -> int:
    """How many facts of sources removed longer ago than the window were dropped."""
    return SourceFact.objects.filter(source__removed_at__lt=at - KEPT).delete()[0]
