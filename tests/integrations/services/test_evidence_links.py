"""Links into a connected host are looked at again: what is gone carries nothing, what comes back carries again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import Criterion, CriterionStatus, Evidence
from assessments.queries.team_state import evidence_line
from assessments.services.evidence import add_evidence, remove_evidence
from integrations.connectors.mlflow.connector import MlflowConnector
from integrations.models import Connection, Source
from integrations.services.evidence_links import IN_A_PAGE, question_of
from teams.models import Event, Team
from tests.assessments.pages.conftest import publish
from tests.factories import AT, make_lead, make_team
from tests.integrations.factories import TOKEN, collect, make_connection, make_source
from tests.integrations.fakes import FakeSystem, running

pytestmark = pytest.mark.django_db
CRITERION = "environment.versions_pinned"
PAGE = "/team/churn/runs/7"
READ = {"observations": {"ci.runs_30d": 12}}
DAY = timedelta(days=1)


@pytest.fixture
def source(fake: FakeSystem, maturity_model: Any) -> Source:
    """The source of a team that proves its one claim by a link, added by `prove`."""
    fake.pages["/projects/churn"] = READ
    return make_source(make_connection(fake))


def prove(team: Team, url: str, *, at: datetime = AT, is_published: bool = True) -> Evidence:
    lead = make_lead(team, f"lead-{Evidence.objects.count()}")
    evidence = add_evidence(
        team=team,
        criteria=[Criterion.objects.get(slug=CRITERION)],
        title="The nightly run",
        form="link",
        url=url,
        kind="repo_file",
        collected_on=at.date(),
        by=lead,
        at=at,
    )
    if is_published:
        publish(team, lead, {CRITERION: "yes"}, at=at)
    return evidence


def status(team: Team) -> tuple[str, str, str]:
    row = CriterionStatus.objects.get(team=team, criterion__slug=CRITERION, is_current=True)
    return row.status, row.support, row.cause


def events() -> list[tuple[str, str]]:
    rows = Event.objects.filter(action__in=["evidence.gone", "evidence.back"]).order_by("at", "pk")
    return list(rows.values_list("action", "actor_name"))


def looked(evidence: Evidence) -> tuple[str, str]:
    evidence.refresh_from_db()
    return evidence.check_outcome, evidence.check_detail


def test_gone_takes_its_support_away_and_an_answer_gives_it_back(source: Source, fake: FakeSystem) -> None:
    fake.pages[PAGE] = {}
    evidence = prove(source.team, f"{fake.origin}{PAGE}")
    collect(source.connection)
    assert (looked(evidence), status(source.team)) == (("answered", ""), ("yes", "evidenced", "publication"))

    del fake.pages[PAGE]
    collect(source.connection, at=AT + DAY)
    assert looked(evidence) == ("gone", "127.0.0.1 answers 404: not there.")
    assert status(source.team) == ("yes", "claimed", "evidence")
    line = evidence_line(evidence, (AT + DAY).date())
    assert (line.state, line.check) == (
        "gone",
        "Gone since 21 Nov 2026, so it carries nothing; looked at 21 Nov 2026: 127.0.0.1 answers 404: not there.",
    )

    # Still gone: nothing is told twice.
    collect(source.connection, at=AT + 2 * DAY)
    # In trouble: neither gone nor back.
    fake.statuses[PAGE] = 503
    collect(source.connection, at=AT + 3 * DAY)
    assert looked(evidence)[0] == "unknown"
    assert status(source.team) == ("yes", "claimed", "evidence")
    assert evidence.gone_at is not None
    assert evidence.gone_at.date() == (AT + DAY).date()

    fake.statuses[PAGE] = 200
    fake.pages[PAGE] = {}
    collect(source.connection, at=AT + 4 * DAY)
    assert looked(evidence) == ("answered", "")
    assert status(source.team) == ("yes", "evidenced", "evidence")
    by = source.connection.measurement_source
    assert events() == [("evidence.gone", by), ("evidence.back", by)]


@pytest.mark.parametrize("code", [401, 403, 429, 500, 503])
def test_what_could_not_be_checked_changes_nothing(source: Source, fake: FakeSystem, code: int) -> None:
    evidence = prove(source.team, f"{fake.origin}{PAGE}")
    fake.statuses[PAGE] = code

    collect(source.connection)

    outcome, detail = looked(evidence)
    assert (outcome, f"(HTTP {code})" in detail) == ("unknown", True)
    assert (status(source.team), events()) == (("yes", "evidenced", "publication"), [])


def test_410_is_gone(source: Source, fake: FakeSystem) -> None:
    evidence = prove(source.team, f"{fake.origin}{PAGE}")
    fake.statuses[PAGE] = 410

    collect(source.connection)

    assert looked(evidence) == ("gone", "127.0.0.1 answers 410: not there.")


@pytest.fixture
def elsewhere() -> Iterator[FakeSystem]:
    with running() as system:
        yield system


def test_other_links_are_never_fetched(source: Source, fake: FakeSystem, elsewhere: FakeSystem) -> None:
    port = fake.origin.rpartition(":")[2]
    urls = [
        f"{elsewhere.origin}{PAGE}",  # another port of the same host
        f"http://localhost:{port}{PAGE}",  # another name
        f"https://127.0.0.1:{port}{PAGE}",  # another scheme
        f"http://me@127.0.0.1:{port}{PAGE}",  # a user name in front
    ]
    pieces = [prove(source.team, url, is_published=False) for url in urls]
    prove(make_team("Others"), f"{fake.origin}/others", is_published=False)
    taken_back = prove(source.team, f"{fake.origin}/back", is_published=False)
    assert taken_back.added_by is not None
    remove_evidence(evidence=taken_back, by=taken_back.added_by, at=AT)

    collect(source.connection)

    assert (fake.paths, elsewhere.paths) == (["/projects/churn"], [])
    assert [looked(piece) for piece in pieces] == [("", "")] * 4


def test_the_credential_stays_below_the_address_that_it_was_entered_for(
    fake: FakeSystem, maturity_model: Any
) -> None:
    fake.pages["/api/v3/projects/churn"] = READ
    source = make_source(make_connection(fake, base_url=f"{fake.origin}/api/v3"))
    evidence = prove(source.team, f"{fake.origin}{PAGE}")

    # A stranger is told "not found": that may be a private page, and the portal never saw it.
    collect(source.connection)
    (_, with_token), (path, as_stranger) = fake.asked
    assert with_token["authorization"] == f"Bearer {TOKEN}"
    assert (path, "authorization" in as_stranger) == (PAGE, False)
    assert looked(evidence) == (
        "unknown",
        "127.0.0.1 shows this page to nobody without signing in, or it was never there.",
    )
    assert status(source.team) == ("yes", "evidenced", "publication")

    # Once it was seen, it can be missed.
    fake.pages[PAGE] = {}
    collect(source.connection, at=AT + DAY)
    assert looked(evidence) == ("answered", "")
    del fake.pages[PAGE]
    collect(source.connection, at=AT + 2 * DAY)
    assert looked(evidence)[0] == "gone"
    assert status(source.team) == ("yes", "claimed", "evidence")


def test_a_collection_that_failed_looks_at_nothing(source: Source, fake: FakeSystem) -> None:
    evidence = prove(source.team, f"{fake.origin}{PAGE}")
    fake.statuses["/projects/churn"] = 401

    collect(source.connection)

    assert (fake.paths, looked(evidence)) == (["/projects/churn"], ("", ""))


def test_a_place_inside_a_page_is_not_asked_for(source: Source, fake: FakeSystem) -> None:
    evidence = prove(source.team, f"{fake.origin}/#/runs/7")

    collect(source.connection)

    assert (fake.paths, looked(evidence)) == (["/projects/churn"], ("unknown", IN_A_PAGE))


@pytest.mark.parametrize(
    ("fragment", "path"),
    [
        ("/experiments/12/runs/a1b2c3", "api/2.0/mlflow/runs/get?run_id=a1b2c3"),
        ("/experiments/12/runs/a1b2c3/artifacts?x=1", "api/2.0/mlflow/runs/get?run_id=a1b2c3"),
        ("/models/churn%20eu/versions/4", "api/2.0/mlflow/model-versions/get?name=churn%20eu&version=4"),
        (
            "/models/a%2F..&version=9/versions/4",
            "api/2.0/mlflow/model-versions/get?name=a%2F..%26version%3D9&version=4",
        ),
        ("/experiments/12", ""),
        ("/experiments/12/runs/../../secrets", ""),
    ],
)
def test_pages_of_mlflow_are_asked_of_its_api(fragment: str, path: str) -> None:
    assert MlflowConnector.page_question(fragment) == path


@pytest.mark.parametrize(
    ("url", "path", "is_trusted"),
    [
        ("https://ci.example.org/jenkins/job/train/7/?x=a b", "job/train/7/?x=a%20b", True),
        ("https://ci.example.org/jenkins", "", True),
        ("https://ci.example.org/jenkinsfile", "jenkinsfile", False),
        ("https://ci.example.org/other/ü", "other/%C3%BC", False),
        ("https://ci.example.org/jenkins/../admin", None, None),
    ],
)
def test_what_is_asked_of_an_address(url: str, path: str | None, is_trusted: bool | None) -> None:
    connection = Connection(kind="github", base_url="https://ci.example.org/jenkins/")
    question = question_of(connection, url)
    assert (question and (question.path, question.is_trusted)) == (
        (path is not None and (path, is_trusted)) or None
    )
