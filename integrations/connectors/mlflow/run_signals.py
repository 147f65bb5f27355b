"""Signals of experiments and their runs, by spec SIGNALS 1.3. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assessments.vocabulary import Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, count, unknown
from integrations.connectors.mlflow.ask_runs import Experiments, RunList
from integrations.connectors.mlflow.observe import share
from integrations.connectors.mlflow.options import RUN_SIGNALS, Setup
from integrations.connectors.mlflow.parse import Run

NO_EXPERIMENTS = Gap(Reason.NOT_CONFIGURED.value, "No experiment is named in the mapping.")
TRACES = "mlflow.traces_30d"
_WITHOUT_TRACES = tuple(signal for signal in RUN_SIGNALS if signal != TRACES)

_SHARES: tuple[tuple[str, str, Callable[[Run], bool]], ...] = (
    ("mlflow.runs_with_git_commit_share", "runs name their commit", lambda run: bool(run.commit)),
    (
        "mlflow.runs_with_dataset_share",
        "runs record a digest of training data",
        lambda run: run.has_training_digest,
    ),
    ("mlflow.runs_from_notebook_share", "runs come from a notebook", lambda run: run.is_notebook),
)


def observe_runs(
    setup: Setup, experiments: Experiments, runs: RunList | Gap, *, month_ms: int, url: str
) -> list[Observation]:
    """One observation per run signal, traces aside. `month_ms`: where the shorter window begins."""
    gap = why_none(setup, experiments) or (runs if isinstance(runs, Gap) else None)
    if gap is not None or isinstance(runs, Gap):
        return [unknown(signal, gap or NO_EXPERIMENTS, url=url) for signal in _WITHOUT_TRACES]
    gaps = [*experiments.gaps, *([] if runs.is_complete else [runs.missing])]
    top = [run for run in runs.runs if not run.is_child]
    month = [run for run in top if run.start_ms > month_ms]
    month_gaps = [*experiments.gaps, *([] if runs.covered_from_ms <= month_ms else [runs.missing])]
    finished = [run for run in top if run.status == "FINISHED"]
    return [
        count("mlflow.runs_30d", len(month), month_gaps, url=url),
        count("mlflow.runs_90d", len(top), gaps, url=url),
        share(
            "mlflow.runs_complete_share",
            sum(run.is_complete for run in finished),
            len(finished),
            gaps,
            size=len(top),
            what="finished runs have a metric, a parameter and their commit",
            url=url,
        ),
        *(
            share(signal, sum(map(is_one, top)), len(top), gaps, what=what, url=url)
            for signal, what, is_one in _SHARES
        ),
        # Evaluations are often made inside the training run that they belong to, so children count.
        _evaluations(setup, [run for run in runs.runs if run.start_ms > month_ms], month_gaps, url=url),
    ]


def _evaluations(setup: Setup, month: Sequence[Run], gaps: Sequence[Gap], *, url: str) -> Observation:
    signal = "mlflow.evaluations_30d"
    found = sum(run.is_evaluation(setup.evaluation_tag) for run in month)
    if not found and not gaps and not setup.has_agreed_tag:
        return unknown(
            signal,
            Gap(
                Reason.NOT_CONFIGURED.value,
                "None found, but classic evaluations leave no mark: name the tag of evaluation runs in the mapping.",
            ),
            url=url,
        )
    return count(signal, found, gaps, url=url)


def observe_traces(setup: Setup, experiments: Experiments, traces: int | Gap, *, url: str) -> Observation:
    gap = why_none(setup, experiments) or (traces if isinstance(traces, Gap) else None)
    if gap is not None or isinstance(traces, Gap):
        return unknown(TRACES, gap or NO_EXPERIMENTS, url=url)
    return count(TRACES, traces, experiments.gaps, url=url, detail="Traces made inside runs are left out.")


def why_none(setup: Setup, experiments: Experiments) -> Gap | None:
    """Why no experiment can be read at all, if that is so."""
    if not setup.experiments:
        return NO_EXPERIMENTS
    return None if experiments.proven else experiments.gaps[0]
