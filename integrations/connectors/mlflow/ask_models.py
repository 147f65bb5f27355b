"""Reads registered models, their versions and aliases, the runs behind versions, and prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from assessments.vocabulary import Reason
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow import parse
from integrations.connectors.mlflow.ask_runs import ask_run
from integrations.connectors.mlflow.parse import Model, Run, Version
from integrations.connectors.mlflow.reader import Gap, Reader, gap_of, is_absent, is_missing_endpoint

PAGE = 200
MAX_MODEL_PAGES = 20
MAX_MODELS = 200
MAX_VERSIONS = 2_000
MAX_RUNS_ASKED = 300
PROMPT_FILTER = f"tags.`{parse.PROMPT_TAG}` = 'true'"
# What servers say whose models are registered in another place (Unity Catalog, a store without a registry).
_ELSEWHERE = frozenset({"FEATURE_DISABLED", "NOT_IMPLEMENTED"})


@dataclass(frozen=True, slots=True)
class Registry:
    """The team's models with all their versions, newest first. `gaps` tell of entries that could not be proven.

    `is_complete` is False when a cap left out models or old versions: counts are then lower bounds.
    """

    models: tuple[Model, ...] = ()
    versions: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    is_complete: bool = True

    @property
    def all_versions(self) -> list[Version]:
        return [version for versions in self.versions.values() for version in versions]


def ask_registry(reader: Reader, entries: Sequence[str]) -> Registry | Gap:
    """Models first proven, because model-versions/search answers 200 {} for an unknown name."""
    models: dict[str, Model] = {}
    gaps: list[Gap] = []
    listed: list[Model] | None = None
    try:
        for entry in entries:
            if "*" in entry or "?" in entry:
                listed = list_models(reader) if listed is None else listed
                found = [model for model in listed if fnmatchcase(model.name, entry) and not model.is_prompt]
            else:
                found = _prove(reader, entry)
            models |= {model.name: model for model in found}
            if not found:
                gaps.append(Gap(Reason.MODEL_NOT_FOUND.value, f"MLflow shows no registered model {entry!r}."))
        kept = tuple(models.values())[:MAX_MODELS]
        read = {model.name: _ask_versions(reader, model) for model in kept}
    except SourceError as error:
        return registry_gap(error)
    return Registry(
        models=kept,
        versions={name: versions for name, (versions, _) in read.items()},
        gaps=tuple(gaps),
        is_complete=len(kept) == len(models) and all(is_whole for _, is_whole in read.values()),
    )


def registry_gap(error: SourceError) -> Gap:
    """As `gap_of`, but a server without a registry is told from one that failed."""
    if error.code in _ELSEWHERE or is_missing_endpoint(error):
        return Gap(
            Reason.REGISTRY_ELSEWHERE.value,
            "This MLflow server keeps no registry of models; they are registered elsewhere.",
        )
    return gap_of(error)


def _prove(reader: Reader, name: str) -> list[Model]:
    try:
        data = reader.get("2.0/mlflow/registered-models/get", {"name": name})
    except SourceError as error:
        if is_absent(error):
            return []
        raise
    found = parse.model(parse.required(data, "registered_model"))
    return [] if found.is_prompt else [found]


def list_models(reader: Reader, *, where: str = "") -> list[Model]:
    """Every registered model that the credential sees; prompts only where `where` asks for them. Raises SourceError."""
    found: list[Model] = []
    params = {"max_results": str(PAGE)} | ({"filter": where} if where else {})
    for _ in range(MAX_MODEL_PAGES):
        data = reader.get("2.0/mlflow/registered-models/search", params)
        found += [parse.model(row) for row in parse.rows(data, "registered_models")]
        if not (token := parse.text(data, "next_page_token")):
            break
        params["page_token"] = token
    return found


def _ask_versions(reader: Reader, model: Model) -> tuple[tuple[Version, ...], bool]:
    """All versions up to a cap, and whether that was all. They can be ordered by time but not filtered by it."""
    found: dict[str, Version] = {}
    quote = '"' if "'" in model.name else "'"
    params = {
        "filter": f"name={quote}{model.name}{quote}",
        "order_by": "creation_timestamp DESC",
        "max_results": str(PAGE),
    }
    is_whole = False
    while not is_whole and len(found) < MAX_VERSIONS:
        data = reader.get("2.0/mlflow/model-versions/search", params)
        for version in map(parse.version, parse.rows(data, "model_versions")):
            found[version.version] = version
        token = parse.text(data, "next_page_token")
        is_whole = not token or token == params.get("page_token")
        params["page_token"] = token
    for number in set(model.aliases.values()) - set(found) if not is_whole else ():
        found |= _marked_version(reader, model.name, number)
    return tuple(parse.newest_first(found.values())), is_whole


def _marked_version(reader: Reader, name: str, number: str) -> dict[str, Version]:
    """A version beyond the cap that an alias names: it may be the live one."""
    try:
        data = reader.get("2.0/mlflow/model-versions/get", {"name": name, "version": number})
    except SourceError as error:
        if is_absent(error):
            return {}
        raise
    return {number: parse.version(parse.required(data, "model_version"))}


def ask_runs_of(
    reader: Reader, versions: Iterable[Version], known: Iterable[Run]
) -> dict[str, Run | Gap | None]:
    """The run behind each version, by run id: None where there is none any more, absent where a cap was reached."""
    found: dict[str, Run | Gap | None] = {run.id: run for run in known}
    left = MAX_RUNS_ASKED
    for version in versions:
        if version.run_id and version.run_id not in found and left:
            found[version.run_id] = ask_run(reader, version.run_id)
            left -= 1
    return found


def ask_prompts(reader: Reader) -> list[Model] | Gap:
    """All prompts of the registry. Their text comes along in the answer and is let go at once."""
    try:
        return [model for model in list_models(reader, where=PROMPT_FILTER) if model.is_prompt]
    except SourceError as error:
        if error.kind is Failure.REJECTED:
            return Gap(Reason.UNSUPPORTED.value, "This MLflow server is too old to keep prompts.")
        return registry_gap(error)
