"""The portal's settings with a fake system to read, and a dispatcher that looks every two seconds so that the test is short."""

from __future__ import annotations

# ruff: noqa: TID251 -- this is a settings module itself
from mlops_portal.settings import *  # noqa: F403 -- all of them, but for what stands below
from mlops_portal.settings import CELERY_BEAT_SCHEDULE

PORTAL_CONNECTORS = {"fakegit": "tests.integrations.fakes.FakeConnector"}
CELERY_BEAT_SCHEDULE = {
    "collect what is due": {
        **CELERY_BEAT_SCHEDULE["collect what is due"],
        "schedule": 2.0,
        "options": {"expires": 2},
    }
}
