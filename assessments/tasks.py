"""Celery's way into assessments."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from assessments.services import scores, weeks


@shared_task(name="assessments.rescore_lapsed", ignore_result=True, soft_time_limit=240, time_limit=300)
def rescore_lapsed() -> None:
    """Score teams whose answers, evidence or signals lapsed. Runs from beat; the next run goes on where this one ends."""
    scores.rescore_lapsed(at=timezone.now())


@shared_task(name="assessments.record_weeks", ignore_result=True, soft_time_limit=540, time_limit=600)
def record_weeks() -> None:
    """Write the running week of every team and unit. Runs from beat, several times a day; the last run stands."""
    weeks.record_weeks(at=timezone.now())
