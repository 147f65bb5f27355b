"""One small organisation whose numbers are worked out by hand; every page of it is asked for.

Forecasting, in the unit Commerce, published an assessment that speaks of "Training environment" alone (7 criteria):

    level 1  dependencies_listed  yes by the team, and the file is there      yes, measured
    level 2  versions_pinned      yes by the team                             yes, claimed
             managed_compute      yes by the team                             yes, claimed
             recorded_per_run     yes by the team, 6 of 20 runs say otherwise  no, measured, disputed
    level 3  as_code              "we do not know"; one_definition open
    level 4  rebuild_tried        open

so the capability is at level 1, verified 1, up to 1, with 4 of 7 known. 20 runs in the tracker also confirm one criterion of
"Experiment tracking" (level 1, up to 4). The four others of Model creation are unassessed (0, up to 4), so the dimension is 0,
verified 0, up to min(floor((1 + 5 x 4) / 6), 1 + 1) = 2, and with it the team.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from assessments.models import Assessment, Criterion
from assessments.services.answers import record_answer
from assessments.services.measurements import Observed, record_measurements
from assessments.services.submission import publish_assessment, start_assessment, submit_assessment
from teams.models import Team, Unit, User
from tests.factories import (
    AT,
    make_lead,
    make_manager,
    make_member,
    make_platform_engineer,
    make_team,
    make_unit,
    make_user,
    sign_in,
)

SAID = {
    "environment.dependencies_listed": "yes",
    "environment.versions_pinned": "yes",
    "environment.managed_compute": "yes",
    "environment.recorded_per_run": "yes",
    "environment.as_code": "unknown",
}
READ = (
    Observed(
        signal="repo.has_dependency_manifest", value=True, observed_at=AT, url="https://git.example/files"
    ),
    Observed(signal="mlflow.runs_90d", value=20, observed_at=AT, sample=20),
    Observed(
        signal="mlflow.runs_with_git_commit_share", value=0.3, observed_at=AT, numerator=6, denominator=20
    ),
    Observed(signal="repo.notebook_share", value=0.25, observed_at=AT, numerator=5, denominator=20),
    Observed(signal="ci.success_rate_30d", value=None, reason="unauthorized", observed_at=AT),
)


@dataclass(frozen=True)
class World:
    unit: Unit
    team: Team
    lead: User
    member: User
    manager: User
    platform: User
    stranger: User

    def path(self, rest: str = "") -> str:
        return f"/teams/{self.team.slug}/{rest}"


@pytest.fixture
def now(monkeypatch: Any) -> Any:
    """The clock of the pages stands an hour after AT; `now(days)` moves it on."""

    def at(days: int = 0) -> Any:
        moment = AT + timedelta(days=days, hours=1)
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
        return moment

    at()
    return at


@pytest.fixture
def bare(maturity_model: Any, now: Any) -> World:
    """The organisation before anything was said or measured."""
    unit = make_unit("Commerce")
    team = make_team("Forecasting", unit=unit)
    return World(
        unit=unit,
        team=team,
        lead=make_lead(team, "lena"),
        member=make_member(team, "milo"),
        manager=make_manager(unit, "mara"),
        platform=make_platform_engineer("pia"),
        stranger=make_lead(make_team("Elsewhere", unit=make_unit("Logistics")), "stan"),
    )


@pytest.fixture
def world(bare: World) -> World:
    """The organisation with the published result of the head of this file."""
    publish(bare.team, bare.lead, SAID)
    measure(bare.team, *READ)
    return bare


def publish(team: Team, lead: User, said: dict[str, str], *, at: Any = AT, is_reviewed: bool = False) -> None:
    """What the team says, sent and published by its lead."""
    draft = start_assessment(team=team, by=lead, at=at)
    say(draft, lead, said, at=at)
    submit_assessment(assessment=draft, by=lead, at=at)
    publish_assessment(assessment=draft, is_reviewed=is_reviewed, by=lead, at=at)


def say(draft: Assessment, lead: User, said: dict[str, str], *, at: Any = AT) -> None:
    """First answers to these criteria."""
    rows = Criterion.objects.select_related("capability").filter(
        capability__maturity_model=draft.maturity_model, slug__in=said
    )
    for row in rows.order_by("pk"):
        record_answer(
            assessment=draft,
            criterion=row,
            value=said[row.slug],
            reason="We train nothing." if said[row.slug] == "na" else "",
            row_version=None,
            by=lead,
            at=at,
        )


def measure(team: Team, *items: Observed, at: Any = AT) -> None:
    """What a source read, told at once."""
    record_measurements(team=team, source="connection:1", items=items, at=at, by_name="CI", immediate=True)


@pytest.fixture
def get(client: Client) -> Any:
    """`get(person, path)`: the page as that person gets it; None is a visitor."""

    def ask(person: User | None, path: str, **headers: Any) -> Any:
        client.logout()
        if person is not None:
            sign_in(client, person)
        # The test client's own "testserver" is no name of this machine.
        return client.get(path, headers={"host": "localhost"}, **headers)

    return ask


@pytest.fixture
def nobody(db: None) -> User:
    """Somebody without any role."""
    return make_user("nora")
