"""Rows as GitHub sends them: an example of its own (payloads/github) with the fields that a test speaks of laid over it."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parent.parent / "payloads" / "github"
UNTIL = datetime(2026, 6, 30, 12, tzinfo=UTC)

Row = dict[str, Any]


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def row(name: str, /, **over: Any) -> Row:
    """The example of that name; `over` replaces fields, a dict goes into the field it names."""
    found: Row = payload(name)
    for key, value in over.items():
        found[key] = (
            {**found[key], **value} if isinstance(value, dict) and isinstance(found.get(key), dict) else value
        )
    return copy.deepcopy(found)


def sha(name: str) -> str:
    """A commit's name made of a word, so that tests can speak of commits by words."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def ago(days: float = 0, **more: float) -> datetime:
    return UNTIL - timedelta(days=days, **more)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login: str) -> Row:
    is_bot = login.endswith("[bot]")
    return {"login": login, "type": "Bot" if is_bot else "User", "id": int(sha(login)[:7], 16)}


def repository(full_name: str = "octo/model", **over: Any) -> Row:
    given = {
        "full_name": full_name,
        "id": int(sha(full_name)[:7], 16),
        "name": full_name.split("/")[1],
        "default_branch": "main",
        "archived": False,
    }
    return row("repository", **{**given, "html_url": f"https://github.com/{full_name}", **over})


def tree(*paths: str, truncated: bool = False) -> Row:
    blobs = [
        {
            "path": path,
            "mode": "100644",
            "type": "blob",
            "sha": sha(path),
            "size": 10,
            "url": f"https://api.github.com/b/{sha(path)}",
        }
        for path in paths
    ]
    return {"sha": sha("tree"), "url": "https://api.github.com/t", "tree": blobs, "truncated": truncated}


def content(text_: str) -> Row:
    return row("content_file", content=base64.b64encode(text_.encode()).decode())


def pull(number: int, merged: datetime | None, *, author: str = "ann", **over: Any) -> Row:
    label_names = over.pop("labels", ())
    ref, merge, head = (
        over.pop("ref", f"topic-{number}"),
        over.pop("merge", f"merge-{number}"),
        f"head-{number}",
    )
    label = payload("pull_request")["labels"][0]
    return row(
        "pull_request",
        number=number,
        state="closed",
        merged_at=stamp(merged) if merged else None,
        updated_at=stamp(over.pop("updated", merged or UNTIL)),
        closed_at=stamp(merged) if merged else None,
        user=user(author),
        merge_commit_sha=sha(merge),
        head={"ref": ref, "sha": sha(over.pop("head", head))},
        base={"ref": over.pop("base", "main")},
        labels=[{**label, "name": name} for name in label_names],
        **over,
    )


def review(author: str, at: datetime, state: str = "APPROVED") -> Row:
    return row("review", user=user(author), state=state, submitted_at=stamp(at))


def workflow(id_: int, path: str, name: str) -> Row:
    return row("workflow", id=id_, path=path, name=name)


def run(id_: int, created: datetime, **over: Any) -> Row:
    """A completed push run on main that took ten minutes; `by` is who started it."""
    by = user(over.pop("by", "ann"))
    minutes = timedelta(minutes=over.pop("minutes", 10))
    commit = over.pop("commit", f"run-{id_}")
    given: Row = {
        "id": id_,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "head_branch": "main",
        "head_sha": sha(commit),
        "path": ".github/workflows/ci.yml",
        "workflow_id": 1,
        "run_attempt": 1,
        "created_at": stamp(created),
        "run_started_at": stamp(created),
        "updated_at": stamp(created + minutes),
        "html_url": f"https://github.com/octo/model/actions/runs/{id_}",
        "actor": by,
        "triggering_actor": by,
    }
    made = row("workflow_run", **{**given, **over})
    if "head_repository" not in over:
        made["head_repository"] = {**made["head_repository"], "id": made["repository"]["id"]}
    return made


def runs(*found: Row) -> Row:
    return {"total_count": len(found), "workflow_runs": list(found)}


def job(name: str, ended: datetime, *steps: tuple[str, str], conclusion: str = "success") -> Row:
    made = row("job", name=name, conclusion=conclusion, completed_at=stamp(ended))
    step = made["steps"][0]
    made["steps"] = [
        {**step, "name": title, "conclusion": outcome, "number": at, "completed_at": stamp(ended)}
        for at, (title, outcome) in enumerate(steps, 1)
    ]
    return made


def jobs(*found: Row) -> Row:
    return {"total_count": len(found), "jobs": list(found)}


def deployment(id_: int, commit: str, created: datetime, *, env: str = "production", by: str = "ann") -> Row:
    return row(
        "deployment",
        id=id_,
        sha=sha(commit),
        ref="main",
        environment=env,
        original_environment=env,
        created_at=stamp(created),
        updated_at=stamp(created),
        creator=user(by),
    )


def status(state: str, at: datetime, *, run_id: int = 0) -> Row:
    link = (
        f"https://github.com/octo/model/actions/runs/{run_id}/job/1" if run_id else "https://example.com/log"
    )
    return row(
        "deployment_status",
        state=state,
        created_at=stamp(at),
        updated_at=stamp(at),
        log_url=link,
        target_url=link,
    )


def comparison(*commits: tuple[str, datetime, str]) -> Row:
    """A comparison whose commits are (name, committed at, message)."""
    made = row(
        "comparison",
        status="ahead" if commits else "identical",
        total_commits=len(commits),
        ahead_by=len(commits),
    )
    example = made["commits"][0]
    made["commits"] = [
        {
            **example,
            "sha": sha(name),
            "commit": {
                **example["commit"],
                "message": message,
                "committer": {**example["commit"]["committer"], "date": stamp(at)},
            },
        }
        for name, at, message in commits
    ]
    return made


def rule(kind: str, **parameters: Any) -> Row:
    return {
        "type": kind,
        "ruleset_source_type": "Repository",
        "ruleset_source": "octo/model",
        "ruleset_id": 42,
        "parameters": parameters,
    }


def approval(login: str, state: str = "approved") -> Row:
    return row("approval", user=user(login), state=state)
