"""What the generator needs to know of a maturity model, worked out once."""

from __future__ import annotations

from assessments.catalog.schema import MaturityModelFile
from assessments.standing import plan_of
from mlops_portal.demo.course import Model
from mlops_portal.demo.signals import SHAPES, family

# Signals that no rule reads yet: where a team's maturity shows in them.
FALLBACK = {
    "repo": "build",
    "ci": "build",
    "deploy": "deployment",
    "mlflow": "tracking",
    "monitoring": "observability",
}


def describe(file: MaturityModelFile) -> Model:
    """The model of a file. Raises KeyError when the file has neither a rule for a signal nor its fallback capability."""
    dimensions = {capability.id: capability.dimension for capability in file.capabilities}
    owners: dict[str, tuple[str, str]] = {}
    for capability in file.capabilities:
        for criterion in capability.criteria:
            for signal in criterion.auto.signals if criterion.auto is not None else ():
                owners.setdefault(signal, (capability.dimension, capability.id))
    for signal in SHAPES:
        if signal not in owners:
            fallback = FALLBACK[family(signal)]
            owners[signal] = (dimensions[fallback], fallback)
    return Model(
        file=file,
        plan=plan_of(file),
        owners=owners,
        na_when={criterion.id: frozenset(criterion.na_when) for criterion in file.criteria()},
        ruled={criterion.id: criterion.auto for criterion in file.criteria() if criterion.auto is not None},
    )
