"""Celery's way into assessments."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from assessments.services import scores


@shared_task(name="assessments.rescore_lapsed", ignore_result=True, soft_time_limit=240, time_limit=300)
def rescore_lapsed() -> None:
    """Score teams whose answers, evidence or signals lapsed. Runs from beat; the next run goes on where this one ends."""
    scores.rescore_lapsed(at=timezone.now())
