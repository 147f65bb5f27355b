"""Answers with their ETag in the database: per connection, credential version, address and Accept header."""

from __future__ import annotations

import hashlib
import zlib
from datetime import datetime, timedelta

import orjson
from django.db.models import Count, F, Q

from integrations.connectors.kept import KeptAnswer, KeptAnswers
from integrations.models import Connection, TaggedAnswer

# Compressed. The file list of a large repository is the longest answer worth keeping.
LARGEST = 256 * 1024
# Unpacked again: what we packed ourselves, bounded all the same.
LARGEST_UNPACKED = 32 * 1024 * 1024
LONGEST_TAG = 200
LONGEST_LINK = 2000
MOST = 400
# A branch or a file list that did not change for so long may be gone; asking anew once costs nothing.
LONGEST = timedelta(days=90)


class StoredAnswers(KeptAnswers):
    """What one connection was told under the credential that it has now. A look-up costs one query, a new answer two."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self._at = at

    def find(self, url: str, accept: str) -> KeptAnswer | None:
        row = TaggedAnswer.objects.filter(
            connection=self._connection,
            credential_version=self._connection.secret_version,
            question=_question(url, accept),
        ).first()
        if row is None:
            return None
        try:
            return KeptAnswer(row.etag, _unpacked(row.answer), row.link)
        except (zlib.error, orjson.JSONDecodeError):
            # Not ours any more: the whole answer is asked for and takes its place.
            return None

    def keep(self, url: str, accept: str, answer: KeptAnswer) -> None:
        packed = zlib.compress(orjson.dumps(answer.data), 6)
        is_plain = answer.etag.isascii() and answer.etag.isprintable()
        if len(packed) > LARGEST or len(answer.etag) > LONGEST_TAG or len(answer.link) > LONGEST_LINK:
            return
        if not is_plain:
            return
        TaggedAnswer.objects.update_or_create(
            connection=self._connection,
            credential_version=self._connection.secret_version,
            question=_question(url, accept),
            defaults={
                "etag": answer.etag,
                "answer": packed,
                "link": answer.link,
                "stored_at": self._at,
            },
        )


def forget_answers(*, connection: Connection) -> None:
    """Drops everything that the connection was told: its credential or its address is another now."""
    TaggedAnswer.objects.filter(connection=connection).delete()


def prune(*, at: datetime) -> None:
    """Drops answers that nobody could use any more, and all but the newest MOST of each connection."""
    TaggedAnswer.objects.filter(
        Q(stored_at__lt=at - LONGEST) | ~Q(credential_version=F("connection__secret_version"))
    ).delete()
    crowded = Connection.objects.annotate(count=Count("tagged_answers")).filter(count__gt=MOST)
    for pk in crowded.values_list("pk", flat=True):
        rows = TaggedAnswer.objects.filter(connection=pk).order_by("-stored_at", "-pk")
        TaggedAnswer.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[MOST:])).delete()


def _question(url: str, accept: str) -> str:
    return hashlib.sha256(f"{accept}\n{url}".encode()).hexdigest()


def _unpacked(packed: bytes | memoryview) -> object:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(bytes(packed), LARGEST_UNPACKED)
    if not unpacker.eof:
        raise zlib.error("cut, or larger than what is ever kept")
    decoded: object = orjson.loads(data)
    return decoded
