"""Where a release came from: the pipeline that deployed it, who started, played or approved it."""

from __future__ import annotations

from datetime import timedelta

from integrations.connectors.common.origins import is_automated, tested_share
from integrations.connectors.common.payload import record
from integrations.connectors.common.places import Place
from integrations.connectors.common.pool import Share
from integrations.connectors.common.releases import Line, Release
from integrations.connectors.common.unread import Unread
from integrations.connectors.gitlab.accounts import Accounts, account_key
from integrations.connectors.gitlab.deployments import approvers, shows_approvals
from integrations.connectors.gitlab.pipelines import Details
from integrations.connectors.gitlab.reader import Reader
from integrations.connectors.gitlab.recalling import Remembering
from integrations.connectors.gitlab.server import BuildServer
from integrations.connectors.memory import Item, Stream

MAX_APPROVALS = 200


class Origins:
    """Joins releases with the pipelines and people behind them."""

    def __init__(
        self, server: BuildServer, reader: Reader, remembering: Remembering, accounts: Accounts
    ) -> None:
        self._server = server
        self._reader = reader
        self._remembering = remembering
        self._accounts = accounts

    def automated(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases that no person started: neither the pipeline, nor the job in it by playing it."""
        automated = 0
        for release in releases:
            details = self._server.details(line.place, release.run_id) if release.run_id else None
            if isinstance(details, Unread):
                return details
            if details is None:
                automated += is_automated(release, None)
                continue
            beginning = self._server.beginning(line.place, details)
            if isinstance(beginning, Unread):
                return beginning
            automated += is_automated(release, beginning.run) and not was_played(release, details)
        return Share(automated, len(releases))

    def deployers(self, line: Line, releases: list[Release]) -> tuple[set[str], bool]:
        """People who started or approved, and whether all could be seen."""
        people = {release.deployment.creator for release in releases if release.deployment.is_by_person}
        newest_first = releases[::-1]
        is_complete = len(releases) <= MAX_APPROVALS
        for at, release in enumerate(newest_first[:MAX_APPROVALS]):
            try:
                approval = self._approval(line.place, release)
            except Unread:
                return people, False
            if at == 0 and not approval.data["is_shown"]:
                return people, True  # the edition has no approvals
            people |= set(approval.data["approvers"])
        return people, is_complete

    def _approval(self, place: Place, release: Release) -> Item:
        key = str(release.deployment.id)

        def ask() -> Item:
            row = record(self._reader.get(f"{place.path}/deployments/{key}").data)
            given = [account_key(user) for user in approvers(row) if self._accounts.is_person(user)]
            return Item(
                key,
                release.finished_at,
                is_final=True,
                data={"is_shown": shows_approvals(row), "approvers": given},
            )

        stream = Stream("deployment_approvals", place.path, timedelta(days=190))
        return self._remembering.once(stream, key, ask)

    def tested(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases whose commit had passed a test step before."""
        return tested_share(self._server, line, releases)


def was_played(release: Release, details: Details) -> bool:
    """Whether a person let the deploy job run who had not started its pipeline."""
    return release.deployment.is_by_person and release.deployment.creator != details.starter
