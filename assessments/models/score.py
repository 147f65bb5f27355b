from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from assessments.models.catalog import Capability, Criterion, MaturityModel
from teams.models import Team


class Verdict(models.Model):
    """Derived, rebuildable: what rules conclude from measurements about one criterion of one team.

    A different verdict from the schedule waits in `pending_verdict` until a reading on another day agrees (RULINGS 6).
    `because` (assessments.because.kept) holds the version of the rule, each comparison with what it saw, and the readings
    that they rest on.
    """

    class Value(models.TextChoices):
        YES = "yes", "Yes"
        NO = "no", "No"
        UNKNOWN = "unknown", "Unknown"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="verdicts")
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=7, choices=Value.choices)
    is_deciding = models.BooleanField()
    # The oldest reading that the verdict rests on; from it the verdict goes stale.
    read_on = models.DateField()
    pending_verdict = models.CharField(max_length=7, choices=Value.choices, blank=True)
    pending_since = models.DateField(null=True, blank=True)
    because = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "criterion"], name="verdict_unique"),
            models.CheckConstraint(condition=Q(verdict__in=["yes", "no", "unknown"]), name="verdict_known"),
            models.CheckConstraint(
                condition=Q(pending_verdict="", pending_since__isnull=True)
                | (Q(pending_verdict__in=["yes", "no", "unknown"]) & Q(pending_since__isnull=False)),
                name="verdict_pending_has_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.verdict}"


class VerdictChange(models.Model):
    """Fact, append only: a verdict began, or came to say something else, with what it rested on before and after.

    `before` is empty for the first verdict. `causes` name the runs and versions behind it where a source told of them:
    [{"text", "url", "happened_at"}].
    """

    class How(models.TextChoices):
        SCHEDULE = "schedule", "by the schedule"
        NOW = "now", 'on "collect now"'
        PUSH = "push", "sent by a system"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="verdict_changes")
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="+")
    before = models.CharField(max_length=7, choices=Verdict.Value.choices, blank=True)
    after = models.CharField(max_length=7, choices=Verdict.Value.choices)
    at = models.DateTimeField()
    how = models.CharField(max_length=8, choices=How.choices)
    # A person's name kept as text, or a connection's key: teams.queries.machines names it to who may know.
    by = models.CharField(max_length=160, blank=True)
    # The day of the first reading that said so; null where none had to be waited for.
    first_said_on = models.DateField(null=True, blank=True)
    because_before = models.JSONField(default=dict, blank=True)
    because = models.JSONField(default=dict)
    causes = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(before__in=["", "yes", "no", "unknown"], after__in=["yes", "no", "unknown"])
                & ~Q(before=F("after")),
                name="verdictchange_says_something_else",
            ),
            models.CheckConstraint(
                condition=Q(how__in=["schedule", "now", "push"]), name="verdictchange_how_known"
            ),
        ]
        indexes = [
            models.Index(fields=["team", "criterion", "-at"], name="verdictchange_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.before or 'nothing'} to {self.after}"


class CriterionStatus(models.Model):
    """Fact, written on change: status and support of a criterion of a team since a moment, and by what.

    The row with `is_current` stands now; a criterion without a row was never anything but unknown.
    """

    class Cause(models.TextChoices):
        PUBLICATION = "publication", "an assessment was published"
        MEASUREMENT = "measurement", "a signal was read"
        EVIDENCE = "evidence", "evidence changed"
        TIME = "time", "something lapsed"
        PROFILE = "profile", "the team's profile changed"
        MATURITY_MODEL = "maturity_model", "the maturity model changed"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="criterion_statuses")
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=7)
    support = models.CharField(max_length=9)
    flags = models.JSONField(default=list)
    since_at = models.DateTimeField()
    cause = models.CharField(max_length=20, choices=Cause.choices)
    # As of a verdict's change: a name stays true when the account is gone.
    by = models.CharField(max_length=160, blank=True)
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "criterion"], condition=Q(is_current=True), name="criterionstatus_one_current"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["yes", "no", "unknown", "na"]), name="criterionstatus_status_known"
            ),
            models.CheckConstraint(
                condition=Q(support__in=["measured", "reviewed", "evidenced", "claimed", "none"]),
                name="criterionstatus_support_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    cause__in=["publication", "measurement", "evidence", "time", "profile", "maturity_model"]
                ),
                name="criterionstatus_cause_known",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "criterion", "-since_at"], name="criterionstatus_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.status}, {self.support}"


class Score(models.Model):
    """Derived, rebuildable: the numbers of one capability of one team. verified <= level <= potential, or all null."""

    class State(models.TextChoices):
        ASSESSED = "assessed", "Assessed"
        UNASSESSED = "unassessed", "Nothing known"
        NOT_APPLICABLE = "not_applicable", "Does not apply"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="scores")
    capability = models.ForeignKey(Capability, on_delete=models.CASCADE, related_name="scores")
    state = models.CharField(max_length=14, choices=State.choices)
    verified = models.PositiveSmallIntegerField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    potential = models.PositiveSmallIntegerField(null=True, blank=True)
    ceiling = models.PositiveSmallIntegerField(null=True, blank=True)
    score = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    is_complete = models.BooleanField(default=False)
    known = models.PositiveSmallIntegerField()
    applicable = models.PositiveSmallIntegerField()
    ahead = models.PositiveSmallIntegerField()
    has_dispute = models.BooleanField(default=False)
    has_stale = models.BooleanField(default=False)
    as_of = models.DateTimeField()
    # The last day on which these numbers stand by time alone; null when nothing can lapse.
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "capability"], name="score_unique"),
            models.CheckConstraint(
                condition=Q(
                    level__isnull=True, verified__isnull=True, potential__isnull=True, state="not_applicable"
                )
                | Q(
                    state__in=["assessed", "unassessed"],
                    verified__lte=F("level"),
                    level__lte=F("potential"),
                    potential__lte=4,
                ),
                name="score_three_numbers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.capability_id} of {self.team_id}: {self.level}"


class TeamScore(models.Model):
    """Derived, rebuildable: all numbers of one team in one row. The heatmap, its API and exports read nothing else.

    `cells` is JSON text, an object of arrays in the order of the maturity model's capabilities, passed on unparsed
    (PERFORMANCE: parsing costs 4x). `rollups` likewise holds dimensions, phases and the Microsoft view.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="team_scores")
    maturity_model = models.ForeignKey(MaturityModel, on_delete=models.CASCADE, related_name="+")
    verified = models.PositiveSmallIntegerField(null=True, blank=True)
    level = models.PositiveSmallIntegerField(null=True, blank=True)
    potential = models.PositiveSmallIntegerField(null=True, blank=True)
    strict_level = models.PositiveSmallIntegerField(null=True, blank=True)
    score = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    coverage = models.DecimalField(max_digits=4, decimal_places=2, null=True, blank=True)
    is_provisional = models.BooleanField(default=False)
    is_reviewed = models.BooleanField(default=False)
    # The day of the newest published assessment; null when only signals speak.
    assessed_on = models.DateField(null=True, blank=True)
    cells = models.TextField()
    rollups = models.TextField()
    # Grows with every change; the ETag of everything that is made from this row.
    version = models.PositiveIntegerField(default=1)
    as_of = models.DateTimeField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "maturity_model"], name="teamscore_unique"),
            models.CheckConstraint(
                condition=Q(level__isnull=True, verified__isnull=True, potential__isnull=True)
                | Q(verified__lte=F("level"), level__lte=F("potential"), potential__lte=4),
                name="teamscore_three_numbers",
            ),
        ]
        indexes = [
            # Beat asks what has lapsed.
            models.Index(fields=["valid_until"], name="teamscore_lapse"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.level}"
