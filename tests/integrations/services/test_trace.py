"""What is live, traced to its data through real collections: each step a link, or where it breaks and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from assessments.models import VerdictChange
from integrations.models import Connection, Source, SourceFact
from integrations.queries.trace import HopKind, VersionTrace, trace_of
from teams.models import Team
from tests.factories import AT, make_lead, make_team, sign_in
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import COMMITS, FakeSystem, running

pytestmark = pytest.mark.django_db
SHA = "a" * 40
DAY = timedelta(days=1)
LIVE = {
    "kind": "version",
    "key": "churn/4",
    "happened_at": (AT - timedelta(days=3)).isoformat(),
    "sha": SHA,
    "is_live": True,
    "has_run": True,
    "has_digest": True,
    "name": "churn",
    "number": "4",
    "url": "https://mlflow.example.org/#/models/churn/versions/4",
    "run_id": "r1",
    "run_url": "https://mlflow.example.org/#/experiments/1/runs/r1",
    "digest": "d41d8cd9",
}
DEPLOYED = {
    "kind": "deployment",
    "key": "octo/app/911",
    "happened_at": (AT - timedelta(days=1)).isoformat(),
    "sha": SHA,
    "name": "production",
    "number": "911",
    "url": "https://git.example.org/runs/911",
}
REGISTRY = {
    "mlflow.production_versions": 1,
    "mlflow.versions_90d": 1,
    "mlflow.production_from_notebook_share": 0.0,
    "mlflow.versions_with_run_share": 1.0,
}
GIT = {"repo.connected": True, "ci.runs_30d": 20, "ci.training_runs_90d": 3, "deploy.count_90d": 1}


@pytest.fixture
def other(settings: Any, fake: FakeSystem) -> Iterator[FakeSystem]:
    with running() as system:
        settings.PORTAL_EGRESS_ALLOW = f"{fake.origin},{system.origin}"
        yield system


@pytest.fixture
def team(maturity_model: Any) -> Team:
    return make_team("Churn")


def registry(fake: FakeSystem, team: Team, *versions: Mapping[str, Any], **read: Any) -> Connection:
    fake.pages["/projects/churn"] = {"observations": {**REGISTRY, **read}, "facts": list(versions)}
    connection = make_connection(fake, kind="fakeregistry", name="Registry")
    make_source(connection, team)
    return connection


def code(
    fake: FakeSystem, team: Team, *facts: Mapping[str, Any], commits: tuple[str, ...] = (SHA,)
) -> Connection:
    fake.pages["/projects/churn"] = {"observations": GIT, "facts": list(facts), "commits": list(commits)}
    connection = make_connection(fake, kind="fakedeployer", name="Git")
    make_source(connection, team)
    return connection


def hops(version: VersionTrace) -> dict[str, tuple[str, str]]:
    """By step: (text, address), or ("", why it is broken)."""
    return {hop.kind.value: ("", hop.broken) if hop.broken else (hop.text, hop.url) for hop in version.hops}


def traced(team: Team) -> dict[str, tuple[str, str]]:
    (version,) = trace_of(team).versions
    return hops(version)


WHOLE = {
    "deployment": ("to production, 19 Nov 2026", DEPLOYED["url"]),
    "version": ("churn version 4, registered 17 Nov 2026", LIVE["url"]),
    "run": ("r1", LIVE["run_url"]),
    "commit": (SHA[:12], f"{COMMITS}/{SHA}"),
    "dataset": ("digest d41d8cd9", LIVE["run_url"]),
}


def test_every_step_of_a_live_version_is_a_link(fake: FakeSystem, other: FakeSystem, team: Team) -> None:
    collect(registry(fake, team, LIVE, {**LIVE, "key": "churn/3", "number": "3", "is_live": False}))
    collect(code(other, team, DEPLOYED))

    (version,) = trace_of(team).versions

    assert list(hops(version)) == [kind.value for kind in HopKind]
    assert hops(version) == WHOLE
    assert (version.title, version.is_whole, version.live_since) == (
        "churn version 4",
        True,
        # It was live at the first look already: nobody saw it go live.
        None,
    )
    assert trace_of(team).note == ""


NO_RUN = "the run is not known, and it stands in there"


@pytest.mark.parametrize(
    ("version", "deployments", "commits", "broken"),
    [
        (
            {"sha": "", "digest": "", "has_digest": False},
            [DEPLOYED],
            (SHA,),
            {
                "deployment": "the version leads to no commit, by which its deployment could be found",
                "commit": "the run names no commit",
                "dataset": "the run names no training data with a digest",
            },
        ),
        (
            {"has_run": False, "run_id": "", "run_url": "", "sha": "", "digest": ""},
            [DEPLOYED],
            (SHA,),
            {
                "deployment": "the version leads to no commit, by which its deployment could be found",
                "run": "the version names no run",
                "commit": NO_RUN,
                "dataset": NO_RUN,
            },
        ),
        (
            {"has_run": False, "sha": "", "digest": ""},
            [],
            (SHA,),
            {
                "deployment": "the version leads to no commit, by which its deployment could be found",
                "run": "it names run r1, which is not there",
                "commit": NO_RUN,
                "dataset": NO_RUN,
            },
        ),
        (
            {},
            [{**DEPLOYED, "sha": "b" * 40}],
            (),
            {
                "deployment": "no deployment to production is known of its commit aaaaaaaaaaaa; it may be served by its alias",
                "commit": "the run names aaaaaaaaaaaa, and no connected repository has this commit",
            },
        ),
        (
            {},
            [{**DEPLOYED, "sha": "b" * 40}, {**DEPLOYED, "key": "octo/app/912", "sha": ""}],
            (SHA,),
            {
                "deployment": "none of the deployments to production that could be read was made of its commit aaaaaaaaaaaa, "
                "and not all of them could be read in full",
            },
        ),
        (
            {},
            [],
            (SHA,),
            {
                "deployment": "the connected system tells how many deployments there were, but not of which commit"
            },
        ),
    ],
)
def test_where_it_breaks_and_why(
    fake: FakeSystem,
    other: FakeSystem,
    team: Team,
    version: Mapping[str, Any],
    deployments: list[Mapping[str, Any]],
    commits: tuple[str, ...],
    broken: Mapping[str, str],
) -> None:
    collect(registry(fake, team, {**LIVE, **version}))
    collect(code(other, team, *deployments, commits=commits))

    found = traced(team)

    assert {step: why for step, (text, why) in found.items() if not text} == broken
    assert {step: value for step, value in found.items() if value[0]} == {
        step: value for step, value in WHOLE.items() if step not in broken
    }


def test_what_is_not_connected_and_what_was_not_asked_yet(
    fake: FakeSystem, other: FakeSystem, team: Team
) -> None:
    collect(registry(fake, team, LIVE))
    alone = traced(team)
    git = code(other, team, DEPLOYED)
    mapped = traced(team)
    # Read before the registry named the commit: nobody asked for it.
    collect(git)
    SourceFact.objects.filter(kind="commit").delete()
    Source.objects.filter(connection=git).update(asked_shas=[], checked_shas=[])
    unasked = traced(team)

    assert alone["deployment"] == ("", "no system that deploys is connected")
    assert alone["commit"] == ("", f"the run names {SHA[:12]}, and no repository is connected")
    assert mapped["deployment"] == ("", "deployments to production were not read yet")
    assert mapped["commit"] == ("", f"the run names {SHA[:12]}, and the repositories were not read yet")
    assert unasked["commit"] == (
        "",
        f"the run names {SHA[:12]}; the repositories are asked for it at their next collection",
    )


def test_what_cannot_be_read_says_so_and_what_was_read_before_is_told_as_such(
    fake: FakeSystem, other: FakeSystem, team: Team
) -> None:
    first, git = registry(fake, team, LIVE), code(other, team, DEPLOYED, commits=())
    collect(first)
    other.status = 401
    collect(git)
    broken = traced(team)
    fake.status = 503
    collect(first, at=AT + timedelta(days=1))

    assert broken["deployment"] == (
        "",
        "deployments to production could not be read: the credential was refused",
    )
    assert broken["commit"] == (
        "",
        f"the run names {SHA[:12]}, and the repositories could not be read: the credential was refused",
    )
    trace = trace_of(team)
    assert trace.note == (
        "This was read before. Now live versions could not be read: the system could not be reached."
    )
    assert [version.title for version in trace.versions] == ["churn version 4"]


def test_no_live_version_says_why(fake: FakeSystem, team: Team) -> None:
    nothing = trace_of(team)
    connection = registry(fake, team, {**LIVE, "is_live": False}, **{"mlflow.production_versions": 0})
    unread = trace_of(team)
    collect(connection)
    none_live = trace_of(team)

    assert (nothing.versions, nothing.why_none) == (
        (),
        "No model registry is connected.",
    )
    assert unread.why_none == "Live versions were not read yet."
    assert (
        none_live.why_none
        == "The registry was read, and no version in it is marked as live by an alias or a stage."
    )


def test_three_queries_and_no_question_to_anybody(
    fake: FakeSystem, other: FakeSystem, team: Team, django_assert_num_queries: Any
) -> None:
    collect(registry(fake, team, LIVE, {**LIVE, "key": "churn/5", "number": "5"}))
    collect(code(other, team, DEPLOYED))
    asked = len(fake.asked) + len(other.asked)

    with django_assert_num_queries(3):
        trace_of(team)

    assert len(fake.asked) + len(other.asked) == asked


def test_a_changed_verdict_names_the_version_that_went_live(fake: FakeSystem, team: Team) -> None:
    """training.one_command: no live version may come from a notebook."""
    connection = registry(fake, team, LIVE)
    collect(connection)
    page = fake.pages["/projects/churn"]
    page["observations"]["mlflow.production_from_notebook_share"] = 1.0
    page["facts"] = [
        {**LIVE, "is_live": False},
        {
            **LIVE,
            "key": "churn/5",
            "number": "5",
            "url": "https://m.example/5",
            "happened_at": (AT + timedelta(hours=18)).isoformat(),
        },
    ]

    collect(connection, at=AT + timedelta(days=1))
    collect(connection, at=AT + timedelta(days=2))

    change = VerdictChange.objects.get(team=team, criterion__slug="training.one_command", before="yes")
    assert (change.after, [(cause["text"], cause["url"]) for cause in change.causes]) == (
        "no",
        [("churn version 5, live since 21 Nov 2026", "https://m.example/5")],
    )


def test_a_changed_verdict_names_the_deployment_that_is_new(fake: FakeSystem, team: Team) -> None:
    connection = code(fake, team)
    fake.pages["/projects/churn"]["observations"]["deploy.count_90d"] = 0
    collect(connection)
    page = fake.pages["/projects/churn"]
    page["observations"]["deploy.count_90d"] = 1
    happened_at = (AT + timedelta(hours=20)).isoformat()
    page["facts"] = [
        DEPLOYED,
        {**DEPLOYED, "key": "octo/app/912", "number": "912", "happened_at": happened_at},
    ]

    collect(connection, at=AT + timedelta(days=1))
    collect(connection, at=AT + timedelta(days=2))

    change = VerdictChange.objects.get(team=team, criterion__slug="deployment.recorded", before="unknown")
    # 911 was there before the first reading.
    assert (change.after, [cause["text"] for cause in change.causes]) == (
        "yes",
        ["deployment 912 to production of 21 Nov 2026"],
    )


def test_it_is_as_old_as_the_side_that_was_read_longest_ago(
    fake: FakeSystem, other: FakeSystem, team: Team
) -> None:
    git, models = code(other, team, DEPLOYED), registry(fake, team, LIVE)

    def age() -> datetime | None:
        read_at = trace_of(team).read_at
        return read_at.replace(second=0) if read_at is not None else None

    assert age() is None
    collect(models)
    assert age() == AT
    collect(git, at=AT + DAY)
    collect(models, at=AT + 2 * DAY)
    assert age() == AT + DAY
    collect(git, at=AT + 3 * DAY)
    assert age() == AT + 2 * DAY


@pytest.mark.parametrize("told", [{"mlflow.production_versions": "unreachable"}, {"mlflow.versions_90d": 0}])
def test_what_could_not_be_read_or_waits_for_a_person_is_as_old_as_what_stands(
    fake: FakeSystem, team: Team, told: dict[str, Any]
) -> None:
    models = registry(fake, team, LIVE, **{"mlflow.versions_90d": 40})
    collect(models)
    page = fake.pages["/projects/churn"]
    fake.pages["/projects/churn"] = {**page, "observations": {**page["observations"], **told}}

    collect(models, at=AT + DAY)

    trace = trace_of(team)
    assert trace.read_at is not None
    assert (trace.read_at.replace(second=0), trace.note != "") == (AT, True)


def test_the_page_says_how_old_it_is(fake: FakeSystem, team: Team) -> None:
    collect(registry(fake, team, LIVE))
    client = sign_in(Client(), make_lead(team))

    page = client.get(reverse("integrations:trace-detail", args=[team.slug])).content.decode()

    assert "The trace of the one live version breaks. As read on 20 Nov 2026." in page
