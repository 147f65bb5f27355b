from __future__ import annotations

from django.db import models
from django.db.models import Q

from assessments.vocabulary import Reason
from teams.models import Team


class Measurement(models.Model):
    """Fact, append only: one observed value of one signal for one team, or why there is none.

    `value` of a boolean signal is 0 or 1. `source` is a text key without a foreign key (RULINGS 22), so that facts outlive
    what sent them: connection:<id>, service:<slug>, user:<id>.
    """

    class State(models.TextChoices):
        OK = "ok", "Measured"
        UNKNOWN = "unknown", "Unknown"

    class Bound(models.TextChoices):
        EXACT = "exact", "Exact"
        LOWER = "lower", "At least"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="measurements")
    signal = models.CharField(max_length=60)
    state = models.CharField(max_length=7, choices=State.choices)
    value = models.FloatField(null=True, blank=True)
    reason = models.CharField(
        max_length=30, blank=True, choices=[(reason.value, reason.value) for reason in Reason]
    )
    bound = models.CharField(max_length=5, choices=Bound.choices, default=Bound.EXACT)
    sample = models.PositiveIntegerField(null=True, blank=True)
    numerator = models.FloatField(null=True, blank=True)
    denominator = models.FloatField(null=True, blank=True)
    window_days = models.PositiveSmallIntegerField(default=0)
    observed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=100)
    external_id = models.CharField(max_length=200)
    url = models.URLField(max_length=2000, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "source", "signal", "external_id"], name="measurement_stored_once"
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="ok", value__isnull=False, reason="")
                    | (Q(state="unknown", value__isnull=True) & ~Q(reason=""))
                ),
                name="measurement_value_or_reason",
            ),
            models.CheckConstraint(condition=Q(bound__in=["exact", "lower"]), name="measurement_bound_known"),
            models.CheckConstraint(
                condition=Q(reason__in=["", *(reason.value for reason in Reason)]),
                name="measurement_reason_known",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="measurement_has_source"),
        ]
        indexes = [
            models.Index(fields=["team", "signal", "-observed_at"], name="measurement_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.signal} of {self.team_id}: {self.value if self.state == 'ok' else self.reason}"


class Reading(models.Model):
    """State: where one source stands with one signal of one team (RULINGS 6 and 22).

    `latest` is the newest measurement, `good` the newest one that could be read. An equal reading writes no measurement
    but moves `read_at`; a reading that says "could not read" moves only `latest` and `tried_at`, so that `good` ages.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="readings")
    source = models.CharField(max_length=100)
    signal = models.CharField(max_length=60)
    latest = models.ForeignKey(Measurement, on_delete=models.PROTECT, related_name="+")
    good = models.ForeignKey(Measurement, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # When `good` was last confirmed.
    read_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField()
    # The newest value dropped so far that somebody has to say that it is right; until then `good` stands and ages.
    held_at = models.DateTimeField(null=True, blank=True)
    # The source was removed; it counts as unknown in pooling until the signal's window is over.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "source", "signal"], name="reading_unique"),
            models.CheckConstraint(
                condition=Q(good__isnull=True, read_at__isnull=True)
                | Q(good__isnull=False, read_at__isnull=False),
                name="reading_good_has_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.signal}"
