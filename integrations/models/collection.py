from __future__ import annotations

from django.db import models
from django.db.models import Q

from integrations.connectors.base import FactKind
from integrations.models.connection import Connection
from integrations.models.source import Source


class Collection(models.Model):
    """Fact: one run that read a source, written when it ended. A run whose worker died leaves none."""

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "Schedule"
        NOW = "now", "Asked for"
        COMMAND = "command", "Command"

    class Outcome(models.TextChoices):
        OK = "ok", "Read"
        PARTIAL = "partial", "Read in part"
        FAILED = "failed", "Not read"
        # The host asked for fewer requests: nothing is wrong, it is read later.
        THROTTLED = "throttled", "Put off"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="collections")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="collections")
    trigger = models.CharField(max_length=8, choices=Trigger.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    # Why a system could not be read: integrations.connectors.http.Failure, or `secret`, `portal`.
    failure = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=500, blank=True)
    known_count = models.PositiveIntegerField(default=0)
    unknown_count = models.PositiveIntegerField(default=0)
    # Measurements that this run added: an unchanged system adds none.
    stored_count = models.PositiveIntegerField(default=0)
    fact_count = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(trigger__in=["schedule", "now", "command"]), name="collection_trigger_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["ok", "partial", "failed", "throttled"]),
                name="collection_outcome_known",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="failed") | ~Q(message=""), name="collection_failed_says_why"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__gte=models.F("started_at")), name="collection_ends_after_start"
            ),
        ]
        indexes = [
            # The connection's page shows the newest; the sweeper drops the oldest.
            models.Index(fields=["connection", "-finished_at"], name="collection_newest"),
        ]

    def __str__(self) -> str:
        return f"collection {self.pk} ({self.outcome})"


class SourceFact(models.Model):
    """State: a small fact that signals joining two systems need (RULINGS 7), as the source last told it; kept for the window."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="facts")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in FactKind])
    key = models.CharField(max_length=300)
    sha = models.CharField(max_length=64, blank=True)
    happened_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    is_live = models.BooleanField(default=False)
    has_run = models.BooleanField(default=False)
    has_digest = models.BooleanField(default=False)
    url = models.CharField(max_length=2000, blank=True)
    name = models.CharField(max_length=300, blank=True)
    number = models.CharField(max_length=100, blank=True)
    run_id = models.CharField(max_length=200, blank=True)
    run_url = models.CharField(max_length=2000, blank=True)
    digest = models.CharField(max_length=200, blank=True)
    # When a version was first seen live by a source that was watching it; null where nobody saw it go live: registries keep
    # no history of that.
    live_since_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "key"], name="sourcefact_once"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in FactKind]), name="sourcefact_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
