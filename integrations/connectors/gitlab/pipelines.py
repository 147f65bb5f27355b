"""Pipelines and their jobs. Pure: rows of GitLab's answers in, items to remember and runs out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.connectors.common.payload import Row, moment, number, part, sha, text
from integrations.connectors.common.places import Place
from integrations.connectors.common.runs import Outcome, Run, StartedBy, Step
from integrations.connectors.gitlab.accounts import account_key
from integrations.connectors.memory import Item

OUTCOMES = {
    "success": Outcome.SUCCESS,
    "failed": Outcome.FAILED,
    "canceled": Outcome.LEFT_OUT,
    "skipped": Outcome.LEFT_OUT,
}
# Statuses that another CI tool reported: its own connector counts those runs, and their jobs are not shown here.
EXTERNAL = "external"
CHILD = "parent_pipeline"
_BY_API = "api"
_STARTED_BY = {
    "push": StartedBy.CHANGE,
    "merge_request_event": StartedBy.CHANGE,
    "external_pull_request_event": StartedBy.CHANGE,
    "schedule": StartedBy.SCHEDULE,
    "web": StartedBy.PERSON,
    "trigger": StartedBy.MACHINE,
    "pipeline": StartedBy.MACHINE,
    "container_registry_push": StartedBy.MACHINE,
}


def pipeline_item(row: Row) -> Item | None:
    """What is remembered of a pipeline of a listing; None when it has no number or no time of creation."""
    created_at = moment(row, "created_at")
    if created_at is None or not number(row, "id"):
        return None
    # A pipeline that is still waiting has no time of change.
    updated_at = moment(row, "updated_at") or created_at
    return Item(
        str(number(row, "id")),
        updated_at,
        is_final=text(row, "status") in OUTCOMES,
        data={
            "status": text(row, "status"),
            "source": text(row, "source"),
            "ref": text(row, "ref"),
            "sha": sha(row, "sha"),
            "created_at": created_at.isoformat(),
        },
        changed_at=updated_at,
    )


def pipeline_items(rows: Iterable[Row]) -> list[Item]:
    return [item for row in rows if (item := pipeline_item(row)) is not None]


def run_of(item: Item, place: Place) -> Run:
    """The run that a listed pipeline is. Who called the API is not in a listing: such a run was started by OTHER."""
    source = str(item.data["source"])
    created_at = _moment(item.data, "created_at") or item.happened_at
    return Run(
        id=int(item.key),
        started_by=_STARTED_BY.get(source, StartedBy.OTHER),
        outcome=Outcome.LEFT_OUT
        if source == EXTERNAL
        else OUTCOMES.get(str(item.data["status"]), Outcome.RUNNING),
        branch=str(item.data["ref"]),
        sha=str(item.data["sha"]),
        created_at=created_at,
        started_at=created_at,
        finished_at=item.happened_at,
        url=page_of(place, item.key),
    )


@dataclass(frozen=True, slots=True)
class Details:
    """A pipeline as it is shown by itself: with its times, and with who started it."""

    run: Run
    source: str
    starter: str
    is_by_person: bool


def details_item(row: Row, *, is_person: bool) -> Item | None:
    """What is remembered of a pipeline that was asked for by itself."""
    item = pipeline_item(row)
    if item is None:
        return None
    started_at, finished_at = moment(row, "started_at"), moment(row, "finished_at")
    more = {
        "started_at": started_at.isoformat() if started_at else "",
        "finished_at": finished_at.isoformat() if finished_at else "",
        "starter": account_key(part(row, "user")),
        "is_by_person": is_person,
    }
    return Item(item.key, item.happened_at, item.is_final, {**item.data, **more}, item.changed_at)


def details_of(item: Item, place: Place) -> Details:
    """The pipeline with its times and its starter. A call of the API is a person's or a machine's, by its account."""
    run, source = run_of(item, place), str(item.data["source"])
    is_by_person = item.data.get("is_by_person") is True
    by_api = StartedBy.PERSON if is_by_person else StartedBy.MACHINE
    return Details(
        Run(
            id=run.id,
            started_by=by_api if source == _BY_API else run.started_by,
            outcome=run.outcome,
            branch=run.branch,
            sha=run.sha,
            created_at=run.created_at,
            started_at=_moment(item.data, "started_at") or run.created_at,
            finished_at=_moment(item.data, "finished_at") or run.finished_at,
            url=run.url,
            starter=str(item.data.get("starter", "")),
        ),
        source,
        str(item.data.get("starter", "")),
        is_by_person,
    )


def page_of(place: Place, pipeline_id: object) -> str:
    return f"{place.url}/-/pipelines/{pipeline_id}" if place.url else ""


def job_data(rows: Iterable[Row]) -> list[list[str]]:
    """Name, status and end of each job, as they are remembered."""
    return [
        [text(row, "name"), text(row, "status"), ended.isoformat() if ended else ""]
        for row in rows
        for ended in (moment(row, "finished_at"),)
    ]


def steps_of(jobs: Iterable[Iterable[str]]) -> list[Step]:
    """Remembered jobs as steps. A job that may fail without failing its pipeline is a step like any other."""
    return [
        Step(name, OUTCOMES.get(status, Outcome.RUNNING), _parsed(ended))
        for name, status, ended in (tuple(job) for job in jobs)
    ]


def ended_jobs(rows: Iterable[Row], names: frozenset[str]) -> list[Item]:
    """What is remembered of the jobs of these names that came to success or failure: the pipeline each belongs to.

    A job that waits to be played, or was skipped, trained nothing.
    """
    found = []
    for row in rows:
        created_at, pipeline = moment(row, "created_at"), number(part(row, "pipeline"), "id")
        has_ended = OUTCOMES.get(text(row, "status")) in (Outcome.SUCCESS, Outcome.FAILED)
        if created_at is not None and pipeline and has_ended and text(row, "name").lower() in names:
            found.append(
                Item(
                    str(number(row, "id")),
                    created_at,
                    is_final=True,
                    data={"pipeline": pipeline, "name": text(row, "name").lower()},
                )
            )
    return found


def downstream(rows: Iterable[Row]) -> list[int]:
    """The numbers of the pipelines that a pipeline started."""
    found = (number(part(row, "downstream_pipeline"), "id") for row in rows)
    return [id_ for id_ in found if id_]


def reported_tests(answer: Row) -> int:
    """The number of test cases in the summary of a pipeline's reports, 0 where it published none."""
    return max(number(part(answer, "total"), "count"), 0)


def _moment(data: Mapping[str, Any], key: str) -> datetime | None:
    return _parsed(str(data.get(key, "")))


def _parsed(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None
