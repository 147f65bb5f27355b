from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.models.source import Source

# Longer keys and scopes are kept under a digest of them.
LONGEST_NAME = 200


class SourceStream(models.Model):
    """State: how far one growing list of a source was read. It can be dropped at any time; then the list is read anew."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="streams")
    name = models.CharField(max_length=40)
    scope = models.CharField(max_length=LONGEST_NAME)
    window_days = models.PositiveIntegerField()
    # When the last full reading began: whatever happened before and after `covered_from_at` is among the items.
    watermark_at = models.DateTimeField(null=True, blank=True)
    covered_from_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)
    # A list that nobody asks for any more (another branch, another experiment) is swept.
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "name", "scope"], name="sourcestream_once"),
            models.CheckConstraint(
                condition=Q(
                    watermark_at__isnull=True, covered_from_at__isnull=True, reconciled_at__isnull=True
                )
                | Q(watermark_at__isnull=False, covered_from_at__isnull=False, reconciled_at__isnull=False),
                name="sourcestream_read_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of source {self.source_id}"


class StreamItem(models.Model):
    """State: one thing of a stream as the source last told it. `misses`: how many full readings in a row did not tell of it."""

    stream = models.ForeignKey(SourceStream, on_delete=models.CASCADE, related_name="items")
    key = models.CharField(max_length=LONGEST_NAME)
    # The key as the source knows it, where `key` is only a digest.
    long_key = models.TextField(blank=True)
    happened_at = models.DateTimeField()
    is_final = models.BooleanField()
    changed_at = models.DateTimeField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)
    misses = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "key"], name="streamitem_once")]
        indexes = [
            # Each collection reads a window of it; the sweeper drops what is older.
            models.Index(fields=["stream", "happened_at"], name="streamitem_window"),
            # What is asked for again at each collection: few among many.
            models.Index(
                fields=["stream", "happened_at"], condition=Q(is_final=False), name="streamitem_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return self.key
