"""Runs as a memory keeps them: what signals need, and nothing of what people wrote. Pure.

A run of MLflow is some seven kilobytes, most of it schemas; of that a few hundred bytes stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.connectors.memory import Item, Stream
from integrations.connectors.mlflow.options import Setup
from integrations.connectors.mlflow.parse import COMMIT_TAGS, GENAI_TAG, PARENT_TAG, Dataset, Run

WINDOW = timedelta(days=90)
# Runs bear the time of whoever makes them.
CLIENT_CLOCKS = timedelta(days=1)
# As MLflow makes ids. It can be asked about these again; about another nobody has to.
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_OPEN = frozenset({"RUNNING", "SCHEDULED"})
_LONGEST_COMMIT = 200
# Stands for whatever a run measured beside the gate metrics.
_SOME_METRIC = "*"


def ms(moment: datetime) -> int:
    """In the milliseconds that MLflow counts in."""
    return (moment - _EPOCH) // _MS


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of runs: that they carry the agreed tag, and which of the gate metrics."""

    evaluation_tag: tuple[str, str]
    gate_metrics: frozenset[str]

    @classmethod
    def of(cls, setup: Setup) -> Kept:
        return cls(setup.evaluation_tag, setup.gate_metrics)

    def stream(self, experiments: Sequence[str]) -> Stream:
        """The runs of these experiments; what is kept of them is a part of what the list is."""
        tag, gates = "=".join(self.evaluation_tag), ",".join(sorted(self.gate_metrics))
        return Stream("runs", f"{','.join(experiments)} {tag} {gates}", WINDOW, CLIENT_CLOCKS)

    def item(self, run: Run) -> Item:
        return Item(
            key=run.id,
            happened_at=_EPOCH + run.start_ms * _MS,
            is_final=run.status not in _OPEN or not RUN_ID.fullmatch(run.id),
            data={
                "status": run.status,
                "end_ms": run.end_ms,
                "tags": self._tags(run),
                "metrics": self._metrics(run),
                "has_params": run.has_params,
                "datasets": sorted({(dataset.digest, dataset.context) for dataset in run.datasets}),
                "names": sorted(run.names),
                "experiment": run.experiment,
            },
        )

    def _tags(self, run: Run) -> dict[str, str]:
        """The tags that say whose run it is and where it comes from, without paths and people's names."""
        name, value = self.evaluation_tag
        kept = {tag: run.tags[tag][:_LONGEST_COMMIT] for tag in COMMIT_TAGS if tag in run.tags}
        kept |= {tag: run.tags[tag] for tag in GENAI_TAG if run.tags.get(tag) == GENAI_TAG[tag]}
        kept |= {PARENT_TAG: "1"} if run.is_child else {}
        kept |= {"mlflow.source.type": "NOTEBOOK"} if run.is_notebook else {}
        return kept | ({name: value} if run.tags.get(name) == value else {})

    def _metrics(self, run: Run) -> list[str]:
        others = [_SOME_METRIC] if run.metrics - self.gate_metrics else []
        return sorted({*(run.metrics & self.gate_metrics), *others})


def run_of(item: Item) -> Run:
    """The run that an item was made of, as far as signals can tell."""
    data: Any = item.data
    return Run(
        id=item.key,
        status=data["status"],
        start_ms=ms(item.happened_at),
        end_ms=data["end_ms"],
        tags=data["tags"],
        metrics=frozenset(data["metrics"]),
        has_params=data["has_params"],
        datasets=tuple(Dataset(digest, context) for digest, context in data["datasets"]),
        names=frozenset(data["names"]),
        experiment=data["experiment"],
    )
