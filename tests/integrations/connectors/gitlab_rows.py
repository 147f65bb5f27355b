"""Rows as GitLab sends them: a payload (payloads/gitlab, each with its source) with the fields that a test speaks of laid over it."""

from __future__ import annotations

import base64
import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integrations.connectors.github_rows import UNTIL, ago, sha, stamp

__all__ = ["PAYLOADS", "UNTIL", "Row", "ago", "payload", "sha", "stamp"]

PAYLOADS = Path(__file__).parent.parent / "payloads" / "gitlab"
BOT = "project_101_bot_5f3a"
ROBOT = "release-robot"

Row = dict[str, Any]


def payload(name: str) -> Any:
    return copy.deepcopy(json.loads((PAYLOADS / f"{name}.json").read_text())["body"])


def row(name: str, /, **over: Any) -> Row:
    """The payload of that name; `over` replaces fields."""
    found: Row = {**payload(name), **over}
    return found


def user(name: str) -> Row:
    given = payload("service_account") if name == ROBOT else payload("user")
    short: Row = {key: given[key] for key in ("id", "username", "name", "state", "avatar_url", "web_url")}
    return short if name == ROBOT else {**short, "id": int(sha(name)[:6], 16), "username": name}


def key(name: str) -> str:
    """What is kept of an account."""
    return str(user(name)["id"])


def project(id_: int, path: str, **over: Any) -> Row:
    given = {"id": id_, "path_with_namespace": path, "web_url": f"https://gitlab.example.com/{path}"}
    return row("project", **{**given, **over})


def tree(*paths: str) -> list[Row]:
    return [row("tree_entry", id=sha(path), path=path, name=path.rpartition("/")[2]) for path in paths]


def content(text: str) -> Row:
    return row("file", content=base64.b64encode(text.encode()).decode())


def change(iid: int, merged: datetime | None, *, author: str = "ann", **over: Any) -> Row:
    given = {
        "id": 3_000 + iid,
        "iid": iid,
        "author": user(author),
        "merged_at": stamp(merged) if merged else None,
        "updated_at": stamp(merged or UNTIL),
        "labels": [],
        "source_branch": f"topic-{iid}",
        "merge_commit_sha": sha(f"merge-{iid}"),
        "sha": sha(f"head-{iid}"),
    }
    return row("merge_request", **{**given, **over})


def approvals(*given: tuple[str, datetime | None]) -> Row:
    """Who approved, and when; servers before 18.0 do not say when."""
    rows = [{"user": user(who), **({"approved_at": stamp(at)} if at else {})} for who, at in given]
    return row("approvals", approved_by=rows)


def pipeline(id_: int, created: datetime, **over: Any) -> Row:
    """A push pipeline of main that ended ten minutes later."""
    minutes = timedelta(minutes=over.pop("minutes", 10))
    given = {
        "id": id_,
        "created_at": stamp(created),
        "updated_at": stamp(created + minutes),
        "sha": sha(over.pop("commit", f"run-{id_}")),
        "web_url": f"https://gitlab.example.com/team/app/-/pipelines/{id_}",
    }
    return row("pipeline", **{**given, **over})


def details(id_: int, created: datetime, *, by: str = "ann", **over: Any) -> Row:
    """A pipeline asked for by itself: it began a minute after it was made."""
    listed = pipeline(id_, created, **over)
    times = {
        "started_at": stamp(created + timedelta(minutes=1)),
        "finished_at": listed["updated_at"],
        "user": user(by),
    }
    return row("pipeline_details", **{**listed, **times})


def job(id_: int, name: str, ended: datetime, status: str = "success", **over: Any) -> Row:
    pipeline_id = over.pop("pipeline", 0)
    given = row("job", id=id_, name=name, status=status, finished_at=stamp(ended), created_at=stamp(ended))
    if pipeline_id:
        given["pipeline"] = {**given["pipeline"], "id": pipeline_id}
    return {**given, **over}


def bridge(child: int) -> Row:
    made = payload("bridge")
    return {**made, "downstream_pipeline": {**made["downstream_pipeline"], "id": child}}


def report(count: int) -> Row:
    made = payload("test_report_summary")
    return {**made, "total": {**made["total"], "count": count}}


def environment(name: str, tier: str) -> Row:
    return row("environment", id=int(sha(name)[:4], 16), name=name, tier=tier)


def deployment(
    id_: int, commit: str, finished: datetime, *, env: str = "production", by: str = BOT, pipeline_id: int = 0
) -> Row:
    """A deployment that succeeded: by the job of a pipeline, or recorded by a tool where there is none."""
    made = row(
        "deployment",
        id=id_,
        sha=sha(commit),
        user=user(by),
        environment={"id": 9, "name": env, "external_url": None},
        created_at=stamp(finished - timedelta(minutes=10)),
        updated_at=stamp(finished),
    )
    job_ = made["deployable"]
    made["deployable"] = (
        {
            **job_,
            "finished_at": stamp(finished),
            "user": user(by),
            "pipeline": {**job_["pipeline"], "id": pipeline_id},
        }
        if pipeline_id
        else None
    )
    return made


def given_approval(name: str, status: str = "approved") -> Row:
    return row("deployment_approval", user=user(name), status=status)


def comparison(*commits: tuple[str, datetime, str]) -> Row:
    """A comparison whose commits are (name, committed at, title)."""
    made = [
        row("commit", id=sha(name), committed_date=stamp(at), created_at=stamp(at), title=title)
        for name, at, title in commits
    ]
    return row("comparison", commits=made)


def protected(name: str, *levels: Row) -> Row:
    made = payload("protected_branch")
    level = made["push_access_levels"][0]
    return {**made, "name": name, "push_access_levels": [{**level, **one} for one in levels or ({},)]}


def approval_rule(**over: Any) -> Row:
    return row("approval_rule", **over)
