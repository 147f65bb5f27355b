"""Rows as Jenkins sends them: a payload (payloads/jenkins) with what a test speaks of laid over it."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.integrations.connectors.github_rows import UNTIL, ago, sha

PAYLOADS = Path(__file__).parent.parent / "payloads" / "jenkins"
REMOTE = "https://git.example.org/acme/churn.git"

__all__ = ["UNTIL", "ago", "sha"]

Row = dict[str, Any]

# The classes of what starts builds, by the words of these tests.
CAUSES = {
    "push": "jenkins.branch.BranchEventCause",
    "poll": "hudson.triggers.SCMTrigger$SCMTriggerCause",
    "timer": "hudson.triggers.TimerTrigger$TimerTriggerCause",
    "upstream": "hudson.model.Cause$UpstreamCause",
    "step": "org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause",
    "remote": "hudson.model.Cause$RemoteCause",
    "replay": "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause",
}


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def row(name: str, /, **over: Any) -> Row:
    return copy.deepcopy({**payload(name), **over})


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def cause(word: str) -> Row:
    """A cause; a word that is none of CAUSES is the name of a user."""
    if word in CAUSES:
        return {"_class": CAUSES[word], "shortDescription": word}
    return {"_class": "hudson.model.Cause$UserIdCause", "shortDescription": "Started by user", "userId": word}


def revision(commit: str, branch: str = "refs/remotes/origin/main", remote: str = REMOTE) -> Row:
    built = {"SHA1": sha(commit), "branch": [{"SHA1": sha(commit), "name": branch}]}
    return {"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": built, "remoteUrls": [remote]}


def report(total: int) -> Row:
    return {
        "_class": "hudson.tasks.junit.TestResultAction",
        "failCount": 0,
        "skipCount": 0,
        "totalCount": total,
        "urlName": "testReport",
    }


def build(number: int, began: datetime, *, by: tuple[str, ...] | str = "push", **over: Any) -> Row:
    """A successful build of ten minutes. `by` are its causes, `commit` "" leaves the revision out, `tests` adds a report."""
    commit, branch = over.pop("commit", f"run-{number}"), over.pop("branch", "refs/remotes/origin/main")
    minutes, tests = over.pop("minutes", 10), over.pop("tests", None)
    actions: list[Row] = [
        {
            "_class": "hudson.model.CauseAction",
            "causes": [cause(word) for word in ((by,) if isinstance(by, str) else by)],
        },
        {},
    ]
    actions += [revision(commit, branch)] if commit else []
    actions += [report(tests)] if tests is not None else []
    actions += over.pop("actions", [])
    given = {
        "number": number,
        "id": str(number),
        "timestamp": ms(began),
        "duration": round(timedelta(minutes=minutes) / timedelta(milliseconds=1)),
        "actions": actions,
    }
    return row("build", **{**given, **over})


def job(full_name: str, *builds: Row, next_number: int | None = None, **over: Any) -> Row:
    """A job with its builds, newest first."""
    listed = sorted(builds, key=lambda one: int(one["number"]), reverse=True)
    number = next_number or max((int(one["number"]) for one in listed), default=0) + 1
    given = {
        "fullName": full_name,
        "name": full_name.rpartition("/")[2],
        "url": f"https://jenkins.example.org/job/{full_name.replace('/', '/job/')}/",
        "nextBuildNumber": number,
        "allBuilds": listed,
        "builds": listed[:100],
    }
    return row("job", **{**given, **over})


def stage(name: str, ended: datetime, status: str = "SUCCESS") -> Row:
    """A stage of a minute."""
    one = payload("describe")["stages"][0]
    began = ms(ended - timedelta(minutes=1))
    return {**one, "name": name, "status": status, "startTimeMillis": began, "durationMillis": 60_000}


def describe(*stages: Row) -> Row:
    return row("describe", stages=list(stages))


def path(full_name: str) -> str:
    """Where a job answers, as the fake sees it (unquoted once)."""
    return "/".join(f"job/{part}" for part in full_name.split("/"))
