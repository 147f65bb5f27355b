"""Whether what went live had been tested, and whether a person had sent it."""

from __future__ import annotations

from integrations.connectors.common.places import Place
from integrations.connectors.common.pool import Share
from integrations.connectors.common.releases import Line, Release
from integrations.connectors.common.runs import CiHost, Run
from integrations.connectors.common.unread import Unread

MAX_TESTED_COMMITS = 100
MAX_RUNS_OF_COMMIT = 8


def is_automated(release: Release, run: Run | None) -> bool:
    """Whether no person started a release. Without a known run an app's deployment is automated, a person's is not."""
    return not release.deployment.is_by_person if run is None else not run.is_manual


def tested_share(host: CiHost, line: Line, releases: list[Release]) -> Share | Unread:
    """Releases whose commit had passed a test step of a successful run before they were live."""
    if line.gap is not None:
        return line.gap
    has_ci = host.has_ci(line.place)
    if isinstance(has_ci, Unread):
        return has_ci
    if not has_ci:
        return Unread(
            "not_configured", f"{line.place.full_name} has no CI at this host; it may run elsewhere."
        )
    if len({release.sha for release in releases}) > MAX_TESTED_COMMITS:
        return Unread(
            "truncated", f"{line.place.full_name}: more than {MAX_TESTED_COMMITS} commits went live."
        )
    tested = 0
    for release in releases:
        is_tested = _is_tested(host, line.place, release)
        if isinstance(is_tested, Unread):
            return is_tested
        tested += is_tested
    return Share(tested, len(releases))


def unless_missing(share: Share | Unread, gap: Unread | None) -> Share | Unread:
    """The share, or the gap where runs are missing that may have tested what seems not to be."""
    if gap is None or isinstance(share, Unread) or share.numerator == share.denominator:
        return share
    return gap


def _is_tested(host: CiHost, place: Place, release: Release) -> bool | Unread:
    runs = host.runs_of(place, release.sha)
    if isinstance(runs, Unread):
        return runs
    # A run that deploys may test first; only runs begun after the release cannot.
    candidates = [run for run in runs if run.is_success and run.created_at <= release.finished_at]
    for run in candidates[:MAX_RUNS_OF_COMMIT]:
        steps = host.test_steps(place, run)
        if isinstance(steps, Unread):
            return steps
        if steps.passed_at is not None and steps.passed_at <= release.finished_at:
            return True
    if len(candidates) > MAX_RUNS_OF_COMMIT:
        return Unread("truncated", f"{place.full_name}: more than {MAX_RUNS_OF_COMMIT} runs of one commit.")
    return False
