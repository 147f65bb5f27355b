"""Jenkins: the jobs of one team that build, train and deploy."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from integrations.connectors.base import Collected, Connector, Fact, Found, Observation, Option, Question
from integrations.connectors.common.asking import Asker
from integrations.connectors.common.changes import History as Changes
from integrations.connectors.common.ci_signals import BranchRuns, observe_ci
from integrations.connectors.common.comparing import NOT_COMPARABLE, Comparer
from integrations.connectors.common.pool import first_gap, middle, unknown, unread
from integrations.connectors.common.release_signals import (
    Production,
    Windows,
    deployment_facts,
    observe_releases,
    production_of,
)
from integrations.connectors.common.releases import Line, Release
from integrations.connectors.common.setup import DEPLOY_SIGNALS, TRAINING_SIGNALS
from integrations.connectors.common.training_signals import Trainings, observe_training, training_facts
from integrations.connectors.common.unread import Unread
from integrations.connectors.jenkins.found import PERMISSIONS, look_round
from integrations.connectors.jenkins.history import Histories
from integrations.connectors.jenkins.host import NO_CI, TESTED_BEFORE, JenkinsHost
from integrations.connectors.jenkins.jobs import Job, Jobs, Named, path_of
from integrations.connectors.jenkins.lines import NO_COMPARISON, Sendings, compare, trials_of
from integrations.connectors.jenkins.options import (
    CI_SIGNALS,
    CONNECTION_OPTIONS,
    SOURCE_OPTIONS,
    Setup,
    read_setup,
)

SPENT = "The number of questions that one collection may ask was used up; name fewer jobs in one source."
NOT_A_HOST_OF_CODE = (
    "Jenkins does not know which changes were merged; a connection to the host of the code answers this."
)

# Signals that Jenkins feeds by facts and that a service joins with the other side (RULINGS 7); no observation here.
JOINED = frozenset({"mlflow.versions_from_ci_share_90d"})


class JenkinsConnector(Connector):
    """Reads within a thousand questions, one after the other, without a crumb: it never changes anything."""

    kind: ClassVar[str] = "jenkins"
    label: ClassVar[str] = "Jenkins"
    base_url_help: ClassVar[str] = (
        "As you open it in the browser, with the path that a proxy adds: https://jenkins.example.org or "
        "https://ci.example.org/jenkins."
    )
    connection_options: ClassVar[tuple[Option, ...]] = CONNECTION_OPTIONS
    source_options: ClassVar[tuple[Option, ...]] = SOURCE_OPTIONS
    signals: ClassVar[frozenset[str]] = frozenset(
        (*CI_SIGNALS, "ci.change_coverage_30d", *TRAINING_SIGNALS, *DEPLOY_SIGNALS)
    )
    joined: ClassVar[frozenset[str]] = JOINED
    permissions: ClassVar[Mapping[str, Sequence[str]]] = PERMISSIONS

    @classmethod
    def headers(cls, options: Mapping[str, str]) -> dict[str, str]:
        """Basic authentication with the first request: Jenkins answers 403 and asks for nothing."""
        user, token = options.get("user", "").strip(), options.get("token", "").strip()
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode("ascii")}

    @classmethod
    def pages_of(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Every job that is named."""
        setup = read_setup(options)
        jobs = (*setup.ci, *setup.training, *setup.production, *setup.preproduction)
        return tuple(path_of(name) for name in dict.fromkeys(jobs))

    def test(self) -> Found:
        """What is reachable with this credential, and which permissions or plug-ins are missing."""
        return look_round(Asker(self.http, self.label, budget=20))

    def collect(self, question: Question) -> Collected:
        """One observation for each of `signals`, with the facts that other systems' signals need.

        Raises SourceError when the credential is refused or the server does not answer. What only a part of the credential's
        rights hides, or Jenkins has thrown away, is unknown, said so.
        """
        setup = read_setup(question.options)
        if setup.is_empty:
            nothing = "No job is named."
            return Collected(tuple(unknown(name, "not_configured", nothing) for name in sorted(self.signals)))
        asker = Asker(self.http, self.label)
        observations, facts, gaps = _read(asker, setup, question)
        return Collected(
            observations=tuple(sorted(observations, key=lambda observation: observation.signal)),
            facts=tuple(facts),
            notes=(*dict.fromkeys(gaps), *([SPENT] if asker.is_spent else [])),
        )


def _read(asker: Asker, setup: Setup, question: Question) -> tuple[list[Observation], list[Fact], list[str]]:
    """The order of reading: lists of builds first, so that a spent budget costs the stages of builds only."""
    windows = Windows(question.until)
    jobs = Jobs(asker, setup.branch)
    ci = [jobs.named(name, all_branches=False) for name in setup.ci]
    training = [jobs.named(name, all_branches=True) for name in setup.training]
    production_jobs = [jobs.named(name, all_branches=True) for name in setup.production]
    preproduction_jobs = [jobs.named(name, all_branches=True) for name in setup.preproduction]
    _raise_if_all_failed([*ci, *training, *production_jobs, *preproduction_jobs])
    histories = Histories(asker, question.memory, question.until)
    host = JenkinsHost(asker, question.memory, setup, histories, _jobs_of(ci))
    sendings = Sendings(host, histories, windows.since(90))
    lines = sendings.lines(production_jobs)
    trainings = _trainings(host, histories, training, windows.since(90))
    branch_runs = _branch_runs(host, _jobs_of(ci), windows.since(30))
    production = production_of(lines, windows, page="")
    observations = [
        unknown("ci.change_coverage_30d", "not_configured", NOT_A_HOST_OF_CODE),
        *observe_training(trainings, until=question.until),
        *observe_ci(host, branch_runs, nowhere=NO_CI, page=""),
        _tests_executed(host, branch_runs),
        *_observe_releases(
            production,
            sendings,
            [sendings.changes(line) for line in lines if isinstance(line, Line)],
            setup,
            _trials(production, Sendings(host, histories, windows.since(90)), preproduction_jobs),
        ),
    ]
    gaps = [one.detail for one in (*ci, *training, *lines, *preproduction_jobs) if isinstance(one, Unread)]
    gaps += [
        entry.gap.detail
        for entry in (*branch_runs, *trainings)
        if not isinstance(entry, Unread) and entry.gap
    ]
    facts = [
        *training_facts(trainings, host.name_of),
        *deployment_facts(lines, page=lambda line, _: line.place.url),
    ]
    return observations, facts, gaps


def _raise_if_all_failed(found: Sequence[Named | Unread]) -> None:
    """Raises SourceError when no job could be asked for because the line or the server failed."""
    causes = [one.cause if isinstance(one, Unread) and one.reason == "unreachable" else None for one in found]
    if all(causes) and causes[0] is not None:
        raise causes[0]


def _jobs_of(named: Iterable[Named | Unread]) -> list[Job | Unread]:
    """The jobs behind several names, each once: a folder and a job in it may both be named."""
    found: dict[str, Job | Unread] = {}
    for at, one in enumerate(named):
        if isinstance(one, Unread):
            found[f" {at}"] = one
        else:
            found |= {job.name: job for job in one.jobs}
    return list(found.values())


def _branch_runs(
    host: JenkinsHost, jobs: Sequence[Job | Unread], since: datetime
) -> list[BranchRuns | Unread]:
    found: list[BranchRuns | Unread] = []
    for job in jobs:
        branch = job if isinstance(job, Unread) else host.branch(job, since)
        if isinstance(branch, Unread):
            found.append(branch)
            continue
        gap = branch.history.missing(since)
        runs = tuple(host.run_of(branch.history.job, build) for build in branch.builds)
        found.append(BranchRuns(branch.history.job.place, runs, gap))
    return found


def _trainings(
    host: JenkinsHost, histories: Histories, named: Sequence[Named | Unread], since: datetime
) -> list[Trainings | Unread]:
    found: list[Trainings | Unread] = []
    for job in _jobs_of(named):
        history = job if isinstance(job, Unread) else histories.of(job, 90)
        if isinstance(history, Unread):
            found.append(history)
            continue
        gap = history.missing(since)
        runs = (host.run_of(history.job, build) for build in history.since(since))
        found.append(Trainings(tuple(run for run in runs if run.is_counted), gap))
    return found


def _tests_executed(host: JenkinsHost, entries: Sequence[BranchRuns | Unread]) -> Observation:
    """The median of what reports count, over the builds that have one."""
    signal = "ci.tests_executed_p50"
    if not entries:
        return unknown(signal, "not_configured", NO_CI)
    gap = first_gap([*entries, *(entry.gap for entry in entries if isinstance(entry, BranchRuns))])
    if gap is not None:
        return unread(signal, gap)
    whole = [entry for entry in entries if isinstance(entry, BranchRuns)]
    counts = [tests for entry in whole for run in entry.runs if (tests := host.tests_of(run)) is not None]
    if not counts:
        return unknown(signal, "no_report_published", "No build of the window published a report of tests.")
    total = sum(len(entry.runs) for entry in whole)
    return middle(
        signal, counts, url=whole[0].place.url, detail=f"{len(counts)} of {total} builds published a report."
    )


def _observe_releases(
    production: Production | Unread,
    sendings: Sendings,
    changes: Sequence[Changes | Unread],
    setup: Setup,
    trials: dict[str, list[Release] | Unread] | Unread,
) -> list[Observation]:
    found = observe_releases(
        production,
        origins=sendings,
        comparer=Comparer(compare, changes, setup.hotfix_marks),
        trials=trials,
    )
    return [
        replace(one, detail=NO_COMPARISON) if one.reason == NOT_COMPARABLE else _with_limits(one)
        for one in found
    ]


def _with_limits(one: Observation) -> Observation:
    if one.signal != "deploy.change_failure_rate" or one.value is None:
        return one
    words = "Jenkins shows returns to an earlier commit and branches with the team's mark; repairs without either are not seen."
    return replace(one, detail=f"{one.detail} {words}".strip())


def _trials(
    production: Production | Unread, sendings: Sendings, named: Sequence[Named | Unread]
) -> dict[str, list[Release] | Unread] | Unread:
    """Releases before production, the same for every line, or why they cannot speak."""
    if not named:
        return Unread("not_configured", "No job that deploys before production is named.")
    if isinstance(production, Unread):
        return production
    since = production.windows.since(90 + TESTED_BEFORE)
    lines = sendings.lines(named, 90 + TESTED_BEFORE)
    gap = next((gap for line in lines if isinstance(line, Line) and (gap := line.missing(since))), None)
    found = gap or trials_of(lines)
    return {line.place.full_name: found for line in production.lines}
