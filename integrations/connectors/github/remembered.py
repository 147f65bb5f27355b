"""What a memory keeps of GitHub: runs, and details of finished things, as the few values that signals need. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations.connectors.common.changes import Change, is_hotfix
from integrations.connectors.common.places import Place
from integrations.connectors.common.releases import Deployment, Release
from integrations.connectors.common.runs import Outcome, Run, StartedBy, StepFindings
from integrations.connectors.memory import SETTLES, Item, Stream, mark_of

# As long as anything is looked back at, and a little.
KEPT = timedelta(days=200)
# After this a good deployment gets no further word that matters.
SETTLED = timedelta(days=7)


def runs_of(place: Place, path: str, branch: str, window: timedelta) -> Stream:
    """The runs of a repository or one of its workflows, on a branch or on all."""
    return Stream("runs", f"{_repository(place)} {path} {branch}".strip(), window, is_lasting=True)


def run_item(run: Run) -> Item:
    return Item(
        key=str(run.id),
        happened_at=run.created_at,
        is_final=run.outcome is not Outcome.RUNNING,
        changed_at=run.finished_at,
        data={
            "started_by": run.started_by.value,
            "outcome": run.outcome.value,
            "branch": run.branch,
            "sha": run.sha,
            "definition_id": run.definition_id,
            "started_at": run.started_at.isoformat(),
            "finished_at": run.finished_at.isoformat(),
            "attempt": run.attempt,
            "starter": mark_of(run.starter),
            "is_from_fork": run.is_from_fork,
            "url": run.url,
        },
    )


def run_of(item: Item) -> Run:
    """The run that an item was made of; of who started it only a mark."""
    data: dict[str, Any] = dict(item.data)
    for name in ("started_at", "finished_at"):
        data[name] = datetime.fromisoformat(data[name])
    data["started_by"], data["outcome"] = StartedBy(data["started_by"]), Outcome(data["outcome"])
    return Run(id=int(item.key), created_at=item.happened_at, **data)


def jobs_of(place: Place, pattern: re.Pattern[str]) -> Stream:
    """What the jobs of runs show of tests; another pattern sees other tests."""
    digest = hashlib.sha256(pattern.pattern.encode()).hexdigest()[:16]
    return Stream("jobs", f"{_repository(place)} {digest}", KEPT)


def jobs_key(run: Run) -> str:
    return f"{run.id} {run.attempt}"


def jobs_item(run: Run, found: StepFindings) -> Item:
    passed_at = found.passed_at.isoformat() if found.passed_at else None
    data = {"has_run": found.has_run, "passed_at": passed_at}
    return Item(jobs_key(run), run.created_at, run.outcome is not Outcome.RUNNING, data)


def findings_of(item: Item) -> StepFindings:
    passed_at = item.data["passed_at"]
    return StepFindings(item.data["has_run"], datetime.fromisoformat(passed_at) if passed_at else None)


def changes_of(place: Place, marks: Sequence[str], window: timedelta) -> Stream:
    """The merged changes of a default branch. Of labels and branches only whether they bear a mark is kept."""
    digest = hashlib.sha256("|".join(sorted(marks)).encode()).hexdigest()[:16]
    return Stream("changes", f"{_repository(place)} {place.branch} {digest}", window)


def change_item(change: Change, marks: Sequence[str], *, updated_at: datetime) -> Item:
    """A merged change, placed where the listing has it: by the time of its last update, and a merge is one."""
    return Item(
        key=str(change.number),
        happened_at=updated_at,
        is_final=True,
        changed_at=updated_at,
        data={
            "merged_at": change.merged_at.isoformat(),
            "author": mark_of(change.author),
            "is_by_person": change.is_by_person,
            "merge_sha": change.merge_sha,
            "head_sha": change.head_sha,
            "is_marked": is_hotfix(change, marks),
        },
    )


def change_of(item: Item, marks: Sequence[str]) -> Change:
    """The change that an item was made of; of its author only a mark."""
    return Change(
        number=int(item.key),
        merged_at=datetime.fromisoformat(item.data["merged_at"]),
        author=item.data["author"],
        is_by_person=item.data["is_by_person"],
        merge_sha=item.data["merge_sha"],
        head_sha=item.data["head_sha"],
        head_ref="",
        labels=frozenset(marks[:1]) if item.data["is_marked"] else frozenset(),
    )


def reviews_of(place: Place) -> Stream:
    return Stream("reviews", _repository(place), KEPT)


def review_item(change: Change, *, is_approved: bool) -> Item:
    """Whether a merged change was approved before its merge: nothing that comes later can change that."""
    return Item(str(change.number), change.merged_at, is_final=True, data={"is_approved": is_approved})


def statuses_of(place: Place) -> Stream:
    return Stream("statuses", _repository(place), KEPT + KEPT)


def status_item(record: Deployment, release: Release | None, *, until: datetime) -> Item:
    """What came of a deployment. Final when it is settled: a late success is still a success."""
    settles = SETTLES if release is None else SETTLED
    data = (
        {} if release is None else {"finished_at": release.finished_at.isoformat(), "run_id": release.run_id}
    )
    return Item(str(record.id), record.created_at, record.created_at < until - settles, data)


def release_of(item: Item, record: Deployment) -> Release | None:
    if not item.data:
        return None
    return Release(record, datetime.fromisoformat(item.data["finished_at"]), item.data["run_id"])


def _repository(place: Place) -> str:
    return str(place.id or place.full_name)
