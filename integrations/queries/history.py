"""How much of their past the sources have told, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from integrations.models import Source, SourceStream

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Covered:
    """Of one stream: so much of the time that is wanted was read."""

    known: timedelta
    wanted: timedelta

    @property
    def is_whole(self) -> bool:
        return self.known >= self.wanted

    @property
    def words(self) -> str:
        return f"Reading history: {self.known // _DAY} of {-(-self.wanted // _DAY)} days."


def history_words(streams: Iterable[Covered]) -> str:
    """What the stream says that is furthest behind; empty when all were read to their beginning."""
    behind = [stream for stream in streams if not stream.is_whole]
    return min(behind, key=lambda stream: stream.known / stream.wanted).words if behind else ""


def history_of(sources: Sequence[Source]) -> dict[int, str]:
    """The words by source, those that are still read back only. One query.

    Only streams of the last collection count: one that is no longer asked for will never be read to its end.
    """
    by_id = {source.pk: source for source in sources}
    streams = SourceStream.objects.filter(source__in=list(by_id), covered_from_at__isnull=False)
    covered: dict[int, list[Covered]] = {}
    for stream in streams:
        last = by_id[stream.source_id].last_read_at
        if stream.covered_from_at is not None and (last is None or stream.asked_at >= last):
            known = stream.asked_at - stream.covered_from_at
            covered.setdefault(stream.source_id, []).append(Covered(known, _DAY * stream.window_days))
    return {pk: words for pk, found in covered.items() if (words := history_words(found))}
