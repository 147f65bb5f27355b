from __future__ import annotations

from django.conf import settings
from django.db import models

from teams.models.team import Team
from teams.models.unit import Unit


class Event(models.Model):
    """Fact, append only: who did what to which object. Audit, webhooks and mails all read it."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Kept beside the key: the name stays true when the account is gone, and a machine has no account.
    actor_name = models.CharField(max_length=160)
    action = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=80)
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="events")
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            # The team's page and the audit log both read the newest first.
            models.Index(fields=["team", "-at"], name="event_team_newest"),
            models.Index(fields=["-at"], name="event_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_name}"
