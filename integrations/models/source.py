from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from integrations.models.connection import Connection
from teams.models import Team


class SourceQuerySet(models.QuerySet["Source"]):
    def open(self) -> SourceQuerySet:
        """Not removed, of a connection that stands and a team that is not archived."""
        return self.filter(
            removed_at__isnull=True, connection__removed_at__isnull=True, team__archived_at__isnull=True
        )


class Source(models.Model):
    """State: which part of a connection belongs to a team. `options` are the answers to the connector's source options.

    While a file in a repository of the team speaks, `file_options` are those that it sets and `own_options` what a person
    mapped last: `options` are the latter with the former in their place.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="sources")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sources")
    options = models.JSONField(default=dict, blank=True)
    own_options = models.JSONField(default=dict, blank=True)
    file_options = models.JSONField(default=dict, blank=True)
    file = models.ForeignKey(
        "integrations.MappingFile", null=True, blank=True, on_delete=models.SET_NULL, related_name="fills"
    )
    # A person took the mapping over from the file: it sets nothing here until somebody lets it.
    is_by_hand = models.BooleanField(default=False)
    # Commits that this source was asked about when it could last be read, and those that it looked up everywhere: one of
    # the latter without a fact is not there.
    asked_shas = models.JSONField(default=list, blank=True)
    checked_shas = models.JSONField(default=list, blank=True)
    # The row_version of the mapping under which facts were last told: under another one they cannot be compared.
    facts_row_version = models.PositiveIntegerField(default=0)
    # The number of each named repository when the mapping was first read; saving the mapping forgets them.
    identities = models.JSONField(default=dict, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True)
    last_failure = models.CharField(max_length=20, blank=True)
    last_failure_message = models.CharField(max_length=500, blank=True)
    # A person mapped it, changed it or asked for a collection, and it was not read since: what it says then counts at once.
    # `Connection.asked_at` alone says nothing of it, for somebody may have asked on another team's account.
    asked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    row_version = models.PositiveIntegerField(default=1)

    objects = SourceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "team"],
                condition=Q(removed_at__isnull=True),
                name="source_open_once_per_team",
            ),
            models.CheckConstraint(
                condition=Q(is_by_hand=False) | Q(file_options={}), name="source_by_hand_ignores_file"
            ),
        ]

    def __str__(self) -> str:
        return f"source {self.pk}"

    @property
    def mapped_by_hand(self) -> dict[str, Any]:
        """What a person with rights mapped: the most that a file may name."""
        hand: dict[str, Any] = self.own_options if self.file_options else self.options
        return hand
