from __future__ import annotations

from django.db import models

from teams.models.unit import Unit


class TeamQuerySet(models.QuerySet["Team"]):
    def active(self) -> TeamQuerySet:
        return self.filter(archived_at__isnull=True)

    def under(self, unit: Unit) -> TeamQuerySet:
        """Teams of the unit and of all units below it."""
        return self.filter(unit__path__startswith=unit.path)


class Team(models.Model):
    """State: what is assessed, a leaf under a unit. `flags` are profile flags of the maturity model in use."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="teams")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    # Ids of profile flags, sorted; what they mean is the maturity model's business.
    flags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)
    row_version = models.PositiveIntegerField(default=1)

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
