"""Small facts of sources, kept for their window, written only where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

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
# An observation with a value says that all versions were read; then a version that is not told of any more is gone.
_ALL_VERSIONS_READ = "mlflow.production_versions"


def store_facts(
    *,
    source: Source,
    collected: Collected,
    wanted_shas: Sequence[str],
    until: datetime,
    asked_row_version: int,
) -> int:
    """How many facts the source has told under that version of its mapping. Called inside the transaction of the collection.

    `source` still stands as the collection before left it.
    """
    told = {(fact.kind, fact.key[:300]): fact for fact in collected.facts}
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
    _drop(source, collected, known, told, wanted_shas, until)
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


def _drop(
    source: Source,
    collected: Collected,
    known: dict[tuple[FactKind, str], SourceFact],
    told: dict[tuple[FactKind, str], Fact],
    wanted_shas: Sequence[str],
    until: datetime,
) -> None:
    gone = Q(kind__in=[FactKind.TRAINING_RUN, FactKind.ALERT], happened_at__lt=until - KEPT)
    gone |= Q(kind=FactKind.DEPLOYMENT, happened_at__lt=until - KEPT_DEPLOYMENTS)
    gone |= Q(kind=FactKind.COMMIT) & ~Q(key__in=list(wanted_shas))
    all_versions = any(o.signal == _ALL_VERSIONS_READ and o.value is not None for o in collected.observations)
    if all_versions:
        stale = [row.pk for name, row in known.items() if name[0] is FactKind.VERSION and name not in told]
        gone |= Q(pk__in=stale)
    SourceFact.objects.filter(gone, source=source).delete()


def prune_removed(*, at: datetime) -> int:
    """How many facts of sources removed longer ago than the window were dropped."""
    return SourceFact.objects.filter(source__removed_at__lt=at - KEPT).delete()[0]
