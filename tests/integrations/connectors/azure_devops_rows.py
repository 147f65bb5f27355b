"""Rows as Azure DevOps sends them: a payload (payloads/azure_devops) with what a test speaks of laid over it."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integrations.connectors.github_rows import UNTIL, ago, sha

PAYLOADS = Path(__file__).parent.parent / "payloads" / "azure_devops"

__all__ = ["UNTIL", "ago", "sha"]

Row = dict[str, Any]

APP_ID = "22222222-aaaa-4bbb-8ccc-000000000001"
TRAINING_ID = "22222222-aaaa-4bbb-8ccc-000000000002"
# Accounts that are no people, by the words of these tests.
SERVICES = {"build-service": "svc.YnVpbGQ", "release-app": "aadsp.cmVs", "reviewers": "vssgp.Z3JvdXA"}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def row(name: str, /, **over: Any) -> Row:
    """The payload of that name; `over` replaces fields, a dict goes into the field it names."""
    found: Row = payload(name)
    for key, value in over.items():
        is_part = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = {**found[key], **value} if is_part else value
    return copy.deepcopy(found)


def stamp(moment: datetime) -> str:
    """As the service writes times: seven digits behind the point."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def person_id(name: str) -> str:
    return f"00000000-0000-4000-8000-{sha(name)[:12]}"


def account(name: str) -> Row:
    descriptor = SERVICES.get(name, f"aad.{sha(name)[:8]}")
    return {
        "displayName": name,
        "id": person_id(name),
        "uniqueName": f"{name}@example.org",
        "descriptor": descriptor,
        "isContainer": name == "reviewers",
    }


def build(
    id_: int, queued: datetime, commit: str, *, reason: str = "individualCI", by: str = "ann", **over: Any
) -> Row:
    """A completed build on main that took ten minutes."""
    minutes = over.pop("minutes", 10)
    branch, source = over.pop("branch", "refs/heads/main"), over.pop("source", "")
    repository, definition = over.pop("repository", APP_ID), over.pop("definition", 5)
    link = f"https://dev.azure.com/acme/churn/_build/results?buildId={id_}"
    return row(
        "build",
        **{
            "id": id_,
            "uri": f"vstfs:///Build/Build/{id_}",
            "queueTime": stamp(queued),
            "startTime": stamp(queued),
            "finishTime": stamp(queued + timedelta(minutes=minutes)),
            "lastChangedDate": stamp(queued + timedelta(minutes=minutes)),
            "sourceVersion": sha(commit),
            "sourceBranch": branch,
            "reason": reason,
            "requestedFor": account(by),
            "repository": {"id": repository},
            "definition": {"id": definition},
            "triggerInfo": {"pr.sourceSha": sha(source)} if source else {},
            "_links": {"web": {"href": link}},
            **over,
        },
    )


def record(name: str, ended: datetime, result: str = "succeeded", kind: str = "Task") -> Row:
    return row("record", name=name, finishTime=stamp(ended), result=result, type=kind)


def timeline(*records: Row) -> Row:
    return {"id": "88888888-aaaa-4bbb-8ccc-000000000001", "changeId": 42, "records": list(records)}


def pull(
    number: int, closed: datetime, *, by: str = "ann", votes: dict[str, int] | None = None, **over: Any
) -> Row:
    reviewers = [{**account(name), "vote": vote} for name, vote in (votes or {}).items()]
    labels = [{"id": person_id(name), "name": name, "active": True} for name in over.pop("labels", ())]
    return row(
        "pullrequest",
        pullRequestId=number,
        createdBy=account(by),
        creationDate=stamp(closed - timedelta(days=200)),
        closedDate=stamp(closed),
        sourceRefName=f"refs/heads/topic-{number}",
        targetRefName=f"refs/heads/{over.pop('into', 'main')}",
        lastMergeCommit={"commitId": sha(f"merge-{number}")},
        lastMergeSourceCommit={"commitId": sha(f"head-{number}")},
        reviewers=reviewers,
        labels=labels,
        **over,
    )


def vote(by: str, at: datetime, value: int) -> Row:
    made = row("thread", publishedDate=stamp(at))
    made["comments"][0]["author"] = account(by)
    made["properties"]["CodeReviewVoteResult"]["$value"] = str(value)
    return made


def comment(by: str, at: datetime) -> Row:
    made = row("thread", publishedDate=stamp(at), properties={})
    made["comments"][0] |= {"author": account(by), "commentType": "text"}
    made["properties"] = {}
    return made


def commit(name: str, committed: datetime, message: str = "Work") -> Row:
    date = {
        "name": "Ann Example",
        "email": "ann@example.org",
        "date": committed.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return row("commit", commitId=sha(name), committer=date, comment=message)


def deployment(id_: int, build_id: int, finished: datetime, **over: Any) -> Row:
    """A successful deployment of ten minutes by a job of a build."""
    return row(
        "deployment",
        **{
            "id": id_,
            "owner": {"id": build_id},
            "queueTime": stamp(finished - timedelta(minutes=10)),
            "startTime": stamp(finished - timedelta(minutes=9)),
            "finishTime": stamp(finished),
            **over,
        },
    )


def policy(kind: str, **settings: Any) -> Row:
    types = {
        "reviewers": "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd",
        "build": "0609b952-1397-4640-95ec-e00a01b2c241",
        "status": "cbdc66da-9728-4af8-aada-9a5a32e4a226",
        "comments": "c6a1889d-b943-4856-b76f-9e46bb6b0df2",
    }
    over = {name: settings.pop(name) for name in ("isEnabled", "isBlocking") if name in settings}
    return row("policy", type={"id": types[kind]}, settings=settings, **over)


def file(path: str) -> Row:
    return {"objectId": sha(path), "gitObjectType": "blob", "commitId": sha("head"), "path": f"/{path}"}


def folder(path: str) -> Row:
    return {**file(path), "gitObjectType": "tree", "isFolder": True}
