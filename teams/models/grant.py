from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from teams.models.team import Team
from teams.models.unit import Unit
from teams.permissions import TEAM_ROLES, UNIT_ROLES
from teams.permissions import Role as PermissionRole


class Role(models.IntegerChoices):
    """The roles of `teams.permissions` for a column: spaced, so that a role can be put between two others."""

    VIEWER = PermissionRole.VIEWER.value, "Viewer"
    MEMBER = PermissionRole.MEMBER.value, "Team member"
    LEAD = PermissionRole.LEAD.value, "Team lead"
    MANAGER = PermissionRole.MANAGER.value, "Unit manager"
    PLATFORM = PermissionRole.PLATFORM.value, "Platform engineer"
    ADMIN = PermissionRole.ADMIN.value, "Organisation administrator"


class Grant(models.Model):
    """State: a role of a person on a unit (and all below it) or on one team. Roles add up; there is no deny."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.PositiveSmallIntegerField(choices=Role.choices)
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    granted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    unit__isnull=False, team__isnull=True, role__in=sorted(r.value for r in UNIT_ROLES)
                )
                | Q(unit__isnull=True, team__isnull=False, role__in=sorted(r.value for r in TEAM_ROLES)),
                name="grant_on_unit_or_team",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "unit"], condition=Q(unit__isnull=False), name="grant_unique_on_unit"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "team"], condition=Q(team__isnull=False), name="grant_unique_on_team"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} of {self.unit or self.team}"
