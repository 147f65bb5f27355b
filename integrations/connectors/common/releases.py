"""Deployments as a sequence of releases: what went live when, what came back, what was repaired. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.common.places import Place
from integrations.connectors.common.unread import Unread

REMEDY_WITHIN = timedelta(days=7)
# Two environments in one breath are one deployment, not a trial before the other.
TRIAL_AT_LEAST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One record of a deployment, whether it succeeded or not."""

    id: int
    sha: str
    environment: str
    created_at: datetime
    creator: str
    is_by_person: bool


@dataclass(frozen=True, slots=True)
class Release:
    """A deployment that succeeded. `run_id` is the CI run that its record links to, 0 where it links to none."""

    deployment: Deployment
    finished_at: datetime
    run_id: int = 0

    @property
    def sha(self) -> str:
        return self.deployment.sha

    @property
    def day_key(self) -> tuple[str, str, str]:
        return self.deployment.environment, self.sha, self.finished_at.date().isoformat()


@dataclass(frozen=True, slots=True)
class Line:
    """Releases to one environment, oldest first. Every one that finished after `covered_from` is among them.

    `has_records` is False where no deployment was ever recorded: that team deploys in another way. `gap` says why some of
    the releases do not tell their commit, where that is so: they cannot be told apart then. `cut`: why older ones are missing.
    """

    place: Place
    environment: str
    releases: tuple[Release, ...]
    covered_from: datetime
    has_records: bool
    gap: Unread | None = None
    cut: Unread | None = None

    def missing(self, since: datetime) -> Unread | None:
        """Why releases that finished since then may be missing, None when none can be."""
        if self.covered_from <= since:
            return None
        return self.cut or Unread("unreachable", "Not all deployments of the window could be read.")

    def since(self, moment_: datetime) -> list[Release]:
        return [release for release in self.releases if release.finished_at > moment_]


@dataclass(frozen=True, slots=True)
class Remedy:
    """A release that did not hold, and the one that put it right."""

    faulty: Release
    mended_by: Release

    @property
    def hours(self) -> float:
        return (self.mended_by.finished_at - self.faulty.finished_at) / timedelta(hours=1)


def in_order(releases: Iterable[Release]) -> list[Release]:
    return sorted(releases, key=lambda release: (release.finished_at, release.deployment.id))


def distinct(releases: Iterable[Release]) -> list[Release]:
    """The first release of each commit, environment and day: sending the same commit again is no further release."""
    found: dict[tuple[str, str, str], Release] = {}
    for release in in_order(releases):
        found.setdefault(release.day_key, release)
    return list(found.values())


def steps(releases: Iterable[Release]) -> list[Release]:
    """The releases of one environment in order, a repeat of what is live already left out."""
    found: list[Release] = []
    for release in in_order(releases):
        if not found or found[-1].sha != release.sha:
            found.append(release)
    return found


def returns(sequence: Sequence[Release]) -> list[tuple[int, int]]:
    """Pairs (place of the return, place where that commit was live last) in a sequence of `steps`."""
    last_live: dict[str, int] = {}
    found = []
    for at, release in enumerate(sequence):
        if release.sha in last_live:
            found.append((at, last_live[release.sha]))
        last_live[release.sha] = at
    return found


def remedies(sequence: Sequence[Release], is_hotfix: Callable[[Release], bool]) -> list[Remedy]:
    """Each release that was put right within seven days, with the first that did so.

    A return undoes all releases since that commit was live; a hotfix mends the release before it, unless that one was
    itself a return: then the fault was put right already.
    """
    back = dict(returns(sequence))
    found: dict[int, Remedy] = {}
    for at, release in enumerate(sequence):
        if at in back:
            undone: Iterable[int] = range(back[at] + 1, at)
        elif at and at - 1 not in back and is_hotfix(release):
            undone = (at - 1,)
        else:
            continue
        for place in undone:
            if release.finished_at - sequence[place].finished_at <= REMEDY_WITHIN:
                found.setdefault(place, Remedy(sequence[place], release))
    return [found[place] for place in sorted(found)]


def is_staged(release: Release, trials: Collection[Release]) -> bool:
    """Whether the commit had gone to a pre-production environment before, long enough ago to have been a trial."""
    return any(
        trial.sha == release.sha and release.finished_at - trial.finished_at >= TRIAL_AT_LEAST
        for trial in trials
    )


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    committed_at: datetime
    title: str

    @property
    def is_revert(self) -> bool:
        return self.title.startswith("Revert")
