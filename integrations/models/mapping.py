from __future__ import annotations

from django.db import models

from integrations.models.source import Source


class MappingFile(models.Model):
    """State: the mapping file of a team as it was read last through one of its sources.

    `faults` are [line, column, sentence]; a file with one changes nothing. `digest` is that of the bytes that were judged.
    """

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="mapping_file")
    place = models.CharField(max_length=300)
    sha = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    committed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField()
    faults = models.JSONField(default=list, blank=True)
    # It stood there once and was proven to be gone.
    is_gone = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(place=""), name="mappingfile_has_place"),
        ]

    def __str__(self) -> str:
        return f"mapping file in {self.place}"
