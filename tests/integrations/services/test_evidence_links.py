"""Links into a connected host are looked at again: what is gone carries nothing, what comes back carries again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from assessments.models import Criterion, CriterionStatus, Evidence
from assessments.queries.team_state import evidence_line
from assessments.services.evidence import add_evidence, remove_evidence
from integrations.models import Collection, Connection, Source
from integrations.queries.kinds import connector_class
from integrations.services.evidence_links import IN_A_PAGE, NOT_OURS, OPEN, check_links, question_of
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
HIDDEN = (
    "127.0.0.1 shows this page to nobody without signing in, or it was never there. "
    "The portal signs in only to what is mapped to this team."
)


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
        HIDDEN,
    )
    assert status(source.team) == ("yes", "evidenced", "publication")

    # Once it was seen, it can be missed.
    fake.pages[PAGE] = {}
    collect(source.connection, at=AT + DAY)
    assert looked(evidence) == ("answered", OPEN)
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


def test_what_is_not_mapped_to_the_team_is_asked_for_as_by_a_stranger(
    fake: FakeSystem, maturity_model: Any
) -> None:
    """With the credential the two would differ: anybody could learn what other teams have."""
    fake.token = TOKEN
    fake.pages = {"/projects/churn": READ, "/team/others/runs/1": {}}
    source = make_source(make_connection(fake))
    theirs = prove(source.team, f"{fake.origin}/team/others/runs/1", is_published=False)
    nobodys = prove(source.team, f"{fake.origin}/team/others/runs/2", is_published=False)

    collect(source.connection)

    assert looked(theirs) == looked(nobodys) == ("unknown", HIDDEN)
    assert [(path, "authorization" in headers) for path, headers in fake.asked] == [
        ("/projects/churn", True),
        ("/team/others/runs/1", False),
        ("/team/others/runs/2", False),
    ]


def test_what_was_seen_signed_in_is_not_missed_by_a_stranger(source: Source, fake: FakeSystem) -> None:
    """The mapping moved on to another project: nobody may conclude that the page is gone."""
    fake.pages[PAGE] = {}
    evidence = prove(source.team, f"{fake.origin}{PAGE}")
    collect(source.connection)
    assert looked(evidence) == ("answered", "")
    fake.pages = {"/projects/next": READ}
    Source.objects.update(options={"project": "next"})

    collect(source.connection, at=AT + DAY)

    assert (looked(evidence), status(source.team)) == (
        ("unknown", HIDDEN),
        ("yes", "evidenced", "publication"),
    )


def test_a_page_that_a_stranger_sees_says_so(source: Source, fake: FakeSystem) -> None:
    fake.pages["/open"] = {}
    evidence = prove(source.team, f"{fake.origin}/open", is_published=False)
    collect(source.connection)
    assert evidence_line(Evidence.objects.get(pk=evidence.pk), AT.date()).check == (
        "Its page answers without signing in; looked at 20 Nov 2026."
    )


RUN = "/api/2.0/mlflow/runs/get?run_id={}"
VERSION = "/api/2.0/mlflow/model-versions/get?name={}&version={}"
SHIPPED = {"fakegit": "tests.integrations.fakes.FakeConnector"} | {
    "mlflow": "integrations.connectors.mlflow.connector.MlflowConnector"
}


@pytest.fixture
def mlflow(fake: FakeSystem, maturity_model: Any, settings: Any) -> Source:
    """Runs a1 and b2 of the team's experiments 12 (by its number) and 13 (by a pattern); c3 is of another team's, 14."""
    settings.PORTAL_CONNECTORS = SHIPPED
    for run, experiment in (("a1", "12"), ("b2", "13"), ("c3", "14")):
        fake.pages[RUN.format(run)] = {"run": {"info": {"experiment_id": experiment}}}
    for number, name in (("13", "churn-eu"), ("14", "fraud")):
        path = f"/api/2.0/mlflow/experiments/get?experiment_id={number}"
        fake.pages[path] = {"experiment": {"name": name}}
    fake.pages[VERSION.format("churn", 4)] = {}
    fake.pages[VERSION.format("fraud", 4)] = {}
    options = {"experiments": ["12", "churn-*"], "models": ["churn"]}
    return make_source(make_connection(fake, kind="mlflow"), options=options)


@pytest.mark.parametrize(
    ("fragment", "outcome", "detail"),
    [
        ("/experiments/12/runs/a1", "answered", ""),
        ("/experiments/13/runs/b2/artifacts?x=1", "answered", ""),
        ("/models/churn/versions/4", "answered", ""),
        # Of others, under an address that names the team's own, and what is nowhere: the same words.
        ("/experiments/12/runs/c3", "unknown", NOT_OURS),
        ("/experiments/12/runs/d4", "unknown", NOT_OURS),
        ("/models/fraud/versions/4", "unknown", NOT_OURS),
        ("/models/fraud/versions/5", "unknown", NOT_OURS),
        ("/models/churn%2F..%2Ffraud/versions/4", "unknown", NOT_OURS),
        ("/experiments/12", "unknown", IN_A_PAGE),
        ("/experiments/12/runs/../../secrets", "unknown", IN_A_PAGE),
    ],
)
def test_pages_of_mlflow_are_asked_of_its_api(
    fragment: str, outcome: str, detail: str, mlflow: Source, fake: FakeSystem
) -> None:
    evidence = prove(mlflow.team, f"{fake.origin}/#{fragment}", is_published=False)
    assert check_links(source=mlflow, run=Collection(outcome="ok"), at=AT) == 1
    assert looked(evidence) == (outcome, detail)
    assert [path for path in fake.paths if "fraud/" in path or "name=fraud" in path] == []


def test_a_run_of_mlflow_that_was_there_can_be_missed(mlflow: Source, fake: FakeSystem) -> None:
    evidence = prove(mlflow.team, f"{fake.origin}/#/experiments/12/runs/a1", is_published=False)
    check_links(source=mlflow, run=Collection(outcome="ok"), at=AT)
    del fake.pages[RUN.format("a1")]
    check_links(source=mlflow, run=Collection(outcome="ok"), at=AT + DAY)
    assert looked(evidence) == ("gone", "127.0.0.1 answers 404: not there.")


@pytest.mark.parametrize(
    ("kind", "options", "pages"),
    [
        ("gitlab", {"repositories": ["g/sub/app app", "17 infra"]}, ("g/sub/app",)),
        (
            "azure_devops",
            {"repositories": ["shop/churn app", "a%20b/c app"]},
            ("shop/_git/churn", "a%20b/_git/c"),
        ),
        (
            "jenkins",
            {"ci_jobs": ["job/models/job/train/"], "training_jobs": ["n x"]},
            ("job/models/job/train", "job/n%20x"),
        ),
        ("github", {"repositories": ["octo/app app"]}, ()),
        ("prometheus", {"services": ['job="churn"']}, ()),
    ],
)
def test_where_the_pages_of_a_mapping_lie(kind: str, options: Any, pages: tuple[str, ...]) -> None:
    assert connector_class(kind).pages_of(options) == pages


@pytest.mark.parametrize(
    ("url", "path", "is_trusted"),
    [
        ("https://ci.example.org/jenkins/job/train/7/?x=a b", "job/train/7/?x=a%20b", True),
        ("https://ci.example.org/jenkins/job/a%20b", "job/a%20b", True),
        ("https://ci.example.org/jenkins/job/a b/7", "job/a%20b/7", True),
        ("https://ci.example.org/jenkins/job/training/7", "jenkins/job/training/7", False),
        ("https://ci.example.org/jenkins/job", "jenkins/job", False),
        ("https://ci.example.org/jenkins", "jenkins", False),
        ("https://ci.example.org/jenkinsfile", "jenkinsfile", False),
        ("https://ci.example.org/other/ü", "other/%C3%BC", False),
        ("https://ci.example.org/job/train/7", "job/train/7", False),
        ("https://ci.example.org/jenkins/../admin", None, None),
        ("https://ci.example.org/jenkins/job/train/../other", None, None),
        ("https://ci.example.org/jenkins/job/train/%2e%2E/other", None, None),
        ("https://ci.example.org/jenkins/job/train/%252e%252e%252fother", None, None),
        ("https://ci.example.org/jenkins/job/train/..;x=1/other", None, None),
        ("https://ci.example.org/jenkins/job/train/..%5Cother", None, None),
    ],
)
def test_what_is_asked_of_an_address(url: str, path: str | None, is_trusted: bool | None) -> None:
    connection = Connection(kind="jenkins", base_url="https://ci.example.org/jenkins/")
    question = question_of(Source(connection=connection, options={"ci_jobs": ["train", "a b"]}), url)
    assert (question and (question.path, question.is_trusted)) == (
        (path is not None and (path, is_trusted)) or None
    )
