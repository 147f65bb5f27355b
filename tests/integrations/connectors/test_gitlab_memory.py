"""What GitLab is asked by a source that remembers: spans of time, finished things once, and the same values in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from integrations.connectors.base import Collected
from integrations.connectors.memory import Fetch, Item, Memory, Recalled, Refetch, Stream, newest_first
from tests.integrations.connectors.gitlab_fake import FakeGitlab
from tests.integrations.connectors.gitlab_rows import ago
from tests.integrations.connectors.gitlab_world import APP, OPTIONS, TRAINING, build_world
from tests.integrations.connectors.observed import by_signal

pytestmark = pytest.mark.slow

WEEK = timedelta(days=7)


@dataclass
class Notebook(Memory):
    """Remembers in lists: the newest week first, then week by week back; later only what happened since, less the overlap."""

    items: dict[Stream, dict[str, Item]] = field(default_factory=dict)
    read_until: dict[Stream, datetime] = field(default_factory=dict)
    details: dict[tuple[Stream, str], Item] = field(default_factory=dict)

    def recall(self, stream: Stream, *, until: datetime, fetch: Fetch, refetch: Refetch) -> Recalled:
        known, floor = self.items.setdefault(stream, {}), until - stream.window
        for since, end in self._spans(stream, floor, until):
            for page in fetch(since, end):
                assert all(since <= item.happened_at < end for item in page)
                known |= {item.key: item for item in page}
        assert refetch([]) == ()
        self.read_until[stream] = until
        return Recalled(newest_first(known.values()), floor)

    def _spans(self, stream: Stream, floor: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        if stream in self.read_until:
            yield self.read_until[stream] - stream.overlap, until
            return
        end = until
        while end > floor:
            yield max(end - WEEK, floor), end
            end -= WEEK

    def once(self, stream: Stream, key: str, ask: Callable[[], Item]) -> Item:
        if (stream, key) not in self.details:
            item = ask()
            if not item.is_final:
                return item
            self.details[stream, key] = item
        return self.details[stream, key]


@pytest.fixture
def gitlab() -> Iterator[FakeGitlab]:
    with FakeGitlab() as fake:
        build_world(fake)
        yield fake


def values(collected: Collected) -> dict[str, tuple[object, ...]]:
    return {
        name: (one.value, one.reason, one.bound, one.numerator, one.denominator, one.sample)
        for name, one in by_signal(collected).items()
    }


def test_a_source_that_remembers_tells_the_same_and_asks_less(gitlab: FakeGitlab) -> None:
    plain = gitlab.collect(OPTIONS)
    notebook = Notebook()
    gitlab.memory = lambda: notebook
    first = gitlab.collect(OPTIONS)
    gitlab.asked.clear()
    second = gitlab.collect(OPTIONS)
    assert values(first) == values(plain)
    assert values(second) == values(plain)
    assert sorted(map(repr, second.facts)) == sorted(map(repr, plain.facts))
    asked = [path for path in gitlab.paths() if path.startswith((APP, TRAINING))]
    # What has ended is not asked for again: of all pipelines, jobs, reports, approvals, deployments and comparisons by
    # themselves only the one that still runs and the one that is gone.
    single = {path for path in asked if path.count("/") > 2 and "repository" not in path}
    assert single == {f"{TRAINING}/pipelines/313", f"{APP}/pipelines/507"}
    assert len(gitlab.asked) < 60


def test_older_spans_are_bounded_at_both_ends_and_the_newest_at_its_beginning(gitlab: FakeGitlab) -> None:
    notebook = Notebook()
    gitlab.memory = lambda: notebook
    gitlab.collect(OPTIONS)
    listed = [one.query for one in gitlab.asked if one.path == f"{APP}/merge_requests"]
    assert (listed[0]["updated_after"], "updated_before" in listed[0]) == ("2026-06-23T12:00:00Z", False)
    assert (listed[1]["updated_after"], listed[1]["updated_before"]) == (
        "2026-06-16T12:00:00Z",
        "2026-06-23T12:00:01Z",
    )
    deployed = [
        one.query
        for one in gitlab.asked
        if one.path == f"{APP}/deployments" and "finished_after" in one.query
    ]
    assert deployed[1]["finished_before"] == "2026-06-23T12:00:01Z"


def test_jobs_are_walked_through_once_however_many_spans_are_asked_for(gitlab: FakeGitlab) -> None:
    notebook = Notebook()
    gitlab.memory = lambda: notebook
    gitlab.collect(OPTIONS)
    assert gitlab.paths().count(f"{TRAINING}/jobs") == 1


def test_what_is_remembered_names_no_person_and_holds_no_text(gitlab: FakeGitlab) -> None:
    notebook = Notebook()
    gitlab.memory = lambda: notebook
    gitlab.collect(OPTIONS)
    kept = repr([item.data for found in notebook.items.values() for item in found.values()])
    kept += repr([item.data for item in notebook.details.values()])
    for word in (
        "ann",
        "bea",
        "carl",
        "Better features",
        "Mend the model",
        "example.com",
        "topic-1",
        "HotFix",
    ):
        assert f"'{word}" not in kept, word
    assert "2026-06" in kept


def test_a_pipeline_that_was_retried_is_read_anew(gitlab: FakeGitlab) -> None:
    notebook = Notebook()
    gitlab.memory = lambda: notebook
    gitlab.collect(OPTIONS)
    answer = next(
        one for one in gitlab.answers if one.path == f"{APP}/pipelines" and one.query.get("ref") == "main"
    )
    retried = [
        {**row, "status": "success", "updated_at": ago(minutes=10).isoformat()}
        for row in answer.body
        if row["id"] == 208
    ]
    gitlab.answer(f"{APP}/pipelines", retried, ref="main", scope="finished")
    gitlab.asked.clear()
    found = by_signal(gitlab.collect(OPTIONS))
    # 10 of 12 now, and the jobs of that pipeline are looked at again
    assert (found["ci.success_rate_30d"].numerator, found["ci.runs_30d"].value) == (10, 12)
    assert f"{APP}/pipelines/208/jobs" in gitlab.paths()
    assert f"{APP}/pipelines/207/jobs" not in gitlab.paths()
