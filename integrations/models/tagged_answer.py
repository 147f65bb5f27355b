from __future__ import annotations

from django.db import models

from integrations.models.connection import Connection


class TaggedAnswer(models.Model):
    """State: a small answer with the ETag that it came under, so that the host may say "unchanged" next time.

    It belongs to one connection and one version of its credential: nobody else is ever shown it. `question` is a digest of
    address and Accept header; `answer` is compressed JSON.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="tagged_answers")
    credential_version = models.PositiveIntegerField()
    question = models.CharField(max_length=64)
    etag = models.CharField(max_length=200)
    answer = models.BinaryField()
    # The Link header that came with it: where the next page is.
    link = models.CharField(max_length=2000, blank=True)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "credential_version", "question"], name="tagged_answer_once"
            ),
            models.CheckConstraint(condition=~models.Q(etag=""), name="tagged_answer_has_tag"),
        ]

    def __str__(self) -> str:
        return f"tagged answer {self.pk}"
