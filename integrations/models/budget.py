from __future__ import annotations

from django.db import models


class RequestBudget(models.Model):
    """State: what one credential may still ask of its host. All connections that send the same credential share it.

    `digest` is a keyed digest of what is sent and to which host (services/budgets.py), never the secret. The numbers are those
    that the host told last; null where it tells none.
    """

    digest = models.CharField(max_length=64, unique=True)
    request_limit = models.PositiveIntegerField(null=True, blank=True)
    remaining = models.PositiveIntegerField(null=True, blank=True)
    # When the host counts anew.
    resets_at = models.DateTimeField(null=True, blank=True)
    # Nobody asks before: the host said so, or what is left is kept for people.
    free_at = models.DateTimeField(null=True, blank=True)
    # When the host told these numbers.
    told_at = models.DateTimeField(null=True, blank=True)
    # How often in a row the host asked for patience without a time: the longer it does, the longer nobody asks.
    untold_limits = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"budget {self.pk}"
