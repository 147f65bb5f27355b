"""The signals of CI and training runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.base import Fact, FactKind, Observation
from integrations.connectors.github.options import TRAINING_SIGNALS, Named
from integrations.connectors.github.places import Asked, Place
from integrations.connectors.github.pool import Count, Share, first_gap, pooled, summed, unknown, unread
from integrations.connectors.github.runs import FAILED, Run, on_branch, workflows_meant
from integrations.connectors.github.server import NO_WORKFLOW, BuildServer, Runs
from integrations.connectors.github.unread import Unread

SAMPLED_RUNS = 50

SIGNALS = (
    "ci.runs_30d",
    "ci.success_rate_30d",
    "ci.test_steps_share",
    "ci.tests_executed_p50",
    *TRAINING_SIGNALS,
)


@dataclass(frozen=True, slots=True)
class BranchRuns:
    """The counted runs on the default branch of one repository, newest first."""

    place: Place
    runs: tuple[Run, ...]
    is_complete: bool


def ask_branch_runs(
    server: BuildServer, asked: Sequence[Asked], *, until: datetime
) -> list[BranchRuns | Unread]:
    """Runs of the last 30 days, one entry a repository. A repository without workflows has no entry."""
    found = []
    for one in asked:
        runs = _branch_runs(server, one.found, until)
        if runs is not None:
            found.append(runs)
    return found


def _branch_runs(server: BuildServer, found: Place | Unread, until: datetime) -> BranchRuns | Unread | None:
    if isinstance(found, Unread):
        return found
    workflows = server.workflows(found)
    if isinstance(workflows, Unread):
        return workflows
    if not workflows:
        return None
    listed = server.runs_in(
        found, "actions/runs", until - timedelta(days=30), until, {"branch": found.branch}
    )
    if isinstance(listed, Unread):
        return listed
    return BranchRuns(found, tuple(on_branch(listed.runs, found.branch)), listed.is_complete)


def observe_ci(server: BuildServer, entries: Sequence[BranchRuns | Unread]) -> list[Observation]:
    """The signals of CI runs on the default branches."""
    executed = unknown("ci.tests_executed_p50", "unsupported", "GitHub Actions reports no number of tests.")
    if not entries:
        return [
            executed,
            *(
                unknown(name, "not_configured", NO_WORKFLOW)
                for name in ("ci.runs_30d", "ci.success_rate_30d", "ci.test_steps_share")
            ),
        ]
    url = next((f"{entry.place.url}/actions" for entry in entries if isinstance(entry, BranchRuns)), "")
    counts = [
        entry if isinstance(entry, Unread) else Count(len(entry.runs), not entry.is_complete)
        for entry in entries
    ]
    total = sum(count.value for count in counts if isinstance(count, Count))
    return [
        executed,
        summed("ci.runs_30d", counts, url=url),
        pooled(
            "ci.success_rate_30d", [_success(entry) for entry in entries], sample=total, at_least=10, url=url,
            detail=_repeats(entries),
        ),
        pooled(
            "ci.test_steps_share",
            # Jobs are not asked for where the sample is too small to count.
            [
                entry if isinstance(entry, Unread) else _tested(server, entry) if total >= 5 else Share(0, 0)
                for entry in entries
            ],
            sample=total,
            at_least=5,
            url=url,
        ),
    ]  # fmt: skip


def _success(entry: BranchRuns | Unread) -> Share | Unread:
    if isinstance(entry, Unread):
        return entry
    if not entry.is_complete:
        return Unread("truncated", f"{entry.place.full_name}: more runs than GitHub lists.")
    decided = [run for run in entry.runs if run.is_success or run.conclusion in FAILED]
    return Share(sum(run.is_success for run in decided), len(decided))


def _repeats(entries: Iterable[BranchRuns | Unread]) -> str:
    """What the rate hides: the conclusion is that of the last attempt."""
    runs = [run for entry in entries if isinstance(entry, BranchRuns) for run in entry.runs]
    decided = [run for run in runs if run.is_success or run.conclusion in FAILED]
    good, again = sum(run.is_success for run in decided), sum(run.attempt > 1 for run in decided)
    return f"{good} of {len(decided)} runs; {again} of them were run more than once, and the last attempt counts."


def _tested(server: BuildServer, entry: BranchRuns) -> Share | Unread:
    sample = entry.runs[:SAMPLED_RUNS]
    if not entry.is_complete and len(sample) < SAMPLED_RUNS:
        return Unread("truncated", f"{entry.place.full_name}: the list of runs was cut off.")
    tested = 0
    for run in sample:
        steps = server.test_steps(entry.place, run)
        if isinstance(steps, Unread):
            return steps
        tested += steps.has_run
    return Share(tested, len(sample))


@dataclass(frozen=True, slots=True)
class Trainings:
    """The counted runs of one training workflow in the last 90 days."""

    runs: tuple[Run, ...]
    is_complete: bool


def ask_trainings(
    server: BuildServer, asked: Sequence[Asked], named: Sequence[Named], *, until: datetime
) -> list[Trainings | Unread]:
    """Runs of every workflow named as training. A name that no workflow answers to is Unread, for it may have been renamed."""
    found: list[Trainings | Unread] = []
    met: set[Named] = set()
    for one in asked:
        if not any(name.is_in(one.mapped.full_name) for name in named):
            continue
        if isinstance(one.found, Unread):
            found.append(one.found)
            continue
        workflows = server.workflows(one.found)
        if isinstance(workflows, Unread):
            found.append(workflows)
            continue
        for workflow in workflows_meant(named, workflows, one.mapped.full_name):
            met |= {
                name for name in named if name.is_in(one.mapped.full_name) and workflow.answers_to(name.name)
            }
            found.append(
                _trainings(server.workflow_runs(one.found, workflow, until - timedelta(days=90), until))
            )
    # Only where all repositories were seen is a name proven to be nobody's.
    if not any(isinstance(entry, Unread) for entry in found):
        found += [
            Unread("not_configured", f"No workflow answers to “{name.name[:80]}”.")
            for name in named
            if name not in met
        ]
    return found


def _trainings(listed: Runs | Unread) -> Trainings | Unread:
    if isinstance(listed, Unread):
        return listed
    return Trainings(tuple(run for run in listed.runs if run.is_counted), listed.is_complete)


def observe_training(entries: Sequence[Trainings | Unread], *, until: datetime) -> list[Observation]:
    """The signals of training runs; not_configured while no workflow is named."""
    if not entries:
        return [
            unknown(name, "not_configured", "No training workflow is named.") for name in TRAINING_SIGNALS
        ]
    since_30 = until - timedelta(days=30)
    whole = [entry for entry in entries if isinstance(entry, Trainings)]
    gap = first_gap(entries)
    if gap is not None and not whole:
        return [unread(name, gap) for name in TRAINING_SIGNALS]
    url = next((run.url for entry in whole for run in entry.runs), "")

    def counted(signal: str, keep: Iterable[list[Run]]) -> Observation:
        kept = iter(keep)
        parts = [e if isinstance(e, Unread) else Count(len(next(kept)), not e.is_complete) for e in entries]
        return summed(signal, parts, url=url)

    total = sum(len(entry.runs) for entry in whole)
    shares: list[Share | Unread] = [
        entry
        if isinstance(entry, Unread)
        else Share(sum(run.is_manual for run in entry.runs), len(entry.runs))
        if entry.is_complete
        else Unread("truncated", "More training runs than GitHub lists.")
        for entry in entries
    ]
    return [
        counted("ci.training_runs_90d", ([*entry.runs] for entry in whole)),
        counted(
            "ci.scheduled_training_runs_30d",
            (
                [
                    run
                    for run in entry.runs
                    if run.event == "schedule" and run.is_success and run.created_at >= since_30
                ]
                for entry in whole
            ),
        ),
        counted(
            "ci.event_training_runs_90d",
            ([run for run in entry.runs if run.is_by_machine_event and run.is_success] for entry in whole),
        ),
        pooled("ci.training_manual_share_90d", shares, sample=total, at_least=3, url=url),
    ]


def training_facts(entries: Iterable[Trainings | Unread]) -> list[Fact]:
    """A TRAINING_RUN fact for every counted training run: versions made in its time from its commit came from CI."""
    runs = {run.id: run for entry in entries if isinstance(entry, Trainings) for run in entry.runs}
    return [
        Fact(
            FactKind.TRAINING_RUN,
            key=str(run.id),
            happened_at=run.created_at,
            sha=run.sha,
            started_at=run.started_at,
            finished_at=run.finished_at,
            url=run.url,
        )
        for run in runs.values()
    ]
