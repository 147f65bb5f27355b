from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from integrations.models.connection import Connection


class InboundHook(models.Model):
    """State: the door through which a connection's system may say that something happened.

    `key` is the last part of its address; it is no secret, but nobody guesses it. After a change the secret before it still
    opens the door until `previous_ends_at`, so that the other side can be changed in peace.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="inbound_hook")
    key = models.CharField(max_length=32, unique=True)
    # Ciphertexts (mlops_portal.lib.secrets); the plain text is shown once.
    secret = models.TextField()
    previous_secret = models.TextField(blank=True)
    previous_ends_at = models.DateTimeField(null=True, blank=True)
    secret_set_at = models.DateTimeField()
    secret_set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_ends_at__isnull=True)
                | (~Q(previous_secret="") & Q(previous_ends_at__isnull=False)),
                name="inboundhook_previous_has_end",
            ),
        ]

    def __str__(self) -> str:
        return f"webhook of connection {self.connection_id}"


class InboundDelivery(models.Model):
    """Fact: one signed delivery and what came of it, kept for 30 days so that a repetition is known as one."""

    class Outcome(models.TextChoices):
        DUE = "due", "Due now"
        LATER = "later", "Due within a minute"
        COVERED = "covered", "Already due"
        PING = "ping", "Arrived"
        UNWANTED = "unwanted", "Ignored: nothing is measured from this"
        ELSEWHERE = "elsewhere", "Ignored: no team has mapped this repository"
        PAUSED = "paused", "Ignored: the connection is paused"
        WAITING = "waiting", "Ignored: the connection waits after a failure"
        UNREADABLE = "unreadable", "Refused: the body cannot be read"

    hook = models.ForeignKey(InboundHook, on_delete=models.CASCADE, related_name="deliveries")
    delivery_id = models.CharField(max_length=100)
    event = models.CharField(max_length=80, blank=True)
    action = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hook", "delivery_id"], name="inbounddelivery_once"),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "due",
                        "later",
                        "covered",
                        "ping",
                        "unwanted",
                        "elsewhere",
                        "paused",
                        "waiting",
                        "unreadable",
                    ]
                ),
                name="inbounddelivery_outcome_known",
            ),
        ]
        indexes = [
            # The page shows the newest of a hook; the sweeper drops the oldest of all.
            models.Index(fields=["hook", "-received_at"], name="inbounddelivery_newest"),
            models.Index(fields=["received_at"], name="inbounddelivery_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.outcome})"
