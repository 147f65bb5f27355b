"""MLflow's JSON into what the signals need, and nothing else. Pure.

MLflow leaves out empty lists and empty objects, so absent is empty here. A row without its identity is not MLflow's: leaving
it out would make a zero of garbage, so it raises SourceError(BAD_PAYLOAD).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors.http import Failure, SourceError

Row = Mapping[str, Any]

# Text that is a 64-bit number; anything longer is an accident.
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")

COMMIT_TAGS = ("mlflow.source.git.commit", "mlflow.databricks.gitRepoCommit")
PARENT_TAG = "mlflow.parentRunId"
CONTEXT_TAG = "mlflow.data.context"
GENAI_TAG = {"mlflow.runType": "genai_evaluate"}
PROMPT_TAG = "mlflow.prompt.is_prompt"
PROMPT_EXPERIMENTS_TAG = "_mlflow_experiment_ids"

_NOTEBOOK_SOURCES = (".ipynb", "ipykernel_launcher.py", "colab_kernel_launcher.py")
_EVALUATION_CONTEXTS = frozenset({"eval", "evaluation", "test", "validation"})
_MODEL_ID_SOURCE = "models:/m-"


@dataclass(frozen=True, slots=True)
class Experiment:
    id: str
    name: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Dataset:
    digest: str
    context: str


@dataclass(frozen=True, slots=True)
class Run:
    """`names` holds what this run says it is about: ids of logged models, and `models:/name/version` among params and tags."""

    id: str
    status: str
    start_ms: int
    end_ms: int | None
    tags: Mapping[str, str]
    metrics: frozenset[str]
    has_params: bool
    datasets: tuple[Dataset, ...]
    names: frozenset[str] = frozenset()
    experiment: str = ""

    @property
    def is_child(self) -> bool:
        return bool(self.tags.get(PARENT_TAG))

    @property
    def commit(self) -> str:
        return next((sha for tag in COMMIT_TAGS if (sha := self.tags.get(tag, "").strip())), "")

    @property
    def is_notebook(self) -> bool:
        """Two tags, because local Jupyter runs say NOTEBOOK only from MLflow 3.9.0 on."""
        source = self.tags.get("mlflow.source.name", "")
        return self.tags.get("mlflow.source.type") == "NOTEBOOK" or source.endswith(_NOTEBOOK_SOURCES)

    @property
    def training_digest(self) -> str:
        """The digest of its training data; empty where it names none."""
        training = (d.digest for d in self.datasets if not d.context or "train" in d.context.lower())
        return next((digest for digest in training if digest), "")

    @property
    def has_training_digest(self) -> bool:
        return bool(self.training_digest)

    @property
    def is_complete(self) -> bool:
        return bool(self.metrics) and self.has_params and bool(self.commit)

    def is_evaluation(self, tag: tuple[str, str]) -> bool:
        """By MLflow's own mark, by the agreed tag, or because all its data is for evaluation."""
        if GENAI_TAG.items() <= self.tags.items() or self.tags.get(tag[0]) == tag[1]:
            return True
        contexts = {dataset.context.lower() for dataset in self.datasets}
        return bool(contexts) and contexts <= _EVALUATION_CONTEXTS


@dataclass(frozen=True, slots=True)
class Model:
    """`aliases`: alias -> version. `experiments`: ids that a prompt says it was made in."""

    name: str
    aliases: Mapping[str, str]
    is_prompt: bool
    experiments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Version:
    """`model_id` is the logged model (MLflow 3) that the version was made of, "" where there is none."""

    name: str
    version: str
    created_ms: int
    stage: str
    description: str
    run_id: str
    status: str
    model_id: str

    @property
    def key(self) -> str:
        return f"{self.name}/{self.version}"


def experiment(row: Row) -> Experiment:
    return Experiment(
        named(row, "experiment_id"), text(row, "name"), text(row, "lifecycle_stage") == "deleted"
    )


def run(row: Row) -> Run:
    info, data, inputs = part(row, "info"), part(row, "data"), part(row, "inputs")
    tags = pairs(data, "tags")
    uris = {
        value for value in (*tags.values(), *pairs(data, "params").values()) if value.startswith("models:/")
    }
    return Run(
        id=text(info, "run_id") or named(info, "run_uuid"),
        status=text(info, "status"),
        start_ms=number(info, "start_time") or 0,
        end_ms=number(info, "end_time"),
        tags=tags,
        metrics=frozenset(text(metric, "key") for metric in items(data, "metrics")),
        has_params=bool(items(data, "params")),
        datasets=tuple(_dataset(entry) for entry in items(inputs, "dataset_inputs")),
        names=frozenset(uris | {text(entry, "model_id") for entry in items(inputs, "model_inputs")} - {""}),
        experiment=text(info, "experiment_id"),
    )


def _dataset(entry: Row) -> Dataset:
    return Dataset(text(part(entry, "dataset"), "digest"), pairs(entry, "tags").get(CONTEXT_TAG, ""))


def model(row: Row) -> Model:
    tags = pairs(row, "tags")
    return Model(
        name=named(row, "name"),
        aliases={text(a, "alias"): text(a, "version") for a in items(row, "aliases") if text(a, "alias")},
        is_prompt=tags.get(PROMPT_TAG) == "true",
        experiments=frozenset(tags.get(PROMPT_EXPERIMENTS_TAG, "").split(",")) - {""},
    )


def version(row: Row) -> Version:
    source = text(row, "source")
    return Version(
        name=named(row, "name"),
        version=named(row, "version"),
        created_ms=number(row, "creation_timestamp") or 0,
        stage=text(row, "current_stage"),
        description=text(row, "description"),
        run_id=text(row, "run_id"),
        status=text(row, "status"),
        model_id=text(row, "model_id")
        or (source.removeprefix("models:/") if source.startswith(_MODEL_ID_SOURCE) else ""),
    )


def metrics_by_run(row: Row) -> tuple[frozenset[str], ...]:
    """What each run measured of a logged model: the names of its metrics."""
    by_run: dict[str, set[str]] = {}
    for metric in items(part(row, "data"), "metrics"):
        by_run.setdefault(text(metric, "run_id"), set()).add(text(metric, "key"))
    return tuple(map(frozenset, by_run.values()))


def trace_count(data: Row) -> int:
    """The one number in an answer of traces/metrics. Raises SourceError(BAD_PAYLOAD) when it is not there."""
    for point in items(data, "data_points"):
        value = part(point, "values").get("COUNT")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return int(value)
    raise bad_shape()


def rows(data: Row, key: str) -> list[Row]:
    """The list under `key`. Raises SourceError(BAD_PAYLOAD) for an object that is neither empty nor a list's answer.

    MLflow says "none" by leaving the key out; any other object without the key is not MLflow's answer to our question.
    """
    found = data.get(key)
    if found is None and set(data) <= {"next_page_token"}:
        return []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise bad_shape()
    return found


def required(data: Row, key: str) -> Row:
    """The object under `key`. Raises SourceError(BAD_PAYLOAD)."""
    found = data.get(key)
    if not isinstance(found, dict):
        raise bad_shape()
    return found


def bad_shape() -> SourceError:
    return SourceError(
        Failure.BAD_PAYLOAD,
        "The answer is not MLflow's; nothing was taken from it. Check the address of the connection.",
    )


def named(row: Row, key: str) -> str:
    """The identity under `key`. Raises SourceError(BAD_PAYLOAD)."""
    found = text(row, key)
    if not found:
        raise bad_shape()
    return found


def part(row: Row, key: str) -> Row:
    found = row.get(key)
    return found if isinstance(found, dict) else {}


def items(row: Row, key: str) -> list[Row]:
    found = row.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(row: Row, key: str) -> str:
    found = row.get(key)
    return found if isinstance(found, str) else str(found) if isinstance(found, int) else ""


def number(row: Row, key: str) -> int | None:
    """Milliseconds; some gateways put 64-bit numbers into text, as protobuf's JSON does."""
    found = row.get(key)
    if isinstance(found, str) and _WHOLE_NUMBER.fullmatch(found):
        return int(found)
    return int(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def pairs(row: Row, key: str) -> dict[str, str]:
    """A list of {key, value} as a mapping."""
    return {text(pair, "key"): text(pair, "value") for pair in items(row, key)}


def newest_first(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, key=lambda v: (v.created_ms, v.version), reverse=True)
