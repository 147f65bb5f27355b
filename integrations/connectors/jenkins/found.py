"""What "Test connection" sees: which Jenkins it is, who the credential is, which jobs it shows, and what would stay blind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from integrations.connectors.base import Found
from integrations.connectors.common.asking import Asker
from integrations.connectors.common.joins import RUN_JOINS
from integrations.connectors.common.payload import Row, number, part, record, text
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.common.unread import Unread
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.jenkins.jobs import path_of
from integrations.connectors.jenkins.options import CI_SIGNALS

# What a person can look through; the rest can be typed.
MAX_NAMES = 60
# Three levels in one answer; jobs that lie deeper can be typed.
_LEVEL = "_class,fullName,lastCompletedBuild[number]"
_TREE = f"_class,jobs[{_LEVEL},jobs[{_LEVEL},jobs[{_LEVEL}]]]"
_BRANCHES = "MultiBranchProject"
_PIPELINE = "WorkflowJob"

READ_JOBS = "Job/Read"
READ_ALL = "Overall/Read"
STAGES = "the plug-in Pipeline: REST API"
# Jenkins keeps no history of commits, so nothing hides how long they took to production.
_ALL = (
    *CI_SIGNALS,
    *TRAINING_SIGNALS,
    *(name for name in DEPLOY_SIGNALS if name != "deploy.lead_time_p50_h"),
    *RUN_JOINS,
)
# A permission or plug-in, and the signals that stay unknown without it: proven in
# tests/integrations/connectors/test_doctor.py.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    READ_ALL: _ALL,
    READ_JOBS: _ALL,
    STAGES: ("ci.test_steps_share", "deploy.tested_sha_share_90d"),
}


def look_round(asker: Asker) -> Found:
    """What the credential shows in a few questions. Raises SourceError when it is refused, or this is no Jenkins."""
    identity = _identity(asker)
    try:
        reply = asker.get("api/json", {"tree": _TREE})
    except Unread as gap:
        if gap.status not in (403, 404):
            raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
        return Found(identity=identity, missing={READ_ALL: PERMISSIONS[READ_ALL]})
    root = _listing(reply.data)
    version = reply.headers.get("x-jenkins", "")[:20]
    jobs = list(_jobs(root))
    names = [text(job, "fullName") for job in jobs]
    missing = {} if jobs else {READ_JOBS: PERMISSIONS[READ_JOBS]}
    if not _shows_stages(asker, _builders(root)):
        missing[STAGES] = PERMISSIONS[STAGES]
    notes = [] if version else ["It does not tell its version: a proxy takes the header X-Jenkins away."]
    if not names:
        notes.append(f"No job is visible. {READ_JOBS} shows a job with its builds.")
    if len(names) > MAX_NAMES:
        notes.append(f"{MAX_NAMES} of {len(names)} jobs are listed; the others can be typed.")
    choices = ("ci_jobs", "training_jobs", "production_jobs", "preproduction_jobs")
    return Found(
        identity=f"{identity} at Jenkins {version}".rstrip(),
        choices=dict.fromkeys(choices, names[:MAX_NAMES]),
        missing=missing,
        notes=tuple(notes),
    )


def _identity(asker: Asker) -> str:
    """Whose credential it is. A Jenkins that takes nobody's word shows everybody's view: then the credential is of no use."""
    try:
        answer = record(asker.get("whoAmI/api/json", {"tree": "name,anonymous"}).data)
    except Unread as gap:
        raise gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail) from gap
    if answer.get("anonymous") is not False:
        raise SourceError(
            Failure.UNAUTHORIZED,
            "Jenkins does not know this user and token: enter the user's name as Jenkins writes it, and a new token.",
        )
    return text(answer, "name") or "unnamed"


def _listing(data: object) -> list[Row]:
    """The jobs at the top. Raises SourceError for an answer that no Jenkins gives."""
    root = record(data) if isinstance(data, dict) else {}
    jobs = root.get("jobs")
    if not isinstance(jobs, list) or not text(root, "_class"):
        raise SourceError(
            Failure.BAD_PAYLOAD,
            "What answers there is no Jenkins: check the address, and the path that a proxy adds.",
        )
    return [job for job in jobs if isinstance(job, dict)]


def _jobs(found: Iterable[Row]) -> Iterator[Row]:
    """Jobs and multibranch projects; folders are opened."""
    for row in found:
        below = row.get("jobs")
        if isinstance(below, list) and _BRANCHES not in text(row, "_class"):
            yield from _jobs(child for child in below if isinstance(child, dict))
        elif text(row, "fullName"):
            yield row


def _builders(found: Iterable[Row]) -> Iterator[Row]:
    """All that builds: as `_jobs`, and the jobs of a multibranch project's branches instead of the project."""
    for row in found:
        below = row.get("jobs")
        if isinstance(below, list):
            yield from _builders(child for child in below if isinstance(child, dict))
        elif text(row, "fullName"):
            yield row


def _shows_stages(asker: Asker, jobs: Iterable[Row]) -> bool:
    """Whether the stages of a pipeline's build can be read; true as well where there is none to try it on."""
    for job in jobs:
        last = number(part(job, "lastCompletedBuild"), "number")
        if _PIPELINE in text(job, "_class") and last:
            try:
                asker.get(f"{path_of(text(job, 'fullName'))}/{last}/wfapi/describe")
            except Unread as gap:
                return gap.status != 404
            return True
    return True
