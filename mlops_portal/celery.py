"""The Celery application; the schedule stands in `settings.CELERY_BEAT_SCHEDULE`."""

import os

from celery import Celery
from celery.signals import worker_init

from mlops_portal.lib.long_lived import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_portal.settings")
app = Celery("mlops_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _settle(**_: object) -> None:
    # Before the children are forked, which share what they do not touch.
    keep_what_is_loaded()
