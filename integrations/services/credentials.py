"""The credentials of connections: sealed under the key ring, opened right before use, never given to a page or a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from integrations.models import Connection
from integrations.queries.credentials import key_ring, place_of, request_headers, secrets_of
from mlops_portal.lib.secrets import CannotDecrypt, key_id_of

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
    for connection in Connection.objects.exclude(secret="").order_by("pk").iterator(chunk_size=BATCH):
        try:
            if key_id_of(connection.secret) == ring.current:
                secrets_of(connection)  # the right id is not yet the right key
                continue
            fresh = seal(connection, secrets_of(connection))
        except CannotDecrypt as error:
            failed.append(f"{connection.name}: {error}")
            continue
        # Not over a credential that somebody entered meanwhile.
        moved += Connection.objects.filter(pk=connection.pk, secret=connection.secret).update(secret=fresh)
    return Rotated(moved, tuple(failed), keys_in_use())


def keys_in_use() -> tuple[str, ...]:
    """Ids of the keys that stored credentials need; taking one of them out of the ring loses these credentials."""
    stored = Connection.objects.exclude(secret="").values_list("secret", flat=True)
    return tuple(sorted({text.split(":")[1] for text in stored if text.count(":") == 3}))
