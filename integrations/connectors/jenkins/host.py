"""Jenkins as the host of CI runs: builds of the named jobs as runs, their stages, and what their reports count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.connectors.common.asking import Asker
from integrations.connectors.common.payload import Row, number, record, text
from integrations.connectors.common.places import Place
from integrations.connectors.common.runs import Outcome, Run, Step, StepFindings, tests_among
from integrations.connectors.common.unread import Unread
from integrations.connectors.jenkins.builds import Build, digest
from integrations.connectors.jenkins.history import Histories, History
from integrations.connectors.jenkins.jobs import Job
from integrations.connectors.jenkins.options import Setup
from integrations.connectors.memory import Item, Memory, Stream

# Commits are looked for among the builds of so many days before the oldest release that counts.
TESTED_BEFORE = 30
NO_CI = "No job that builds and tests is named."

_STAGES = {
    "SUCCESS": Outcome.SUCCESS,
    "FAILED": Outcome.FAILED,
    "FAILURE": Outcome.FAILED,
    "UNSTABLE": Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Branch:
    """The builds of one job that count as CI runs, newest first."""

    history: History
    builds: tuple[Build, ...]


class JenkinsHost:
    """Answers of one collection. Methods return Unread where an answer could not be had."""

    def __init__(
        self,
        asker: Asker,
        memory: Memory,
        setup: Setup,
        histories: Histories,
        ci: Sequence[Job | Unread],
    ) -> None:
        self._asker = asker
        self._memory = memory
        self._setup = setup
        self._histories = histories
        self._ci = ci
        self._machines = frozenset(digest(user) for user in setup.machine_users)
        self._jobs: list[Job] = []
        self._built: dict[tuple[int, int], tuple[Job, Build]] = {}
        self._steps: dict[tuple[int, int], StepFindings | Unread] = {}

    def run_of(self, job: Job, build: Build) -> Run:
        """A build as a run. Numbers begin anew in every job, so the job's own number stands beside it."""
        if job not in self._jobs:
            self._jobs.append(job)
        revision = build.revision(self._setup.repository)
        people = build.people(self._machines)
        run = Run(
            id=build.number,
            started_by=build.started_by(self._machines),
            outcome=build.outcome,
            branch=job.branch or (revision.branch if revision else ""),
            sha=revision.sha if revision else "",
            created_at=build.started_at,
            started_at=build.started_at,
            finished_at=build.finished_at,
            url=f"{job.place.url}{build.number}/" if job.place.url else "",
            starter=people[0] if people else "",
            definition_id=self._jobs.index(job) + 1,
        )
        self._built[_key(run)] = (job, build)
        return run

    def name_of(self, run: Run) -> str:
        """A run's name within this Jenkins: its job and its number."""
        return f"{self._built[_key(run)][0].name}#{run.id}"

    def tests_of(self, run: Run) -> int | None:
        """The number of test cases that its reports count, None without a report."""
        return self._built[_key(run)][1].tests

    def has_ci(self, place: Place) -> bool | Unread:
        """Whether jobs that build and test are named; at Jenkins they are for all that goes live."""
        return bool(self._ci)

    def runs_of(self, place: Place, sha: str) -> tuple[Run, ...] | Unread:
        """Builds of one commit, in the jobs that build and test, that are known; `gap` tells of others."""
        found: list[Run] = []
        for history in self._ci_histories():
            if isinstance(history, History):
                runs = (self.run_of(history.job, build) for build in history.builds)
                found += [run for run in runs if sha and run.sha == sha and run.is_counted]
        return tuple(sorted(found, key=lambda run: (run.created_at, run.id), reverse=True))

    def gap(self) -> Unread | None:
        """Why builds of the jobs that build and test may be missing, None when none can be."""
        histories = self._ci_histories()
        gaps = (history if isinstance(history, Unread) else history.gap for history in histories)
        return next((gap for gap in gaps if gap is not None), None)

    def _ci_histories(self) -> list[History | Unread]:
        return [
            job if isinstance(job, Unread) else self._histories.of(job, self._ci_days) for job in self._ci
        ]

    def test_steps(self, place: Place, run: Run) -> StepFindings | Unread:
        """What a build shows of tests: its report, else the names of its stages."""
        key = _key(run)
        if key not in self._steps:
            self._steps[key] = self._find_tests(*self._built[key])
        return self._steps[key]

    def _find_tests(self, job: Job, build: Build) -> StepFindings | Unread:
        if build.tests:
            is_success = build.outcome is Outcome.SUCCESS
            return StepFindings(has_run=True, passed_at=build.finished_at if is_success else None)
        if not build.is_pipeline and self._reports(job):
            return StepFindings(has_run=False, passed_at=None)
        if not build.is_pipeline:
            words = f"{job.name}: a build that is no pipeline shows its tests in a published report only."
            return Unread("unsupported", words)
        # What is kept are findings, not names; other words find other things.
        stream = Stream("stages", f"{job.name} {self._setup.test_words}", timedelta(days=90 + TESTED_BEFORE))
        try:
            item = self._memory.once(stream, build.key, lambda: self._ask_stages(job, build))
        except Unread as gap:
            if gap.status == 404:
                words = f"{job.name}: stages are shown by the plug-in Pipeline: REST API, which is not there."
                return Unread("unsupported", words, gap.cause)
            return Unread(gap.reason, f"{job.name}: {gap.detail}", gap.cause)
        passed = item.data["passed_ms"]
        return StepFindings(item.data["has_run"], _moment(passed) if passed else None)

    def _reports(self, job: Job) -> bool:
        """Whether other builds of the job publish what they tested: then one without a report tested nothing."""
        history = self._histories.of(job, self._ci_days)
        return isinstance(history, History) and any(build.tests for build in history.builds)

    def _ask_stages(self, job: Job, build: Build) -> Item:
        answer = record(self._asker.get(f"{job.place.path}/{build.number}/wfapi/describe").data)
        findings = tests_among(read_stages(answer), self._setup.test_step)
        passed = findings.passed_at
        return Item(
            key=build.key,
            happened_at=build.started_at,
            is_final=build.outcome is not Outcome.RUNNING,
            data={
                "has_run": findings.has_run,
                "passed_ms": int(passed.timestamp() * 1000) if passed else None,
            },
        )

    def branch(self, job: Job, since: datetime) -> Branch | Unread:
        """The builds of a job since then that came to an end of their own on the default branch."""
        history = self._histories.of(job, self._ci_days)
        if isinstance(history, Unread):
            return history
        runs = [(build, self.run_of(job, build)) for build in history.since(since)]
        # A build that tells no branch is of the one that the job is set to.
        wanted = {self._setup.branch} if self._setup.branch else {"main", "master"}
        kept = [(build, run) for build, run in runs if job.branch or run.branch in ("", *wanted)]
        if runs and not kept:
            names = sorted({run.branch for _, run in runs})
            words = f"{job.name} builds {names[0][:80]} and not {' or '.join(sorted(wanted))}; name the default branch."
            return Unread("not_configured", words)
        return Branch(history, tuple(build for build, run in kept if run.is_counted))

    @property
    def _ci_days(self) -> int:
        return 90 + TESTED_BEFORE if self._setup.production else 30


def read_stages(answer: Row) -> Iterable[Step]:
    """The stages of a pipeline's build. Unread for an answer without a list of them."""
    stages = answer.get("stages")
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise Unread("unreachable", "Jenkins answered in a form that is not a list of stages.")
    return [
        Step(
            text(stage, "name"),
            _STAGES.get(text(stage, "status"), Outcome.LEFT_OUT),
            _moment(number(stage, "startTimeMillis") + max(number(stage, "durationMillis"), 0)),
        )
        for stage in stages
    ]


def _moment(ms: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC) if ms > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def _key(run: Run) -> tuple[int, int]:
    return run.definition_id, run.id
