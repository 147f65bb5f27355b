"""The signals of training runs, from runs of any host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.connectors.base import Fact, FactKind, Observation
from integrations.connectors.common.pool import Count, Share, first_gap, pooled, summed, unknown, unread
from integrations.connectors.common.runs import Run, StartedBy
from integrations.connectors.common.setup import TRAINING_SIGNALS
from integrations.connectors.common.unread import Unread

SIGNALS = TRAINING_SIGNALS


@dataclass(frozen=True, slots=True)
class Trainings:
    """The counted runs of one training workflow in the last 90 days. `gap`: why some of them are missing."""

    runs: tuple[Run, ...]
    gap: Unread | None = None


def observe_training(entries: Sequence[Trainings | Unread], *, until: datetime) -> list[Observation]:
    """The signals of training runs; not_configured while no workflow is named."""
    if not entries:
        return [
            unknown(name, "not_configured", "No training workflow is named.") for name in TRAINING_SIGNALS
        ]
    since_30 = until - timedelta(days=30)
    whole = [entry for entry in entries if isinstance(entry, Trainings)]
    gap = first_gap(entries)
    if gap is not None and not whole:
        return [unread(name, gap) for name in TRAINING_SIGNALS]
    url = next((run.url for entry in whole for run in entry.runs), "")

    def counted(signal: str, keep: Iterable[list[Run]]) -> Observation:
        kept = iter(keep)
        parts = [e if isinstance(e, Unread) else Count(len(next(kept)), e.gap is not None) for e in entries]
        return summed(signal, [*parts, *(e.gap for e in whole if e.gap is not None)], url=url)

    total = sum(len(entry.runs) for entry in whole)
    shares: list[Share | Unread] = [
        entry
        if isinstance(entry, Unread)
        else entry.gap or Share(sum(run.is_manual for run in entry.runs), len(entry.runs))
        for entry in entries
    ]
    return [
        counted("ci.training_runs_90d", ([*entry.runs] for entry in whole)),
        counted(
            "ci.scheduled_training_runs_30d",
            (
                [
                    run
                    for run in entry.runs
                    if run.started_by is StartedBy.SCHEDULE and run.is_success and run.created_at >= since_30
                ]
                for entry in whole
            ),
        ),
        counted(
            "ci.event_training_runs_90d",
            ([run for run in entry.runs if run.is_by_machine_event and run.is_success] for entry in whole),
        ),
        pooled("ci.training_manual_share_90d", shares, sample=total, at_least=3, url=url),
    ]


def training_facts(
    entries: Iterable[Trainings | Unread], key: Callable[[Run], str] = lambda run: str(run.id)
) -> list[Fact]:
    """A TRAINING_RUN fact for every counted training run: versions made in its time from its commit came from CI.

    `key` names a run within its host: its number where that is unique there.
    """
    runs = {key(run): run for entry in entries if isinstance(entry, Trainings) for run in entry.runs}
    return [
        Fact(
            FactKind.TRAINING_RUN,
            key=name,
            happened_at=run.created_at,
            sha=run.sha,
            started_at=run.started_at,
            finished_at=run.finished_at,
            url=run.url,
        )
        for name, run in runs.items()
    ]
