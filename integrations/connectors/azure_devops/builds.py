"""Builds, their timelines and test runs. Pure: rows of Azure DevOps' answers in, runs out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.azure_devops.identities import is_person, who
from integrations.connectors.common.payload import Row, moment, number, page_url, part, sha, text
from integrations.connectors.common.places import Named
from integrations.connectors.common.runs import Outcome, Run, StartedBy, Step
from integrations.connectors.memory import Item

_OUTCOMES = {
    "succeeded": Outcome.SUCCESS,
    "partiallysucceeded": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.LEFT_OUT,
    "none": Outcome.LEFT_OUT,
}
_STEPS = {
    "succeeded": Outcome.SUCCESS,
    "succeededwithissues": Outcome.SUCCESS,
    "failed": Outcome.FAILED,
}
_REASONS = {
    "manual": StartedBy.PERSON,
    "usercreated": StartedBy.PERSON,
    "schedule": StartedBy.SCHEDULE,
    "scheduleforced": StartedBy.SCHEDULE,
    "individualci": StartedBy.CHANGE,
    "batchedci": StartedBy.CHANGE,
    "pullrequest": StartedBy.CHANGE,
    "checkinshelveset": StartedBy.CHANGE,
    "buildcompletion": StartedBy.MACHINE,
    "resourcetrigger": StartedBy.MACHINE,
    "triggered": StartedBy.MACHINE,
}
_HEADS = "refs/heads/"
_GUID = re.compile(r"[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True)
class Build:
    """A build as a run, with what only Azure DevOps tells of it. `source_sha` is the head of the pull request that it built."""

    run: Run
    source_sha: str
    repository_id: str


def read_item(row: Row) -> Item | None:
    """What is kept of a build; None for a row without a number or the time it was queued at."""
    queued_at = moment(row, "queueTime")
    if queued_at is None or number(row, "id") < 1:
        return None
    started_at = moment(row, "startTime") or queued_at
    finished_at = moment(row, "finishTime") or started_at
    starter = part(row, "requestedFor")
    return Item(
        key=str(number(row, "id")),
        happened_at=queued_at,
        is_final=text(row, "status") == "completed",
        changed_at=moment(row, "lastChangedDate"),
        data={
            "result": text(row, "result").lower() if text(row, "status") == "completed" else "running",
            "reason": text(row, "reason").lower(),
            "branch": text(row, "sourceBranch").removeprefix(_HEADS),
            "sha": sha(row, "sourceVersion"),
            "source_sha": sha(part(row, "triggerInfo"), "pr.sourceSha"),
            "started_at": started_at.isoformat(),
            "finished_at": finished_at.isoformat(),
            "definition": number(part(row, "definition"), "id"),
            "repository": text(part(row, "repository"), "id").lower(),
            "starter": who(starter) if is_person(starter) else "",
            "url": page_url(text(part(part(row, "_links"), "web"), "href")),
        },
    )


def read_build(item: Item) -> Build:
    """The build that was kept."""
    data = item.data
    started_by = _REASONS.get(data["reason"], StartedBy.OTHER)
    if started_by is StartedBy.PERSON and not data["starter"]:
        started_by = StartedBy.MACHINE
    running = data["result"] == "running"
    run = Run(
        id=int(item.key),
        started_by=started_by,
        outcome=Outcome.RUNNING if running else _OUTCOMES.get(data["result"], Outcome.OTHER),
        branch=data["branch"],
        sha=data["sha"],
        created_at=item.happened_at,
        started_at=datetime.fromisoformat(data["started_at"]),
        finished_at=datetime.fromisoformat(data["finished_at"]),
        url=data["url"],
        starter=data["starter"],
        definition_id=data["definition"],
    )
    return Build(run, data["source_sha"], data["repository"])


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipeline by its number and name."""

    id: int
    name: str

    def answers_to(self, name: str) -> bool:
        return name.strip().lower() in (self.name.lower(), str(self.id))


def read_definitions(found: Iterable[Row]) -> tuple[Definition, ...]:
    return tuple(Definition(number(row, "id"), text(row, "name")) for row in found if number(row, "id"))


def definitions_meant(
    named: Sequence[Named], definitions: Sequence[Definition], full_name: str
) -> tuple[Definition, ...]:
    names = [one.name for one in named if one.is_in(full_name)]
    return tuple(one for one in definitions if any(one.answers_to(name) for name in names))


def read_steps(records: Iterable[Row]) -> list[Step]:
    """Jobs and their tasks. Checkpoints, phases and stages are no steps: nothing runs in them."""
    return [
        Step(
            text(row, "name"),
            _STEPS.get(text(row, "result").lower(), Outcome.LEFT_OUT),
            moment(row, "finishTime"),
        )
        for row in records
        if text(row, "type") in ("Job", "Task")
    ]


def approval_ids(records: Iterable[Row]) -> list[str]:
    """The approvals that the build waited for: a checkpoint of that kind bears the number of its approval."""
    ids = (text(row, "id").lower() for row in records if text(row, "type") == "Checkpoint.Approval")
    return sorted({one if _GUID.fullmatch(one) else "" for one in ids})


def read_approvers(approvals: Iterable[Row]) -> list[str]:
    """People who let a build go on; one who was only asked, or turned it down, did not."""
    found: set[str] = set()
    for approval in approvals:
        steps = approval.get("steps")
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict) and text(step, "status").lower() == "approved":
                person = part(step, "actualApprover")
                found |= {who(person)} if is_person(person) else set()
    return sorted(found)
