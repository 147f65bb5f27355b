from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from teams.models.team import Team


class ApiToken(models.Model):
    """State: a bearer token. A personal token has an owner; a service token names a source and the teams it may push for.

    The secret is shown once; its SHA-256 is enough to keep, for it has 256 random bits (RULINGS 14).
    """

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="tokens"
    )
    source = models.SlugField(max_length=80, blank=True)
    teams = models.ManyToManyField(Team, blank=True, related_name="service_tokens")
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owner__isnull=False, source="") | (Q(owner__isnull=True) & ~Q(source="")),
                name="apitoken_owner_or_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (mlp_{self.prefix}_...)"
