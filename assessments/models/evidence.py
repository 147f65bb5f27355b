from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assessments.models.catalog import Criterion
from teams.models import Team


class Evidence(models.Model):
    """State: what proves answers of a team; it outlives the assessment that it was added in.

    `kind` is one of the maturity model's evidence kinds; `valid_until` = collected_on + its valid days (RULINGS 8).
    """

    class Form(models.TextChoices):
        LINK = "link", "Link"
        NOTE = "note", "Note"

    class Status(models.TextChoices):
        PENDING = "pending", "Not looked at"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    class Check(models.TextChoices):
        ANSWERED = "answered", "It answers"
        GONE = "gone", "It is not there"
        UNKNOWN = "unknown", "It could not be checked"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="evidence")
    criteria = models.ManyToManyField(Criterion, related_name="evidence")
    form = models.CharField(max_length=4, choices=Form.choices)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    url = models.URLField(max_length=2000, blank=True)
    text = models.TextField(blank=True, max_length=8000)
    collected_on = models.DateField()
    valid_until = models.DateField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PENDING)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField()
    # Taken back by the team; kept, because published snapshots name it.
    removed_at = models.DateTimeField(null=True, blank=True)

    # A link into a connected host is looked at again at each collection; other links are never fetched.
    checked_at = models.DateTimeField(null=True, blank=True)
    check_outcome = models.CharField(max_length=8, choices=Check.choices, blank=True)
    check_detail = models.CharField(max_length=300, blank=True)
    # When the link answered last; a page that the portal never saw cannot be missed.
    answered_at = models.DateTimeField(null=True, blank=True)
    # Since when it carries nothing because its page is gone; null again when the page answers. A check that could not be
    # made changes neither.
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(form="link") & ~Q(url="") & Q(text="")) | (Q(form="note", url="") & ~Q(text="")),
                name="evidence_form_has_its_field",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "accepted", "rejected"]), name="evidence_status_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("collected_on")), name="evidence_valid_after"
            ),
            models.CheckConstraint(
                condition=Q(checked_at__isnull=True, check_outcome="", gone_at__isnull=True)
                | Q(checked_at__isnull=False, check_outcome__in=["answered", "gone", "unknown"]),
                name="evidence_check_has_outcome",
            ),
        ]

    def __str__(self) -> str:
        return self.title
