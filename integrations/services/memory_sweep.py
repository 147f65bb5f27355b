"""What need not be remembered any more: what is older than its window, and lists that nobody asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from integrations.connectors.memory import SETTLES
from integrations.models import SourceStream, StreamItem

# A collection that began before its source was removed may still be writing.
GRACE = timedelta(hours=1)
# The window ends where the next collection begins, and clocks differ.
MARGIN = timedelta(days=2)


def forget(*, at: datetime) -> int:
    """How many items were dropped. A list that was not asked for as long as runs may change is read anew if it ever is."""
    before = StreamItem.objects.count()
    gone = Q(source__removed_at__lt=at - GRACE) | Q(source__connection__removed_at__lt=at - GRACE)
    SourceStream.objects.filter(gone | Q(asked_at__lt=at - SETTLES)).delete()
    for days in SourceStream.objects.order_by().values_list("window_days", flat=True).distinct():
        oldest = at - timedelta(days=days) - MARGIN
        StreamItem.objects.filter(stream__window_days=days, happened_at__lt=oldest).delete()
    return before - StreamItem.objects.count()
