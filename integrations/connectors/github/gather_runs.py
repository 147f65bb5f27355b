"""Asks for the runs of CI and of training workflows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from integrations.connectors.common import ci_signals
from integrations.connectors.common.ci_signals import BranchRuns
from integrations.connectors.common.places import Asked, Named, Place
from integrations.connectors.common.runs import Runs, on_branch
from integrations.connectors.common.setup import TRAINING_SIGNALS
from integrations.connectors.common.training_signals import Trainings
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.runs import workflows_meant
from integrations.connectors.github.server import BuildServer

SIGNALS = (*ci_signals.SIGNALS, *TRAINING_SIGNALS)


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
    listed = server.runs_in(found, "actions/runs", until - timedelta(days=30), until, found.branch)
    if isinstance(listed, Unread):
        return listed
    return BranchRuns(found, tuple(on_branch(listed.runs, found.branch)), listed.gap)


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
    return Trainings(tuple(run for run in listed.runs if run.is_counted), listed.gap)
