"""The signals of CI runs on the default branches, from runs of any host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Protocol

from integrations.connectors.base import Observation
from integrations.connectors.common.places import Place
from integrations.connectors.common.pool import Count, Share, pooled, summed, unknown, unread
from integrations.connectors.common.runs import CiHost, Run
from integrations.connectors.common.unread import Unread

SAMPLED_RUNS = 50

SIGNALS = ("ci.runs_30d", "ci.success_rate_30d", "ci.test_steps_share", "ci.tests_executed_p50")


@dataclass(frozen=True, slots=True)
class BranchRuns:
    """The counted runs on the default branch of one repository, newest first. `gap`: why some of them are missing."""

    place: Place
    runs: tuple[Run, ...]
    gap: Unread | None = None


class ReportingHost(Protocol):
    """A host that keeps test reports."""

    def tests_reported(self, place: Place, run: Run) -> int | Unread:
        """The number of test cases in the reports of a run, 0 where it published none."""


def observe_ci(
    host: CiHost,
    entries: Sequence[BranchRuns | Unread],
    *,
    nowhere: str,
    page: str,
    tells_attempts: bool = True,
) -> list[Observation]:
    """The signals of CI runs on the default branches, all but the number of tests.

    `nowhere` says what to tell when no repository has CI; `page` is where a repository's own page shows its runs;
    `tells_attempts`: whether the host says which runs were run again.
    """
    if not entries:
        return [
            unknown(name, "not_configured", nowhere)
            for name in ("ci.runs_30d", "ci.success_rate_30d", "ci.test_steps_share")
        ]
    url = next((f"{entry.place.url}{page}" for entry in entries if isinstance(entry, BranchRuns)), "")
    counts: list[Count | Unread] = [
        entry if isinstance(entry, Unread) else Count(len(entry.runs), entry.gap is not None)
        for entry in entries
    ]
    counts += [entry.gap for entry in entries if isinstance(entry, BranchRuns) and entry.gap is not None]
    total = sum(count.value for count in counts if isinstance(count, Count))
    return [
        summed("ci.runs_30d", counts, url=url),
        pooled(
            "ci.success_rate_30d", [_success(entry) for entry in entries], sample=total, at_least=10, url=url,
            detail=_repeats(entries) if tells_attempts else "",
        ),
        pooled(
            "ci.test_steps_share",
            # Jobs are not asked for where the sample is too small to count.
            [
                entry if isinstance(entry, Unread) else _tested(host, entry) if total >= 5 else Share(0, 0)
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
    if entry.gap is not None:
        return entry.gap
    decided = [run for run in entry.runs if run.is_decided]
    return Share(sum(run.is_success for run in decided), len(decided))


def _repeats(entries: Iterable[BranchRuns | Unread]) -> str:
    """What the rate hides: the conclusion is that of the last attempt."""
    runs = [run for entry in entries if isinstance(entry, BranchRuns) for run in entry.runs]
    decided = [run for run in runs if run.is_decided]
    good, again = sum(run.is_success for run in decided), sum(run.attempt > 1 for run in decided)
    return f"{good} of {len(decided)} runs; {again} of them were run more than once, and the last attempt counts."


def _tested(host: CiHost, entry: BranchRuns) -> Share | Unread:
    sample = entry.runs[:SAMPLED_RUNS]
    if entry.gap is not None and len(sample) < SAMPLED_RUNS:
        return entry.gap
    tested = 0
    for run in sample:
        steps = host.test_steps(entry.place, run)
        if isinstance(steps, Unread):
            return steps
        tested += steps.has_run
    return Share(tested, len(sample))


def observe_tests(
    host: ReportingHost, entries: Sequence[BranchRuns | Unread], *, nowhere: str, page: str
) -> Observation:
    """The median number of test cases that the sampled runs on the default branches reported."""
    signal = "ci.tests_executed_p50"
    if not entries:
        return unknown(signal, "not_configured", nowhere)
    url = next((f"{entry.place.url}{page}" for entry in entries if isinstance(entry, BranchRuns)), "")
    numbers: list[int] = []
    for entry in entries:
        if isinstance(entry, Unread):
            return unread(signal, entry, url=url)
        if entry.gap is not None and len(entry.runs) < SAMPLED_RUNS:
            return unread(signal, entry.gap, url=url)
        for run in entry.runs[:SAMPLED_RUNS]:
            reported = host.tests_reported(entry.place, run)
            if isinstance(reported, Unread):
                return unread(signal, reported, url=url)
            numbers += [reported] if reported else []
    if not numbers:
        return unknown(
            signal, "no_report_published", "No run of the sample published a test report.", url=url
        )
    # A number of cases that was reported: the mean of the two in the middle may be half a case.
    return Observation(signal, median_low(numbers), sample=len(numbers), url=url)
