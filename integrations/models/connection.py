from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from integrations.models.budget import RequestBudget

DEFAULT_INTERVAL_MINUTES = 360


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def open(self) -> ConnectionQuerySet:
        return self.filter(removed_at__isnull=True)

    def due(self, at: datetime) -> ConnectionQuerySet:
        """Free, not paused, past their time, and no danger to the worker that reads them."""
        return self.free(at).filter(is_paused=False, next_due_at__lte=at, attempts__lt=Connection.DEATHS)

    def free(self, at: datetime) -> ConnectionQuerySet:
        """Open and held by nobody (a lease that ran out is no lease), with a credential that may be used at `at`.

        It may not while its host wants to be left alone, or while another connection is read with the same one. No joins, but
        sub-queries: a conditional UPDATE must look at the row as it is when it gets hold of it.
        """
        resting = RequestBudget.objects.filter(pk=OuterRef("budget"), free_at__gt=at)
        others = Connection.objects.filter(budget=OuterRef("budget"), lease_ends_at__gte=at)
        return self.open().filter(
            Q(lease_ends_at__isnull=True) | Q(lease_ends_at__lt=at),
            ~Exists(resting),
            ~Exists(others.exclude(pk=OuterRef("pk"))),
        )


class Connection(models.Model):
    """State: one outside system with its credential. `options` are the answers to the connector's options but the secret ones."""

    # A collection that kills its worker is not started a fourth time; `leases.park_deadly` pauses it and says so.
    DEATHS: ClassVar = 3

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    base_url = models.CharField(max_length=2000)
    options = models.JSONField(default=dict, blank=True)
    # Ciphertext of all secret options together (mlops_portal.lib.secrets); written, never shown.
    secret = models.TextField(blank=True)
    secret_set_at = models.DateTimeField(null=True, blank=True)
    secret_set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Moves with every change of the credential: what was learned under another one is not used again.
    secret_version = models.PositiveIntegerField(default=0)
    # Shared with every connection that sends the same credential to the same host; none before the first one was entered.
    budget = models.ForeignKey(
        RequestBudget, null=True, blank=True, on_delete=models.PROTECT, related_name="connections"
    )

    interval_minutes = models.PositiveIntegerField(default=DEFAULT_INTERVAL_MINUTES)
    is_paused = models.BooleanField(default=False)
    pause_reason = models.CharField(max_length=300, blank=True)
    # None while paused: the portal did it, and a new credential ends it.
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    next_due_at = models.DateTimeField()
    # A person asked for a collection that has not started yet.
    asked_at = models.DateTimeField(null=True, blank=True)
    # The moment for which a webhook made the connection due last; it may lie a minute ahead (services.hints).
    hint_due_at = models.DateTimeField(null=True, blank=True)
    lease_key = models.CharField(max_length=32, blank=True)
    lease_ends_at = models.DateTimeField(null=True, blank=True)
    # Collections that were started since the last one that ended: a worker that dies on this connection again and again.
    attempts = models.PositiveSmallIntegerField(default=0)

    last_success_at = models.DateTimeField(null=True, blank=True)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    last_failure = models.CharField(max_length=20, blank=True)
    last_failure_message = models.CharField(max_length=500, blank=True)
    # Failures in a row: the wait grows with them, and a credential refused twice is not tried a third time.
    failures = models.PositiveSmallIntegerField(default=0)
    # The first of them. To be put off by a rate limit is no failure.
    failing_since_at = models.DateTimeField(null=True, blank=True)
    # It did not answer in time last time: it is read in the slow lane, so that it holds nobody up.
    is_slow = models.BooleanField(default=False)

    # What the last test saw: identity, choices, missing, notes. Forms offer its choices.
    found = models.JSONField(default=dict, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    # Why the newest test failed, kept until one goes through; `found` is then that of an older one.
    test_failure = models.CharField(max_length=500, blank=True)
    test_failed_at = models.DateTimeField(null=True, blank=True)
    # ISO times of the tests of the last hour, for the limit.
    recent_tests = models.JSONField(default=list, blank=True)

    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    row_version = models.PositiveIntegerField(default=1)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(removed_at__isnull=True), name="connection_name_unique"
            ),
            models.CheckConstraint(
                condition=Q(is_paused=False, pause_reason="") | (Q(is_paused=True) & ~Q(pause_reason="")),
                name="connection_paused_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(lease_key="", lease_ends_at__isnull=True)
                | (~Q(lease_key="") & Q(lease_ends_at__isnull=False)),
                name="connection_lease_has_end",
            ),
            models.CheckConstraint(
                condition=Q(secret="", secret_set_at__isnull=True)
                | (~Q(secret="") & Q(secret_set_at__isnull=False)),
                name="connection_secret_has_date",
            ),
            models.CheckConstraint(
                condition=Q(test_failure="", test_failed_at__isnull=True)
                | (~Q(test_failure="") & Q(test_failed_at__isnull=False)),
                name="connection_test_failure_has_date",
            ),
            models.CheckConstraint(
                condition=Q(interval_minutes__gte=5, interval_minutes__lte=10080),
                name="connection_interval_sane",
            ),
        ]
        indexes = [
            # The dispatcher asks every few seconds.
            models.Index(
                fields=["next_due_at"],
                condition=Q(is_paused=False, removed_at__isnull=True),
                name="connection_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def measurement_source(self) -> str:
        """The key under which assessments keep what this connection measured (RULINGS 22)."""
        return f"connection:{self.pk}"


class AllowedHost(models.Model):
    """State: an address that an administrator opened on an embedded portal, beside PORTAL_EGRESS_ALLOW.

    Never read when PORTAL_PRODUCTION is set: there the setting alone decides.
    """

    origin = models.CharField(max_length=300, unique=True)
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    allowed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.origin
