"""Lines of releases: the successful builds of the jobs that the team named as deploying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from integrations.connectors.common.changes import Change
from integrations.connectors.common.changes import History as Changes
from integrations.connectors.common.comparing import NOT_COMPARABLE, Changed
from integrations.connectors.common.origins import is_automated, tested_share, unless_missing
from integrations.connectors.common.places import Place
from integrations.connectors.common.pool import Share
from integrations.connectors.common.releases import Deployment, Line, Release, in_order
from integrations.connectors.common.runs import Run
from integrations.connectors.common.unread import Unread
from integrations.connectors.jenkins.builds import Build
from integrations.connectors.jenkins.history import Histories, History
from integrations.connectors.jenkins.host import JenkinsHost
from integrations.connectors.jenkins.jobs import Job, Named

# Half a year, and a month to find what was live when it began.
DAYS = 210
NO_COMPARISON = (
    "Jenkins does not know the history of commits: from commit to production is measured where the host of the code also "
    "records the deployments."
)


@dataclass(frozen=True, slots=True)
class _Sent:
    job: Job
    build: Build
    run: Run


class Sendings:
    """The deployments that builds made, and where each came from. Raises nothing: what could not be read stands in the lines."""

    def __init__(self, host: JenkinsHost, histories: Histories, since: datetime) -> None:
        self._host = host
        self._histories = histories
        self._since = since
        self._sent: dict[tuple[str, int], _Sent] = {}

    def lines(self, named: Iterable[Named | Unread], days: int = DAYS) -> list[Line | Unread]:
        """One line for each name in the form."""
        return [one if isinstance(one, Unread) else self._line(one, days) for one in named]

    def _line(self, named: Named, days: int) -> Line | Unread:
        found = [self._histories.of(job, days) for job in named.jobs]
        gap = next((history for history in found if isinstance(history, Unread)), None)
        if gap is not None:
            return gap
        histories = [history for history in found if isinstance(history, History)]
        sent = [
            _Sent(history.job, build, self._host.run_of(history.job, build))
            for history in histories
            for build in history.builds
        ]
        good = sorted((one for one in sent if one.run.is_success), key=lambda one: one.run.finished_at)
        releases = [self._release(named.name, at, one) for at, one in enumerate(good, 1)]
        place = named.jobs[0].place
        # The history that reaches back the least is how far all of them together do.
        newest = max(histories, key=lambda history: history.covered_from)
        return Line(
            Place(named.name, frozenset(), "", "", place.url, is_archived=False, path=place.path),
            named.name,
            tuple(in_order(releases)),
            newest.covered_from,
            any(job.next_number > 1 for job in named.jobs),
            _nameless(named.name, releases),
            newest.gap,
        )

    def _release(self, environment: str, at: int, sent: _Sent) -> Release:
        self._sent[(environment, at)] = sent
        is_by_person = sent.run.is_manual and bool(sent.run.starter)
        deployment = Deployment(
            at, sent.run.sha, environment, sent.run.created_at, sent.run.starter, is_by_person
        )
        return Release(deployment, sent.run.finished_at)

    def _of(self, release: Release) -> _Sent:
        return self._sent[(release.deployment.environment, release.deployment.id)]

    def automated(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Builds that no person started. Where commits are not told, every build of the window counts."""
        counted = releases if line.gap is None else line.since(self._since)
        sent = [self._of(release) for release in counted]
        silent = sum(not one.build.is_told for one in sent)
        if silent:
            return Unread("unreachable", f"{line.environment}: {silent} builds do not say what started them.")
        return Share(
            sum(is_automated(release, one.run) for release, one in zip(counted, sent, strict=True)), len(sent)
        )

    def deployers(self, line: Line, releases: list[Release]) -> tuple[set[str], bool]:
        """People who started a deployment. Who let a pipeline go on at an input step is not shown by Jenkins."""
        sent = [self._of(release) for release in releases]
        people = {one.run.starter for one in sent if one.run.is_manual and one.run.starter}
        return people, not any(one.build.is_pipeline for one in sent)

    def tested(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Builds whose commit had passed a test step before."""
        return unless_missing(tested_share(self._host, line, releases), self._host.gap())

    def changes(self, line: Line) -> Changes | Unread:
        """What a build tells of its change: the branch that its commit came from. A hotfix is known by that alone here."""
        if line.gap is not None:
            return line.gap
        changes = tuple(self._change(release) for release in line.releases)
        return Changes(line.place, changes, datetime.min.replace(tzinfo=self._since.tzinfo))

    def _change(self, release: Release) -> Change:
        sent = self._of(release)
        is_by_person = sent.run.is_manual
        return Change(
            sent.build.number,
            release.finished_at,
            "",
            is_by_person,
            release.sha,
            release.sha,
            sent.run.branch,
            frozenset(),
        )


def trials_of(lines: Sequence[Line | Unread]) -> list[Release] | Unread:
    """The releases before production; Unread where some are missing, for each of them may have been the trial."""
    found: list[Release] = []
    for line in lines:
        if isinstance(line, Unread):
            return line
        if line.gap is not None:
            return line.gap
        found += line.releases
    return found


def compare(line: Line, before: Release, after: Release) -> Changed | Unread:
    """Never the commits: Jenkins keeps no history of them."""
    return Unread(NOT_COMPARABLE, NO_COMPARISON)


def _nameless(name: str, releases: Sequence[Release]) -> Unread | None:
    silent = sum(not release.sha for release in releases)
    if not silent:
        return None
    words = (
        f"{name}: {silent} of {len(releases)} builds do not tell the one commit that they deployed; check the code out in the "
        "job, or name the repository in the form where builds check out several."
    )
    return Unread("no_deployment_records", words)
