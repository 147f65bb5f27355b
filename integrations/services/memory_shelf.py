"""The rows of one stream: pages go in by short transactions of their own, each only while the lease still is ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.connectors.memory import Item, Stream
from integrations.models import Source, SourceStream, StreamItem
from integrations.models.stream import LONGEST_NAME

# An item that so many full readings in a row did not tell of is gone at the source.
GONE_AFTER = 2
_BATCH = 500
_DIGEST_LENGTH = 64
_FIELDS = ("long_key", "happened_at", "is_final", "changed_at", "data", "misses")

Holds = Callable[[], bool]


class LeaseLost(Exception):
    """Somebody else reads this connection by now; whoever meets this writes nothing more."""


class Shelf:
    """One stream of one source in the database. `row` says how far it was read."""

    def __init__(self, source: Source, stream: Stream, *, holds: Holds, at: datetime) -> None:
        self._holds = holds
        days = -(-stream.window // timedelta(days=1))
        with self._writing():
            self.row, _ = SourceStream.objects.update_or_create(
                source=source,
                name=stream.name,
                scope=_short(_storable(stream.scope)),
                defaults={"window_days": days, "asked_at": at},
            )

    def put(self, page: Iterable[Item]) -> set[str]:
        """Stores a page and gives the keys that it told of. An older word never replaces a newer one. Raises LeaseLost."""
        told = _newest(page)
        with self._writing():
            known = {row.key: row for row in StreamItem.objects.filter(stream=self.row, key__in=list(told))}
            changed = [row for key, item in told.items() if (row := self._changed(key, item, known.get(key)))]
            # Each key once: PostgreSQL refuses to touch a row twice in one statement.
            StreamItem.objects.bulk_create(
                changed,
                batch_size=_BATCH,
                update_conflicts=True,
                unique_fields=["stream", "key"],
                update_fields=_FIELDS,
            )
        return set(told)

    def _changed(self, key: str, item: Item, known: StreamItem | None) -> StreamItem | None:
        """The row to write, None when it stands as it is told."""
        full_key = _storable(item.key)
        row = StreamItem(
            stream=self.row,
            key=key,
            long_key="" if full_key == key else full_key,
            happened_at=item.happened_at,
            is_final=item.is_final,
            changed_at=item.changed_at,
            data=_storable(dict(item.data)),
        )
        if known is None:
            return row
        if _is_older(item.changed_at, known.changed_at):
            # It is there, so it was not missed; what it was is known better.
            return _told_of(known) if known.misses else None
        is_same = all(getattr(known, name) == getattr(row, name) for name in _FIELDS)
        return None if is_same else row

    def unfinished(self, since: datetime) -> dict[str, str]:
        """What has to be asked for again: our key -> the key as the source knows it."""
        rows = StreamItem.objects.filter(stream=self.row, is_final=False, happened_at__gte=since)
        return {
            key: long_key or key
            for key, long_key in rows.order_by("happened_at", "pk").values_list("key", "long_key")
        }

    def drop(self, keys: Collection[str]) -> None:
        """What the source no longer has. Raises LeaseLost."""
        with self._writing():
            StreamItem.objects.filter(stream=self.row, key__in=list(keys)).delete()

    def miss(self, since: datetime, until: datetime, told: Collection[str]) -> None:
        """Notes what a full reading of the span did not tell of, and drops what it missed too often. Raises LeaseLost.

        The edges of the span are left out: whether a listing counts them in differs from system to system.
        """
        with self._writing():
            inside = StreamItem.objects.filter(
                stream=self.row, happened_at__gt=since, happened_at__lt=until
            ).values_list("pk", "key", "misses")
            missed = [(pk, misses + 1) for pk, key, misses in inside if key not in told]
            for part in _parts([pk for pk, misses in missed if misses >= GONE_AFTER]):
                StreamItem.objects.filter(pk__in=part).delete()
            for part in _parts([pk for pk, misses in missed if misses < GONE_AFTER]):
                StreamItem.objects.filter(pk__in=part).update(misses=1)

    def mark(self, **moments: datetime) -> None:
        """Moves the marks of the stream. Raises LeaseLost."""
        for name, value in moments.items():
            setattr(self.row, name, value)
        with self._writing():
            self.row.save(update_fields=list(moments))

    def clear(self) -> None:
        """Forgets everything: the list is read anew. Raises LeaseLost."""
        with self._writing():
            StreamItem.objects.filter(stream=self.row).delete()
            self.row.watermark_at = self.row.covered_from_at = self.row.reconciled_at = None
            self.row.save(update_fields=["watermark_at", "covered_from_at", "reconciled_at"])

    def items(self, since: datetime, until: datetime | None = None) -> list[Item]:
        """What is known of the span, its edges among it; no until: everything since."""
        rows = StreamItem.objects.filter(stream=self.row, happened_at__gte=since)
        if until is not None:
            rows = rows.filter(happened_at__lte=until)
        found = rows.values_list("key", "long_key", "happened_at", "is_final", "data", "changed_at")
        return [
            Item(long_key or key, happened_at, is_final, data, changed_at)
            for key, long_key, happened_at, is_final, data, changed_at in found
        ]

    def count(self) -> int:
        return StreamItem.objects.filter(stream=self.row).count()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that begins with the proof that the lease is ours; the proof keeps it ours until the commit."""
        with transaction.atomic():
            if not self._holds():
                raise LeaseLost
            yield


def _newest(page: Iterable[Item]) -> dict[str, Item]:
    """The items of a page under our keys, each once: the last word of it, unless that is older."""
    found: dict[str, Item] = {}
    for item in page:
        key = _short(_storable(item.key))
        if key not in found or not _is_older(item.changed_at, found[key].changed_at):
            found[key] = item
    return found


def _is_older(changed_at: datetime | None, than: datetime | None) -> bool:
    return changed_at is not None and than is not None and changed_at < than


def _told_of(row: StreamItem) -> StreamItem:
    # Without its number, or the insert would trip over that and not over the key.
    row.pk, row.misses = None, 0
    return row


def _short(text: str) -> str:
    if len(text) <= LONGEST_NAME:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[: LONGEST_NAME - _DIGEST_LENGTH - 1]}~{digest}"


def _storable(value: Any) -> Any:
    """The value as PostgreSQL can keep it: NUL and halves of surrogate pairs would fail in the middle of a page."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(found) for key, found in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(found) for found in value]
    return value


def _parts(found: Sequence[int]) -> Iterable[Sequence[int]]:
    return (found[start : start + _BATCH] for start in range(0, len(found), _BATCH))
