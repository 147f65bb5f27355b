"""Collections that remember: what a second one asks, what people see while history is read, who writes when a lease is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from assessments.models import Measurement, Reading
from integrations.connectors.base import Collected, Observation, Question
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.memory import Item, Stream
from integrations.connectors.mlflow.options import RUN_SIGNALS
from integrations.models import Collection, Connection, StreamItem
from integrations.queries.history import history_of
from integrations.services import leases, memory
from tests.factories import AT, make_team
from tests.integrations.connectors.github_fake import FakeGithub
from tests.integrations.connectors.github_rows import UNTIL, ago, run, runs, stamp
from tests.integrations.connectors.github_world import OPTIONS as GIT_OPTIONS
from tests.integrations.connectors.github_world import build_world as build_github
from tests.integrations.connectors.mlflow_fake import FakeMlflow
from tests.integrations.connectors.mlflow_world import OPTIONS, build_world
from tests.integrations.connectors.test_github_collect import EXPECTED as GITHUB
from tests.integrations.connectors.test_mlflow_collect import EXPECTED as MLFLOW
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.fakes import FakeConnector, FakeSystem
from tests.integrations.standing import verdicts

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MINUTE = timedelta(minutes=1)


def read(connection: Connection, at: datetime) -> Collection:
    (done,) = collect(connection, at=at, trigger=Collection.Trigger.NOW)
    return done


def stands(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """(value, reason, bound, numerator, denominator) of each signal as it was read last."""
    readings = Reading.objects.filter(source=connection.measurement_source).select_related("latest")
    return {
        r.signal: (
            r.latest.value,
            r.latest.reason,
            r.latest.bound,
            r.latest.numerator,
            r.latest.denominator,
        )
        for r in readings
    }


def of_signals(table: dict[str, tuple[Any, ...]], *prefixes: str) -> dict[str, tuple[Any, ...]]:
    return {
        name: tuple(pytest.approx(value) if isinstance(value, float) else value for value in row)
        for name, row in table.items()
        if name.startswith(prefixes)
    }


@pytest.fixture
def mlflow(settings: Any, maturity_model: Any) -> Iterator[FakeMlflow]:
    with FakeMlflow() as fake:
        build_world(fake)
        settings.PORTAL_EGRESS_ALLOW = fake.url
        yield fake


@pytest.fixture
def connection(mlflow: FakeMlflow) -> Connection:
    made = make_connection(kind="mlflow", base_url=mlflow.url, answers={}, at=UNTIL)
    make_source(made, make_team(created_at=UNTIL), options=OPTIONS, at=UNTIL)
    return made


def _days(ms: int) -> float:
    return (UNTIL.timestamp() * 1000 - ms) / 86_400_000


def spans(fake: FakeMlflow) -> list[tuple[float, float]]:
    """Of each question for runs, how many days before UNTIL its span begins and ends."""
    found = []
    for asked in fake.asked:
        if asked.path == "runs/search":
            after, until = (
                int(part.split()[-1]) for part in asked.question["filter"].replace("<=", ">").split(" AND ")
            )
            found.append((_days(after), _days(until)))
    return found


def test_second_collection_asks_for_the_overlap_and_stores_nothing(
    mlflow: FakeMlflow, connection: Connection
) -> None:
    read(connection, UNTIL)
    first = stands(connection)
    assert first == first | of_signals(MLFLOW, *RUN_SIGNALS)
    before = Measurement.objects.count()
    mlflow.asked.clear()

    done = read(connection, UNTIL + MINUTE)

    assert (done.outcome, done.stored_count, done.notes) == ("ok", 0, [])
    assert (stands(connection), Measurement.objects.count()) == (first, before)
    ((begins, ends),) = spans(mlflow)
    # A day before the first collection began, for clocks that clients set.
    assert (round(begins, 2), round(ends, 3)) == (1, -0.001)


def test_only_what_signals_need_of_a_run_is_kept(mlflow: FakeMlflow, connection: Connection) -> None:
    read(connection, UNTIL)

    kept = StreamItem.objects.get(key="old-notebook").data
    assert kept == {
        "status": "FINISHED",
        "end_ms": kept["end_ms"],
        # Neither its path nor its name; that it is a notebook, and the blank that is no commit.
        "tags": {"mlflow.source.type": "NOTEBOOK", "mlflow.source.git.commit": "  "},
        "metrics": [],
        "has_params": False,
        "datasets": [["", "training"]],
        "experiment": "1",
        "names": [],
    }


def test_while_history_is_read_nothing_is_said_of_what_is_not_there_yet(
    mlflow: FakeMlflow, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "BACKFILL_SECONDS", 0)

    done = read(connection, UNTIL)

    seen = stands(connection)
    # evaluated began 7 days ago, both 8: the first two weeks hold all but failed (29.9), edge (30) and names-it (80).
    assert seen["mlflow.runs_30d"] == (8, "", "lower", None, None)
    assert seen["mlflow.runs_90d"] == (8, "", "lower", None, None)
    assert seen["mlflow.runs_complete_share"][:2] == (None, "window_not_covered")
    detail = Reading.objects.get(signal="mlflow.runs_complete_share").latest.detail
    assert detail == "The history of runs is still being read: 14 of 90 days so far."
    assert done.notes[0] == "Reading history: 14 of 90 days. The rest follows by itself."
    (source,) = connection.sources.all()
    assert history_of([source]) == {source.pk: "Reading history: 14 of 90 days."}
    # Eight runs prove that results are written; of shares of runs nothing is said, neither no nor yes.
    early = verdicts(source.team)
    assert early["tracking.results_written"] == ("yes", "measured")

    # It is due again at once, behind whatever is due already.
    connection.refresh_from_db()
    assert UNTIL < connection.next_due_at < UNTIL + MINUTE
    for turn in range(1, 12):
        assert [claim.connection_id for claim in leases.claim_due(at=UNTIL + turn * MINUTE)] == [
            connection.pk
        ]
        Connection.objects.update(lease_key="", lease_ends_at=None)
        read(connection, UNTIL + turn * MINUTE)
    assert history_of([connection.sources.get()]) == {}
    connection.refresh_from_db()
    assert connection.next_due_at > UNTIL + timedelta(hours=5)
    # Exactly the values of an unbroken reading.
    with_days = stands(connection)
    Connection.objects.filter(pk=connection.pk).update(removed_at=UNTIL)
    whole = make_connection(kind="mlflow", base_url=mlflow.url, answers={}, at=UNTIL)
    make_source(whole, make_team("Other", created_at=UNTIL), options=OPTIONS, at=UNTIL)
    monkeypatch.setattr(memory, "BACKFILL_SECONDS", 60)
    read(whole, UNTIL + 11 * MINUTE)
    assert stands(whole) == with_days
    # Nothing that was said early is taken back by the whole.
    late = verdicts(whole.sources.get().team)
    assert {slug: late[slug] for slug in early} == early


def test_a_connection_that_fails_while_history_is_read_is_not_hurried(
    mlflow: FakeMlflow, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "BACKFILL_SECONDS", 0)
    read(connection, UNTIL)
    mlflow.answer("runs/search", {"error_code": "INTERNAL_ERROR"}, status=500)

    read(connection, UNTIL + MINUTE)

    connection.refresh_from_db()
    assert connection.next_due_at > UNTIL + timedelta(hours=5)


@pytest.fixture
def github(settings: Any, maturity_model: Any) -> Iterator[FakeGithub]:
    with FakeGithub() as fake:
        build_github(fake)
        settings.PORTAL_EGRESS_ALLOW = fake.url
        yield fake


@pytest.fixture
def git(github: FakeGithub) -> Connection:
    made = make_connection(kind="github", base_url=github.url, answers={"token": "github_pat_x"}, at=UNTIL)
    make_source(made, make_team(created_at=UNTIL), options=GIT_OPTIONS, at=UNTIL)
    return made


def test_github_is_asked_once_for_what_is_finished(github: FakeGithub, git: Connection) -> None:
    read(git, UNTIL)
    first = stands(git)
    assert first == first | of_signals(GITHUB, "ci.", "deploy.", "repo.")
    asked = len(github.asked)
    github.asked.clear()

    done = read(git, UNTIL + MINUTE)

    assert (done.stored_count, stands(git)) == (0, first)
    assert [path for path in github.paths() if path.endswith(("/jobs", "/reviews"))] == []
    # Deployments that may still change their minds are asked for again.
    young = [path for path in github.paths() if path.endswith("/statuses")]
    assert 0 < len(young) < asked / 2
    # The clock of the test moves a second with each look.
    second = timedelta(seconds=2)
    created = {a.query["created"] for a in github.asked if "created" in a.query}
    assert created == {f"{stamp(UNTIL + second - timedelta(hours=1))}..{stamp(UNTIL + second + MINUTE)}"}


def test_a_run_that_was_unfinished_is_counted_when_it_ends(github: FakeGithub, git: Connection) -> None:
    (listed,) = [
        a.body["workflow_runs"]
        for a in github.answers
        if a.path == "repos/octo/training/actions/runs" and a.query == {"branch": "main"}
    ]
    waiting = {**run(203, ago(2)), "status": "in_progress", "conclusion": None}
    github.answer("repos/octo/training/actions/runs", runs(*listed, waiting), branch="main")
    github.answer("repos/octo/training/actions/runs/203", run(203, ago(2)))
    read(git, UNTIL)
    assert stands(git)["ci.runs_30d"][0] == 12
    # The listing of the overlap tells of nothing; the run is asked for by its number.
    github.answer("repos/octo/training/actions/runs", runs(), branch="main")
    github.answer("repos/octo/app/actions/runs", runs(), branch="main")

    read(git, UNTIL + MINUTE)

    assert stands(git)["ci.runs_30d"][0] == 13
    github.asked.clear()
    read(git, UNTIL + 2 * MINUTE)
    assert "repos/octo/training/actions/runs/203" not in github.paths()


class Lister(FakeConnector):
    """Reads one list: `odd` tells of something that no database can keep, `slow` loses its lease meanwhile, `limited` may ask
    for a single detail."""

    kind: ClassVar[str] = "lister"

    def collect(self, question: Question) -> Collected:
        project = question.options["project"]
        data = {"odd": object()} if project == "odd" else {}
        if project == "limited":
            jobs = Stream("jobs", "1", window=timedelta(days=7))
            question.memory.once(jobs, "a", lambda: Item("a", question.until, is_final=True))
            raise SourceError(Failure.RATE_LIMITED, "Enough for now.")

        def fetch(since: datetime, until: datetime) -> Iterator[list[Item]]:
            yield [Item("a", since, is_final=True)]
            if project == "slow":
                Connection.objects.update(lease_key="another worker's")
            yield [Item("b", since, is_final=True, data=data)]

        stream = Stream("runs", "1", window=timedelta(days=7))
        found = question.memory.recall(stream, until=question.until, fetch=fetch, refetch=lambda _: [])
        return Collected((Observation("ci.runs_30d", len(found.items)),))


@pytest.fixture
def lister(settings: Any, fake: FakeSystem) -> Connection:
    settings.PORTAL_CONNECTORS = {"lister": f"{__name__}.Lister"}
    return make_connection(fake, kind="lister")


def test_a_page_that_cannot_be_kept_is_the_problem_of_its_source_only(lister: Connection) -> None:
    for project in ("odd", "even"):
        make_source(lister, make_team(project), options={"project": project})

    odd, even = collect(lister, at=AT)

    assert (odd.outcome, odd.failure, odd.known_count) == ("failed", "portal", 0)
    assert (even.outcome, even.known_count) == ("ok", 1)
    # What was kept before stands.
    assert sorted(StreamItem.objects.values_list("stream__source__team__name", "key")) == [
        ("even", "a"), ("even", "b"), ("odd", "a"),
    ]  # fmt: skip


def test_details_are_kept_when_the_collection_is_broken_off(lister: Connection) -> None:
    make_source(lister, options={"project": "limited"})

    (done,) = collect(lister, at=AT)

    assert (done.outcome, done.failure) == ("throttled", "rate_limited")
    assert StreamItem.objects.get().key == "a"


def test_who_lost_the_lease_in_the_middle_stores_nothing_more(lister: Connection) -> None:
    make_source(lister, options={"project": "slow"})

    assert collect(lister, at=AT) == ()

    assert list(StreamItem.objects.values_list("key", flat=True)) == ["a"]
    assert (Collection.objects.count(), Measurement.objects.count()) == (0, 0)
    lister.refresh_from_db()
    assert lister.lease_key == "another worker's"
