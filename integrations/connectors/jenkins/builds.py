"""Builds: rows of Jenkins' answers in, runs out. Pure.

What is remembered of a build are words and numbers: users stand in it by a digest, repositories by their address without a
credential in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from integrations.connectors.common.payload import Row, number, part, sha, text
from integrations.connectors.common.runs import Outcome, StartedBy
from integrations.connectors.memory import Item

# What `tree` asks of each build; nothing else of it is ever sent, above all no parameters, names of people or texts.
BUILD_FIELDS = (
    "_class,number,timestamp,duration,building,result,"
    "actions[_class,causes[_class,userId],lastBuiltRevision[SHA1,branch[name]],remoteUrls,totalCount]"
)
# Milliseconds of years that calendar arithmetic can carry: 1970 to 9000.
_TIMES = range(1, 221_845_000_000_000)
_LONGEST = timedelta(days=365)

_OUTCOMES = {
    "SUCCESS": Outcome.SUCCESS,
    "UNSTABLE": Outcome.FAILED,
    "FAILURE": Outcome.FAILED,
    "NOT_BUILT": Outcome.LEFT_OUT,
    "ABORTED": Outcome.LEFT_OUT,
}
# Plug-ins bring causes of their own; these are the last words of the names of their classes.
_CAUSES = {
    **dict.fromkeys(("UserIdCause", "UserCause"), StartedBy.PERSON),
    **dict.fromkeys(("TimerTriggerCause", "ParameterizedTimerTriggerCause"), StartedBy.SCHEDULE),
    **dict.fromkeys(("RemoteCause", "UpstreamCause", "BuildUpstreamCause"), StartedBy.MACHINE),
    **dict.fromkeys(
        (
            "SCMTriggerCause", "CommitHookCause", "BranchEventCause", "BranchIndexingCause", "GitHubPushCause",
            "GitLabWebHookCause", "BitBucketPushCause", "GerritCause",
        ),
        StartedBy.CHANGE,
    ),
}  # fmt: skip
# The strongest cause of a build that several asked for.
_STRENGTH = (
    StartedBy.PERSON,
    StartedBy.SCHEDULE,
    StartedBy.MACHINE,
    StartedBy.CHANGE,
    StartedBy.OTHER,
)
_REF = re.compile(r"^(?:refs/)?(?:remotes/[^/]+/|heads/|origin/)")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit that a build checked out. `branch` is empty where the build names none (a detached head)."""

    sha: str
    branch: str
    remote: str


@dataclass(frozen=True, slots=True)
class Build:
    """A build of a job. `key` names it also where a job of the same name was made anew. `users` are digests of those who started it; `tests` is None where no report was published.

    `is_told` is False where the build does not say what started it.
    """

    key: str
    number: int
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    causes: tuple[StartedBy, ...]
    users: tuple[str, ...]
    revisions: tuple[Revision, ...]
    tests: int | None
    is_pipeline: bool

    @property
    def is_told(self) -> bool:
        return bool(self.causes)

    def people(self, machines: Collection[str]) -> tuple[str, ...]:
        """Digests of the people who started it; `machines` are digests of users that are none."""
        return tuple(user for user in self.users if user not in machines)

    def started_by(self, machines: Collection[str]) -> StartedBy:
        """What began it. A build that only machine users asked for was begun by a machine."""
        causes = set(self.causes)
        if StartedBy.PERSON in causes and self.users and not self.people(machines):
            causes = (causes - {StartedBy.PERSON}) | {StartedBy.MACHINE}
        return next((kind for kind in _STRENGTH if kind in causes), StartedBy.OTHER)

    def revision(self, repository: str) -> Revision | None:
        """The commit of the team's code; None where none is told, or where several are and none is the one meant."""
        fitting = (
            [one for one in self.revisions if repository in one.remote] if repository else self.revisions
        )
        return fitting[0] if len({(one.sha, one.remote) for one in fitting}) == 1 else None


def read_item(row: Row) -> Item | None:
    """What is kept of a build; None for a row without a number or a time. It is final once it has a result."""
    began = number(row, "timestamp")
    if number(row, "number") < 1 or began not in _TIMES:
        return None
    result = text(row, "result")
    return Item(
        key=f"{number(row, 'number')}.{began}",
        happened_at=datetime.fromtimestamp(began / 1000, UTC),
        is_final=bool(result) and row.get("building") is not True,
        data={
            "result": result if row.get("building") is not True else "",
            "ms": min(max(number(row, "duration"), 0), int(_LONGEST / timedelta(milliseconds=1))),
            "causes": [_CAUSES.get(_last_word(cause), StartedBy.OTHER).value for cause in _causes(row)],
            "users": sorted({digest(user) for cause in _causes(row) if (user := text(cause, "userId"))}),
            "revisions": [list(one) for one in _revisions(row)],
            "tests": _tests(row),
            "is_pipeline": _last_word(row) == "WorkflowRun",
        },
    )


def read_build(item: Item) -> Build:
    """The build that was kept."""
    data: Mapping[str, Any] = item.data
    result = data["result"]
    return Build(
        key=item.key,
        number=int(item.key.partition(".")[0]),
        started_at=item.happened_at,
        finished_at=item.happened_at + timedelta(milliseconds=data["ms"]),
        outcome=_OUTCOMES.get(result, Outcome.OTHER) if result else Outcome.RUNNING,
        causes=tuple(StartedBy(cause) for cause in data["causes"]),
        users=tuple(data["users"]),
        revisions=tuple(Revision(*one) for one in data["revisions"]),
        tests=data["tests"],
        is_pipeline=data["is_pipeline"],
    )


def digest(user: str) -> str:
    """What stands for a user where names are not kept. Jenkins' users are the same in capitals."""
    return hashlib.sha256(user.lower().encode("utf-8", "replace")).hexdigest()[:16]


def _actions(row: Row) -> Iterator[Row]:
    actions = row.get("actions")
    return (
        (action for action in actions if isinstance(action, dict)) if isinstance(actions, list) else iter(())
    )


def _causes(row: Row) -> list[Row]:
    return [cause for action in _actions(row) for cause in _dicts(action.get("causes"))]


def _revisions(row: Row) -> Iterable[tuple[str, str, str]]:
    found: dict[tuple[str, str, str], None] = {}
    for action in _actions(row):
        built = part(action, "lastBuiltRevision")
        if sha(built, "SHA1"):
            names = [name for branch in _dicts(built.get("branch")) if (name := text(branch, "name"))]
            branch = next((_REF.sub("", name) for name in names if name not in ("detached", "HEAD")), "")
            found[(sha(built, "SHA1"), branch, _remote(action))] = None
    return list(found)


def _remote(action: Row) -> str:
    """Where it was checked out from, as host/path: without a credential, the same for https and ssh."""
    urls = action.get("remoteUrls")
    url = next((one for one in urls if isinstance(one, str)), "") if isinstance(urls, list) else ""
    try:
        parts = urlsplit(url)
        place = (
            f"{parts.hostname or ''}{parts.path}" if parts.scheme and parts.netloc else url.rpartition("@")[2]
        )
    except ValueError:
        return ""
    return place.replace(":", "/").removesuffix("/").removesuffix(".git").lower()[:200]


def _tests(row: Row) -> int | None:
    """The number of test cases that the build's reports count."""
    totals = [
        number(action, "totalCount")
        for action in _actions(row)
        if _last_word(action).endswith("TestResultAction")
    ]
    return max(totals) if totals and max(totals) in range(2**31) else None


def _last_word(row: Row) -> str:
    return re.split(r"[.$]", text(row, "_class"))[-1]


def _dicts(data: Any) -> list[Row]:
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
