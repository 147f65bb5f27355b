from __future__ import annotations

from django.db import models

from assessments.models.assessment import Assessment


class Snapshot(models.Model):
    """Fact, immutable: the frozen bytes of a published assessment, with every answer, its evidence and the numbers then."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="snapshots")
    revision = models.PositiveIntegerField()
    content = models.TextField()
    sha256 = models.CharField(max_length=64)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "revision"], name="snapshot_revision_unique"),
        ]

    def __str__(self) -> str:
        return f"Snapshot {self.revision} of {self.assessment_id}"
