"""The signal of the prompt registry, by spec SIGNALS 1.3. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from assessments.vocabulary import Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, count, unknown
from integrations.connectors.mlflow.ask_models import ModelList
from integrations.connectors.mlflow.ask_runs import Experiments
from integrations.connectors.mlflow.options import PROMPTS, Setup, matches
from integrations.connectors.mlflow.parse import Model
from integrations.connectors.mlflow.reader import CUT

NOTHING_NAMED = Gap(Reason.NOT_CONFIGURED.value, "No prompt and no registered model is named in the mapping.")


def observe_prompts(
    setup: Setup, listed: ModelList | Gap, experiments: Experiments, *, url: str
) -> Observation:
    """How many prompts the team has: those named in the mapping, else those named like its models or made in its experiments."""
    if not (setup.prompts or setup.models or experiments.proven):
        return unknown(PROMPTS, NOTHING_NAMED, url=url)
    if isinstance(listed, Gap):
        return unknown(PROMPTS, listed, url=url)
    gaps = [] if listed.is_whole else [CUT]
    if setup.prompts:
        ours = [p for p in listed.models if any(matches(p.name, entry) for entry in setup.prompts)]
        gaps += [
            _not_there(entry) for entry in setup.prompts if not any(matches(p.name, entry) for p in ours)
        ]
    else:
        ours = _like_ours(listed.models, setup, experiments)
        if listed.models and not ours:
            gaps.append(_not_told(len(listed.models)))
    return count(PROMPTS, len(ours), gaps, url=url)


def _like_ours(prompts: Sequence[Model], setup: Setup, experiments: Experiments) -> list[Model]:
    ids = {experiment.id for experiment in experiments.proven}
    return [
        p for p in prompts if p.experiments & ids or any(matches(p.name, entry) for entry in setup.models)
    ]


def _not_there(entry: str) -> Gap:
    return Gap(Reason.MODEL_NOT_FOUND.value, f"MLflow shows no prompt {entry!r}.")


def _not_told(others: int) -> Gap:
    return Gap(
        Reason.NOT_CONFIGURED.value, f"MLflow holds {others} prompts; name the team's own in the mapping."
    )
