from __future__ import annotations

from django.db import models
from django.db.models import Q

from assessments.models.catalog import Capability, MaturityModel
from teams.models import Team, Unit


class ScoreHistory(models.Model):
    """Fact, only on change, one a day: the numbers of a capability of a team. For audit and drill-down, read by no list."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="score_history")
    capability = models.ForeignKey(Capability, on_delete=models.CASCADE, related_name="+")
    changed_on = models.DateField()
    state = models.CharField(max_length=14)
    verified = models.PositiveSmallIntegerField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    potential = models.PositiveSmallIntegerField(null=True, blank=True)
    score = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    known = models.PositiveSmallIntegerField()
    applicable = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            # The last change of a day stands for the day.
            models.UniqueConstraint(
                fields=["team", "capability", "changed_on"], name="scorehistory_one_a_day"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["assessed", "unassessed", "not_applicable"]),
                name="scorehistory_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.capability_id} of {self.team_id} on {self.changed_on}"


class TeamWeek(models.Model):
    """Fact: where a team stood at the end of a week (its Sunday; the running week is written over)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="weeks")
    maturity_model = models.ForeignKey(MaturityModel, on_delete=models.CASCADE, related_name="+")
    week_on = models.DateField()
    verified = models.PositiveSmallIntegerField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    potential = models.PositiveSmallIntegerField(null=True, blank=True)
    score = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    coverage = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    is_provisional = models.BooleanField(default=False)
    assessed_on = models.DateField(null=True, blank=True)
    # JSON text as TeamScore.cells, and its dimensions as {slug: [verified, level, potential]}.
    cells = models.TextField()
    dimensions = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "maturity_model", "week_on"], name="teamweek_unique"),
        ]
        indexes = [
            # "As of a week" reads all teams of one week.
            models.Index(fields=["maturity_model", "week_on"], name="teamweek_as_of"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} in the week to {self.week_on}"


class UnitWeek(models.Model):
    """Fact: the organisation rule for a unit and all below it at the end of a week (SCORING 2.6)."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="weeks")
    maturity_model = models.ForeignKey(MaturityModel, on_delete=models.CASCADE, related_name="+")
    week_on = models.DateField()
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    teams = models.PositiveIntegerField()
    counted = models.PositiveIntegerField()
    provisional_teams = models.PositiveIntegerField()
    # Five counts: teams at level 0 to 4.
    distribution = models.JSONField()
    # The same rule for each dimension: {slug: {"level": 2 or null, "distribution": [...]}}.
    dimensions = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "maturity_model", "week_on"], name="unitweek_unique"),
            models.CheckConstraint(
                condition=Q(level__isnull=False, reason="") | (Q(level__isnull=True) & ~Q(reason="")),
                name="unitweek_level_or_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id} in the week to {self.week_on}"
