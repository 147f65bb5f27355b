"""The credentials of connections: sealed under the key ring, opened right before use, never given to a page or a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import QuerySet

from integrations.models import Connection, InboundHook
from integrations.queries.credentials import key_ring, place_of, request_headers, secrets_of
from integrations.queries.inbound import place_of as hook_place
from mlops_portal.lib.secrets import CannotDecrypt, Place, key_id_of

__all__ = [
    "Rotated",
    "key_ring",
    "keys_in_use",
    "place_of",
    "request_headers",
    "rotate_keys",
    "seal",
    "secrets_of",
]

BATCH = 200


def seal(connection: Connection, secrets: Mapping[str, str]) -> str:
    """The ciphertext for the connection's row, which must have its id already."""
    return key_ring().seal(orjson.dumps(dict(secrets)).decode(), place_of(connection))


@dataclass(frozen=True, slots=True)
class Rotated:
    """`moved` were sealed anew; `failed` says why a credential stayed behind; `in_use` are the keys still needed."""

    moved: int
    failed: tuple[str, ...]
    in_use: tuple[str, ...]


def rotate_keys() -> Rotated:
    """Every credential under the first key of the ring. Row by row, so that a broken-off run is gone on with by the next."""
    ring = key_ring()
    moved = 0
    failed: list[str] = []
    for stored in _stored():
        try:
            plain = ring.open(stored.text, stored.place)
            if key_id_of(stored.text) == ring.current:
                continue  # the right id is not yet the right key, so it was opened first
            fresh = ring.seal(plain, stored.place)
        except CannotDecrypt as error:
            failed.append(f"{stored.name}: {error}")
            continue
        # Not over a credential that somebody entered meanwhile.
        moved += stored.rows.filter(**{stored.field: stored.text}).update(**{stored.field: fresh})
    return Rotated(moved, tuple(failed), keys_in_use())


def keys_in_use() -> tuple[str, ...]:
    """Ids of the keys that stored credentials need; taking one of them out of the ring loses these credentials."""
    return tuple(sorted({one.text.split(":")[1] for one in _stored() if one.text.count(":") == 3}))


@dataclass(frozen=True, slots=True)
class _Stored:
    """One ciphertext: where it stands, and the name by which people know it."""

    name: str
    text: str
    place: Place
    rows: QuerySet[Any]
    field: str


def _stored() -> Iterator[_Stored]:
    for connection in Connection.objects.exclude(secret="").order_by("pk").iterator(chunk_size=BATCH):
        row = Connection.objects.filter(pk=connection.pk)
        yield _Stored(connection.name, connection.secret, place_of(connection), row, "secret")
    hooks = InboundHook.objects.select_related("connection").order_by("pk")
    for hook in hooks.iterator(chunk_size=BATCH):
        name = f"Webhook of {hook.connection.name}"
        for field, text in (("secret", hook.secret), ("previous_secret", hook.previous_secret)):
            if text:
                rows = InboundHook.objects.filter(pk=hook.pk)
                yield _Stored(name, text, hook_place(hook, field), rows, field)
