"""Where a release came from: the run that deployed it, who started or approved it, whether its commit had been tested."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.connectors.github.lines import Line
from integrations.connectors.github.options import Named
from integrations.connectors.github.payload import is_person, login, part
from integrations.connectors.github.pool import Share
from integrations.connectors.github.releases import Release
from integrations.connectors.github.runs import Run, workflows_meant
from integrations.connectors.github.server import BuildServer
from integrations.connectors.github.unread import Unread

MAX_TESTED_COMMITS = 100
MAX_RUNS_OF_COMMIT = 8
MAX_ORIGINS = 200


class Origins:
    """Joins releases with the workflow runs behind them."""

    def __init__(self, server: BuildServer, deploy_workflows: Sequence[Named]) -> None:
        self._server = server
        self._deploy_workflows = deploy_workflows

    def _run(self, line: Line, release: Release) -> Run | Unread | None:
        """The run that holds the deploy job; None when the records do not lead to one."""
        if release.run_id:
            return self._server.run(line.place, release.run_id)
        if not any(name.is_in(line.place.full_name) for name in self._deploy_workflows):
            return None
        workflows = self._server.workflows(line.place)
        runs = self._server.runs_of(line.place, release.sha)
        if isinstance(workflows, Unread):
            return workflows
        if isinstance(runs, Unread):
            return runs
        meant = {flow.id for flow in workflows_meant(self._deploy_workflows, workflows, line.place.full_name)}
        before = (run for run in runs if run.workflow_id in meant and run.created_at <= release.finished_at)
        return next(before, None)

    def automated(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases that no person started. Without a known run an app's deployment is automated, a person's is not."""
        automated = 0
        for release in releases:
            run = self._run(line, release)
            if isinstance(run, Unread):
                return run
            automated += not release.deployment.is_by_person if run is None else not run.is_manual
        return Share(automated, len(releases))

    def deployers(self, line: Line, releases: list[Release]) -> tuple[set[str], bool]:
        """People who started or approved, and whether all could be seen."""
        people = {release.deployment.creator for release in releases if release.deployment.is_by_person}
        linked = {release.run_id: release for release in reversed(releases) if release.run_id}
        is_complete = len(linked) <= MAX_ORIGINS
        has_reviewers = bool(linked) and self._server.has_reviewers(line.place, line.environment)
        for run_id in list(linked)[:MAX_ORIGINS]:
            run = self._server.run(line.place, run_id)
            if isinstance(run, Unread):
                is_complete = False
            elif run is not None and run.is_manual:
                people.add(run.starter)
            if not has_reviewers or run is None:
                continue
            approvals = self._server.approvers(line.place, run_id)
            if isinstance(approvals, Unread):
                is_complete = False
                continue
            given = (part(row, "user") for row in approvals if row.get("state") == "approved")
            people |= {login(user) for user in given if is_person(user)}
        return people, is_complete

    def tested(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases whose commit had passed a test step of a successful run before they were live."""
        workflows = self._server.workflows(line.place)
        if isinstance(workflows, Unread):
            return workflows
        if not workflows:
            return Unread("not_configured", f"{line.place.full_name} has no workflow; CI may run elsewhere.")
        if len({release.sha for release in releases}) > MAX_TESTED_COMMITS:
            return Unread(
                "truncated", f"{line.place.full_name}: more than {MAX_TESTED_COMMITS} commits went live."
            )
        tested = 0
        for release in releases:
            is_tested = self._is_tested(line, release)
            if isinstance(is_tested, Unread):
                return is_tested
            tested += is_tested
        return Share(tested, len(releases))

    def _is_tested(self, line: Line, release: Release) -> bool | Unread:
        runs = self._server.runs_of(line.place, release.sha)
        if isinstance(runs, Unread):
            return runs
        # A run that deploys may test first; only runs begun after the release cannot.
        candidates = [run for run in runs if run.is_success and run.created_at <= release.finished_at]
        for run in candidates[:MAX_RUNS_OF_COMMIT]:
            steps = self._server.test_steps(line.place, run)
            if isinstance(steps, Unread):
                return steps
            if steps.passed_at is not None and steps.passed_at <= release.finished_at:
                return True
        if len(candidates) > MAX_RUNS_OF_COMMIT:
            return Unread(
                "truncated", f"{line.place.full_name}: more than {MAX_RUNS_OF_COMMIT} runs of one commit."
            )
        return False
