from __future__ import annotations

from django.db import models
from django.db.models import Q


class MaturityModel(models.Model):
    """State: one version of a maturity model. Once activated its rows and its file never change.

    `content` is the file itself; texts, rules and sources are read from it (`queries.catalog`). The rows below exist so
    that answers and scores can point at something that the database guards.
    """

    key = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    content = models.TextField()
    loaded_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="maturitymodel_version_unique"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(is_active=True), name="maturitymodel_one_active"
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(activated_at__isnull=False),
                name="maturitymodel_active_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Dimension(models.Model):
    """State: a dimension of one maturity model."""

    maturity_model = models.ForeignKey(MaturityModel, on_delete=models.CASCADE, related_name="dimensions")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["maturity_model", "slug"], name="dimension_unique"),
            models.UniqueConstraint(fields=["maturity_model", "position"], name="dimension_position_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Capability(models.Model):
    """State: a capability. One of an overlay has no place in dimensions and team (`is_in_rollup` False)."""

    maturity_model = models.ForeignKey(MaturityModel, on_delete=models.CASCADE, related_name="capabilities")
    dimension = models.ForeignKey(
        Dimension, null=True, blank=True, on_delete=models.CASCADE, related_name="capabilities"
    )
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    is_in_rollup = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["maturity_model", "slug"], name="capability_unique"),
            models.UniqueConstraint(fields=["maturity_model", "position"], name="capability_position_unique"),
            models.CheckConstraint(
                condition=Q(is_in_rollup=False) | Q(dimension__isnull=False),
                name="capability_rolls_into_dimension",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LevelDescriptor(models.Model):
    """State: what a capability looks like at a level."""

    capability = models.ForeignKey(Capability, on_delete=models.CASCADE, related_name="descriptors")
    level = models.PositiveSmallIntegerField()
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["capability", "level"], name="leveldescriptor_unique"),
            models.CheckConstraint(condition=Q(level__lte=4), name="leveldescriptor_level"),
        ]

    def __str__(self) -> str:
        return f"{self.capability} {self.level}"


class Criterion(models.Model):
    """State: a yes/no statement at one level of one capability. `slug` is its id in the file, e.g. training.scheduled."""

    capability = models.ForeignKey(Capability, on_delete=models.CASCADE, related_name="criteria")
    slug = models.CharField(max_length=80)
    level = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=40)
    is_required = models.BooleanField()
    basis = models.CharField(max_length=20)
    text = models.TextField()
    # Profile flags that allow "does not apply".
    na_when = models.JSONField(default=list)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["capability", "slug"], name="criterion_unique"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=4), name="criterion_level"),
        ]

    def __str__(self) -> str:
        return self.slug
