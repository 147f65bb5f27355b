"""What beat sends is there to be run."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from mlops_portal.celery import app


def test_beat_sends_what_the_portal_lives_by() -> None:
    app.loader.import_default_modules()
    sent = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert sent == {
        "integrations.dispatch_due_collections",
        "integrations.sweep_collections",
        "assessments.rescore_lapsed",
        "assessments.record_weeks",
    }
    assert sent <= set(app.tasks)


def test_a_tick_that_nobody_took_does_not_pile_up() -> None:
    schedule: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE
    late = [name for name, entry in schedule.items() if entry["options"]["expires"] > entry["schedule"]]

    assert late == []
