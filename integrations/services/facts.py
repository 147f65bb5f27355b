"""Small facts of sources, kept for their window, written only where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from integrations.connectors.base import Collected, Fact, FactKind
from integrations.models import Source, SourceFact

# The longest window of a signal that is made of facts, and a little for clocks.
KEPT = timedelta(days=92)
_FIELDS = ("sha", "happened_at", "started_at", "finished_at", "is_live", "has_run", "has_digest", "url")
# An observation with a value says that all versions were read; then a version that is not told of any more is gone.
_ALL_VERSIONS_READ = "mlflow.production_versions"


def store_facts(*, source: Source, collected: Collected, wanted_shas: Sequence[str], until: datetime) -> int:
    """How many facts the source has told. Called inside the transaction of the collection."""
    told = {(fact.kind, fact.key[:300]): fact for fact in collected.facts}
    known = {(FactKind(row.kind), row.key): row for row in SourceFact.objects.filter(source=source)}
    SourceFact.objects.bulk_create(
        [_row(source, fact) for name, fact in told.items() if name not in known], batch_size=500
    )
    changed = [known[name] for name, fact in told.items() if name in known and _take(known[name], fact)]
    SourceFact.objects.bulk_update(changed, _FIELDS, batch_size=500)
    _drop(source, collected, known, told, wanted_shas, until)
    return len(told)


def _row(source: Source, fact: Fact) -> SourceFact:
    row = SourceFact(source=source, kind=fact.kind.value, key=fact.key[:300])
    _take(row, fact)
    return row


def _take(row: SourceFact, fact: Fact) -> bool:
    """Whether the row differed from the fact; afterwards it does not."""
    values = {name: getattr(fact, name) for name in _FIELDS}
    values["sha"], values["url"] = fact.sha[:64].lower(), fact.url[:2000]
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
    gone = Q(kind=FactKind.TRAINING_RUN, happened_at__lt=until - KEPT)
    gone |= Q(kind=FactKind.COMMIT) & ~Q(key__in=list(wanted_shas))
    all_versions = any(o.signal == _ALL_VERSIONS_READ and o.value is not None for o in collected.observations)
    if all_versions:
        stale = [row.pk for name, row in known.items() if name[0] is FactKind.VERSION and name not in told]
        gone |= Q(pk__in=stale)
    SourceFact.objects.filter(gone, source=source).delete()


def prune_removed(*, at: datetime) -> int:
    """How many facts of sources removed longer ago than the window were dropped."""
    return SourceFact.objects.filter(source__removed_at__lt=at - KEPT).delete()[0]
