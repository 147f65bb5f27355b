"""A changed value from the schedule waits for a second day; what a person asked for speaks at once (RULINGS 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assessments.models import CriterionStatus, Verdict
from integrations.connectors.base import Collected, Question
from integrations.models import Collection, Source
from integrations.services.probes import TooSoon, ask_for_collection
from integrations.services.sources import edit_source
from tests.factories import AT, make_team
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeConnector, FakeSystem

pytestmark = pytest.mark.django_db
SIGNAL, CRITERION = "repo.has_dependency_manifest", "environment.dependencies_listed"


def says(fake: FakeSystem, value: bool) -> None:
    fake.pages["/projects/churn"] = {"observations": {SIGNAL: value}}


def verdict() -> tuple[str, str]:
    one = Verdict.objects.get(criterion__slug=CRITERION)
    return one.verdict, one.pending_verdict


def statuses() -> list[tuple[str, str]]:
    rows = CriterionStatus.objects.filter(criterion__slug=CRITERION).order_by("since_at")
    return list(rows.values_list("status", "cause"))


def test_schedule_waits_for_a_second_day(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    make_source(connection)
    says(fake, True)
    collect(connection)
    says(fake, False)

    collect(connection, at=AT + timedelta(days=1))
    assert verdict() == ("yes", "no")
    assert statuses() == [("yes", "measurement")]

    collect(connection, at=AT + timedelta(days=2))
    assert verdict() == ("no", "")
    assert statuses() == [("yes", "measurement"), ("no", "measurement")]


def test_what_a_person_asked_for_speaks_at_once(fake: FakeSystem) -> None:
    connection = make_connection(fake)
    make_source(connection)
    says(fake, True)
    collect(connection)
    says(fake, False)

    collect(connection, at=AT + timedelta(days=1), trigger=Collection.Trigger.NOW)

    assert verdict() == ("no", "")


class TestTwoTeamsOfOneConnection:
    """Alpha was read a day ago and says something else now; Beta's mapping is what a person works on."""

    @pytest.fixture(autouse=True)
    def read_alpha(self, fake: FakeSystem, maturity_model: Any) -> None:
        self.alpha, self.beta = make_team("Alpha"), make_team("Beta")
        self.connection = make_connection(fake)
        make_source(self.connection, self.alpha, options={"project": "alpha"})
        for project in ("alpha", "beta"):
            fake.pages[f"/projects/{project}"] = {"observations": {SIGNAL: True}}
        assert self.collect(0) == {"Alpha": "now"}
        fake.pages["/projects/alpha"] = {"observations": {SIGNAL: False}}

    def collect(self, days: float) -> dict[str, str]:
        """How each team was read."""
        runs = collect(self.connection, at=AT + timedelta(days=days))
        return {run.source.team.name: run.trigger for run in runs}

    def verdict_of_alpha(self) -> tuple[str, str]:
        one = Verdict.objects.get(team=self.alpha, criterion__slug=CRITERION)
        return one.verdict, one.pending_verdict

    def map_beta(self, days: float) -> Source:
        at = AT + timedelta(days=days)
        return make_source(self.connection, self.beta, options={"project": "beta"}, at=at)

    def test_mapping_one_makes_only_that_one_speak_at_once(self) -> None:
        self.map_beta(1)

        assert self.collect(1) == {"Alpha": "schedule", "Beta": "now"}

        assert self.verdict_of_alpha() == ("yes", "no")
        assert self.collect(1.1) == {"Alpha": "schedule", "Beta": "schedule"}

    def test_so_does_an_edit(self) -> None:
        beta = self.map_beta(0)
        self.collect(0.9)
        edit_source(
            source=beta, options={"project": "beta"}, row_version=1, by=None, at=AT + timedelta(days=1)
        )

        assert self.collect(1) == {"Alpha": "schedule", "Beta": "now"}

        assert self.verdict_of_alpha() == ("yes", "no")

    @pytest.mark.parametrize("is_mapped_first", [True, False])
    def test_collect_now_is_for_all(self, is_mapped_first: bool) -> None:
        at = AT + timedelta(days=1)
        if is_mapped_first:
            self.map_beta(1)
            ask_for_collection(connection=self.connection, by=None, at=at)
        else:
            ask_for_collection(connection=self.connection, by=None, at=at)
            self.map_beta(1)

        assert self.collect(1) == {"Alpha": "now", "Beta": "now"}

        assert self.verdict_of_alpha() == ("no", "")

    def test_a_wish_that_is_refused_is_no_wish(self) -> None:
        with pytest.raises(TooSoon):
            ask_for_collection(connection=self.connection, by=None, at=AT + timedelta(seconds=10))

        assert self.collect(1) == {"Alpha": "schedule"}

    def test_an_edit_while_it_is_read_is_not_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        beta = self.map_beta(0)
        real = FakeConnector.collect

        def edited_meanwhile(connector: FakeConnector, question: Question) -> Collected:
            if question.options["project"] == "beta":
                at = AT + timedelta(days=1, seconds=5)
                edit_source(source=beta, options={"project": "beta2"}, row_version=1, by=None, at=at)
            return real(connector, question)

        with monkeypatch.context() as patched:
            patched.setattr(FakeConnector, "collect", edited_meanwhile)
            self.collect(1)

        assert self.collect(2) == {"Alpha": "schedule", "Beta": "now"}
