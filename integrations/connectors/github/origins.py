"""Where a release came from: the run that deployed it, who started or approved it, whether its commit had been tested."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.connectors.common.origins import is_automated, tested_share
from integrations.connectors.common.payload import part
from integrations.connectors.common.places import Named
from integrations.connectors.common.pool import Share
from integrations.connectors.common.releases import Line, Release
from integrations.connectors.common.runs import Run
from integrations.connectors.common.unread import Unread
from integrations.connectors.github.payload import is_person, login
from integrations.connectors.github.runs import workflows_meant
from integrations.connectors.github.server import BuildServer
from integrations.connectors.memory import mark_of

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
        before = (run for run in runs if run.definition_id in meant and run.created_at <= release.finished_at)
        return next(before, None)

    def automated(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases that no person started."""
        automated = 0
        for release in releases:
            run = self._run(line, release)
            if isinstance(run, Unread):
                return run
            automated += is_automated(release, run)
        return Share(automated, len(releases))

    def deployers(self, line: Line, releases: list[Release]) -> tuple[set[str], bool]:
        """People who started or approved, and whether all could be seen."""
        people = {
            mark_of(release.deployment.creator) for release in releases if release.deployment.is_by_person
        }
        linked = {release.run_id: release for release in reversed(releases) if release.run_id}
        is_complete = len(linked) <= MAX_ORIGINS
        has_reviewers = bool(linked) and self._server.has_reviewers(line.place, line.environment)
        for run_id in list(linked)[:MAX_ORIGINS]:
            run = self._server.run(line.place, run_id)
            if isinstance(run, Unread):
                is_complete = False
            elif run is not None and run.is_manual:
                people.add(mark_of(run.starter))
            if not has_reviewers or run is None:
                continue
            approvals = self._server.approvers(line.place, run_id)
            if isinstance(approvals, Unread):
                is_complete = False
                continue
            given = (part(row, "user") for row in approvals if row.get("state") == "approved")
            people |= {mark_of(login(user)) for user in given if is_person(user)}
        return people, is_complete

    def tested(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases whose commit had passed a test step before."""
        return tested_share(self._server, line, releases)
