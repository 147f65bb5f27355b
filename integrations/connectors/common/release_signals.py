"""The signals of deployments to production."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from integrations.connectors.base import Fact, FactKind, Observation
from integrations.connectors.common.comparing import NOT_COMPARABLE, Changed, Comparer
from integrations.connectors.common.pool import Count, Share, middle, pooled, summed, unknown, unread
from integrations.connectors.common.releases import (
    Line,
    Release,
    Remedy,
    distinct,
    is_staged,
    remedies,
    returns,
    steps,
)
from integrations.connectors.common.setup import DEPLOY_SIGNALS
from integrations.connectors.common.unread import Unread

NEEDS_RELEASES = 3
NEEDS_RELEASES_FOR_RATE = 8

SIGNALS = DEPLOY_SIGNALS
_UNSEEN = Unread("unreachable", "Not all who started or approved a deployment could be seen.")


class Origins(Protocol):
    """Where releases came from, as a host's records tell it."""

    def automated(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases that no person started."""

    def deployers(self, line: Line, releases: list[Release]) -> tuple[set[str], bool]:
        """People who started or approved, and whether all could be seen."""

    def tested(self, line: Line, releases: list[Release]) -> Share | Unread:
        """Releases whose commit had passed a test step before."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The beginnings of the windows of a collection."""

    until: datetime

    def since(self, days: int) -> datetime:
        return self.until - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Production:
    """The lines of all production environments. Only those with records speak; gaps stand for what could not be read."""

    lines: tuple[Line, ...]
    gaps: tuple[Unread, ...]
    windows: Windows
    url: str

    def releases(self, line: Line, days: int) -> list[Release]:
        """The releases of the window that count: each commit once a day."""
        since = self.windows.since(days)
        return [release for release in distinct(line.releases) if release.finished_at > since]

    @property
    def nameless(self) -> tuple[Unread, ...]:
        """Why releases of some lines do not tell their commit."""
        return tuple(line.gap for line in self.lines if line.gap is not None)

    def size(self, days: int) -> int:
        return sum(len(self.releases(line, days)) for line in self.lines)

    def missing(self, days: int) -> tuple[Unread, ...]:
        """Why releases of the window may be missing from some lines."""
        found = (line.missing(self.windows.since(days)) for line in self.lines)
        return tuple(missing for missing in found if missing is not None)

    def count(self, signal: str, days: int, number: Callable[[Line], int]) -> Observation:
        parts: list[Count | Unread] = [Count(number(line)) for line in self.lines]
        return summed(signal, [*parts, *self.gaps, *self.nameless, *self.missing(days)], url=self.url)

    def share(
        self,
        signal: str,
        at_least: int,
        is_so: Callable[[Line, list[Release]], Share | Unread],
        days: int = 90,
    ) -> Observation:
        """A share of the releases of the window; nothing further is asked about a sample too small to count."""
        size = self.size(days)
        parts: list[Share | Unread] = list(self.gaps)
        for line in self.lines:
            missing = line.missing(self.windows.since(days))
            if missing is not None:
                parts.append(missing)
            elif size < at_least or self.gaps:
                parts.append(Share(0, 0))
            else:
                parts.append(is_so(line, self.releases(line, days)))
        return pooled(signal, parts, sample=size, at_least=at_least, url=self.url)


def production_of(lines: Sequence[Line | Unread], windows: Windows, *, page: str) -> Production | Unread:
    """The production lines that speak; Unread when there is none, with the reason for all signals of deployments.

    `page` is where a repository's own page shows its deployments.
    """
    gaps = tuple(line for line in lines if isinstance(line, Unread))
    speaking = tuple(line for line in lines if isinstance(line, Line) and line.has_records)
    if not lines:
        return Unread("not_configured", "No production environment is named.")
    if not speaking:
        nothing = "No deployment was ever recorded in the production environments; the team may deploy in another way."
        return gaps[0] if gaps else Unread("no_deployment_records", nothing)
    return Production(
        speaking, gaps, windows, f"{speaking[0].place.url}{page}" if speaking[0].place.url else ""
    )


def observe_releases(
    production: Production | Unread,
    *,
    origins: Origins,
    comparer: Comparer,
    trials: dict[str, list[Release] | Unread] | Unread,
) -> list[Observation]:
    """The signals of SIGNALS for all production environments together."""
    if isinstance(production, Unread):
        return [unread(name, production) for name in SIGNALS]
    return [
        production.count("deploy.frequency_30d", 30, lambda line: len(production.releases(line, 30))),
        production.count("deploy.count_90d", 90, lambda line: len(production.releases(line, 90))),
        production.share("deploy.automated_share_90d", NEEDS_RELEASES, origins.automated),
        _deployers(production, origins),
        _lead_time(production, comparer),
        production.share("deploy.tested_sha_share_90d", NEEDS_RELEASES, origins.tested),
        _staged(production, trials),
        production.share(
            "deploy.change_failure_rate",
            NEEDS_RELEASES_FOR_RATE,
            lambda line, releases: _failures(line, releases, comparer, production.windows.since(90)),
        ),
        _rollback_time(production, comparer),
        production.count(
            "deploy.rollbacks_180d",
            180,
            lambda line: len(_returns_since(line, production.windows.since(180))),
        ),
    ]


def deployment_facts(lines: Iterable[Line | Unread], *, page: Callable[[Line, Release], str]) -> list[Fact]:
    """A DEPLOYMENT fact for every deployment to production that succeeded: what is live can be traced to it.

    `page`: where a person sees a deployment at the host.
    """
    return [
        Fact(
            FactKind.DEPLOYMENT,
            key=f"{line.place.full_name}/{release.deployment.id}",
            happened_at=release.finished_at,
            sha=release.sha,
            url=page(line, release) if line.place.url else "",
            name=line.environment,
            number=str(release.deployment.id),
        )
        for line in lines
        if isinstance(line, Line)
        for release in line.releases
    ]


def _returns_since(line: Line, since: datetime) -> list[Release]:
    sequence = steps(line.releases)
    return [sequence[at] for at, _ in returns(sequence) if sequence[at].finished_at > since]


def _deployers(production: Production, origins: Origins) -> Observation:
    people: set[str] = set()
    gaps = (*production.gaps, *production.missing(180))
    is_lower = bool(gaps)
    for line in production.lines:
        names, is_complete = origins.deployers(line, production.releases(line, 180))
        people |= names
        is_lower |= not is_complete
    if is_lower and not people:
        return unread("deploy.deployers_180d", gaps[0] if gaps else _UNSEEN, url=production.url)
    return Observation(
        "deploy.deployers_180d",
        len(people),
        bound="lower" if is_lower else "exact",
        sample=production.size(180),
        url=production.url,
        detail="At least this many; not all could be read." if is_lower else "",
    )


def _lead_time(production: Production, comparer: Comparer) -> Observation:
    signal, since = "deploy.lead_time_p50_h", production.windows.since(90)
    gaps = (*production.gaps, *production.nameless, *production.missing(90))
    if gaps:
        return unread(signal, gaps[0], url=production.url)
    size = production.size(90)
    if size < NEEDS_RELEASES:
        return unknown(
            signal,
            "insufficient_sample",
            f"{size} deployments; {NEEDS_RELEASES} are needed.",
            url=production.url,
            sample=size,
        )
    found = [
        (release, changed)
        for line in production.lines
        for release, changed in comparer.changes(line)
        if release.finished_at > since and changed is not None
    ]
    lost = [changed for _, changed in found if isinstance(changed, Unread)]
    gap = next((changed for changed in lost if changed.reason != NOT_COMPARABLE), None)
    if gap is not None:
        return unread(signal, gap, url=production.url)
    compared = [(release, changed.commits) for release, changed in found if isinstance(changed, Changed)]
    hours = [
        # A committer whose clock runs ahead did not commit after the release.
        max((release.finished_at - commit.committed_at) / timedelta(hours=1), 0)
        for release, commits in compared
        for commit in commits
    ]
    if lost and not hours:
        detail = f"{len(lost)} pairs of commits have no common history at their host any more."
        return unknown(signal, "shas_not_comparable", detail, url=production.url)
    without = sum(not commits for _, commits in compared)
    detail = (
        f"{len(compared)} releases compared with the one before; {without} without new commits and {len(lost)} that "
        "cannot be compared were left out."
    )
    return middle(signal, hours, url=production.url, detail=detail)


def _staged(production: Production, trials: dict[str, list[Release] | Unread] | Unread) -> Observation:
    signal = "deploy.staged_share_90d"
    if isinstance(trials, Unread):
        return unread(signal, trials, url=production.url)

    def staged(line: Line, releases: list[Release]) -> Share | Unread:
        if line.gap is not None:
            return line.gap
        found = trials.get(line.place.full_name)
        if found is None:
            return Unread(
                "not_configured", f"{line.place.full_name}: no pre-production environment is named."
            )
        if isinstance(found, Unread):
            return found
        return Share(sum(is_staged(release, found) for release in releases), len(releases))

    return production.share(signal, NEEDS_RELEASES, staged)


def _failures(line: Line, releases: list[Release], comparer: Comparer, since: datetime) -> Share | Unread:
    if line.gap is not None:
        return line.gap
    found = _remedies(line, comparer, since)
    if isinstance(found, Unread):
        return found
    faulty = {remedy.faulty.day_key for remedy in found}
    return Share(sum(release.day_key in faulty for release in releases), len(releases))


def _remedies(line: Line, comparer: Comparer, since: datetime) -> list[Remedy] | Unread:
    """The remedied releases that finished after `since`; Unread when hotfixes could not be told from other changes."""
    gap = comparer.gap(line, since)
    if gap is not None:
        return gap
    changed = {release.deployment.id: change for release, change in comparer.changes(line)}

    def is_hotfix(release: Release) -> bool:
        change: Changed | Unread | None = changed.get(release.deployment.id)
        return comparer.is_hotfix(line, release, change)

    return [
        remedy for remedy in remedies(steps(line.releases), is_hotfix) if remedy.faulty.finished_at > since
    ]


def _rollback_time(production: Production, comparer: Comparer) -> Observation:
    signal, since = "deploy.rollback_time", production.windows.since(180)
    gaps = (*production.gaps, *production.nameless, *production.missing(180))
    if gaps:
        return unread(signal, gaps[0], url=production.url)
    if not any(_returns_since(line, since) for line in production.lines):
        return unknown(
            signal,
            "insufficient_sample",
            "No release of the window was taken back.",
            url=production.url,
            sample=0,
        )
    hours: list[float] = []
    for line in production.lines:
        found = _remedies(line, comparer, since)
        if isinstance(found, Unread):
            return unread(signal, found, url=production.url)
        hours += [remedy.hours for remedy in found]
    return middle(
        signal, hours, url=production.url, detail=f"{len(hours)} releases were put right within seven days."
    )
