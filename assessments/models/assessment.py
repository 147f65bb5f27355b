from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assessments.models.catalog import Criterion, MaturityModel
from teams.models import Team


class Assessment(models.Model):
    """State: what one team says of itself against one maturity model over one period."""

    class Status(models.IntegerChoices):
        """Ordered and spaced: "at least in review" is `>=`."""

        DRAFT = 10, "Draft"
        IN_REVIEW = 20, "In review"
        PUBLISHED = 30, "Published"
        SUPERSEDED = 40, "Superseded"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assessments")
    maturity_model = models.ForeignKey(MaturityModel, on_delete=models.PROTECT, related_name="assessments")
    period = models.CharField(max_length=40)
    status = models.PositiveSmallIntegerField(choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    superseded_at = models.DateTimeField(null=True, blank=True)
    # False: nobody outside the team looked at it; said wherever the result is shown.
    is_reviewed = models.BooleanField(default=False)
    returned_note = models.TextField(blank=True, max_length=4000)
    row_version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "maturity_model"], condition=Q(status__lt=30), name="assessment_one_open"
            ),
            models.CheckConstraint(condition=Q(status__in=[10, 20, 30, 40]), name="assessment_status_known"),
            models.CheckConstraint(
                condition=Q(status=10, submitted_at__isnull=True)
                | Q(status__gte=20, submitted_at__isnull=False, submitted_at__gte=F("created_at")),
                name="assessment_submitted_has_date",
            ),
            models.CheckConstraint(
                condition=Q(status__lt=30, published_at__isnull=True)
                | Q(status__gte=30, published_at__isnull=False, published_at__gte=F("submitted_at")),
                name="assessment_published_has_date",
            ),
            models.CheckConstraint(
                condition=Q(status__lt=40, superseded_at__isnull=True)
                | Q(status=40, superseded_at__isnull=False),
                name="assessment_superseded_has_date",
            ),
        ]
        indexes = [
            # Scoring asks for the newest published answers of a team.
            models.Index(fields=["team", "maturity_model", "-published_at"], name="assessment_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.team}, {self.period}"


class Answer(models.Model):
    """State until publication: what a team says of one criterion. Unanswered is no row."""

    class Value(models.TextChoices):
        YES = "yes", "Yes"
        NO = "no", "No"
        UNKNOWN = "unknown", "We do not know"
        NA = "na", "Does not apply"

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="answers")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="+")
    value = models.CharField(max_length=7, choices=Value.choices)
    reason = models.CharField(max_length=1000, blank=True)
    note = models.TextField(blank=True, max_length=4000)
    row_version = models.PositiveIntegerField(default=1)
    answered_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "criterion"], name="answer_unique"),
            models.CheckConstraint(
                condition=Q(value__in=["yes", "no", "unknown", "na"]), name="answer_value_known"
            ),
            models.CheckConstraint(condition=~Q(value="na") | ~Q(reason=""), name="answer_na_needs_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.value}"
