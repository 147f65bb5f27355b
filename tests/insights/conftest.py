from __future__ import annotations

from datetime import timedelta

import pytest

from assessments.models import Criterion
from assessments.services.answers import record_answer
from assessments.services.submission import publish_assessment, start_assessment, submit_assessment
from assessments.services.weeks import record_weeks
from tests.factories import AT, make_lead, make_manager, make_team, make_unit


def publish(team, capability, *levels, at=AT):
    """The team says yes to every required criterion of these levels and publishes."""
    lead = make_lead(team)
    draft = start_assessment(team=team, by=lead, at=at)
    for criterion in Criterion.objects.filter(
        capability__slug=capability, level__in=levels, is_required=True
    ).select_related("capability"):
        record_answer(assessment=draft, criterion=criterion, value="yes", row_version=None, by=lead, at=at)
    submit_assessment(assessment=draft, by=lead, at=at)
    publish_assessment(assessment=draft, by=lead, at=at)
    return lead


@pytest.fixture
def unit(maturity_model):
    return make_unit("Commerce")


@pytest.fixture
def teams(unit):
    """Three teams of one unit with a result, one without; one of another unit."""
    made = [make_team(name, unit=unit) for name in ("Alpha", "Beta", "Gamma", "Delta")]
    publish(made[0], "training", 1, 2)
    publish(made[1], "training", 1)
    publish(made[2], "tracking", 1)
    make_team("Elsewhere", unit=make_unit("Logistics"))
    record_weeks(at=AT)
    record_weeks(at=AT + timedelta(days=7))
    return made


@pytest.fixture
def manager(unit):
    return make_manager(unit)
