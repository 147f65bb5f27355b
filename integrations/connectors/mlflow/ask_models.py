"""Reads registered models, their versions and aliases, the runs behind versions, and prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from assessments.vocabulary import Reason
from integrations.connectors.common.gaps import Gap
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.mlflow import parse
from integrations.connectors.mlflow.ask_runs import ask_run
from integrations.connectors.mlflow.options import is_pattern, matches
from integrations.connectors.mlflow.parse import Model, Run, Version
from integrations.connectors.mlflow.reader import (
    CUT,
    Reader,
    gap_of,
    is_absent,
    is_missing_endpoint,
    read_all,
)

PAGE = 200
MAX_MODEL_PAGES = 20
MAX_MODELS = 200
MAX_VERSION_PAGES = 10
MAX_RUNS_ASKED = 300
MAX_LOGGED_ASKED = 300
NOBODYS_NAME = "mlops-portal asks whether it may read"
NEVER_MS = 2**62
PROMPT_FILTER = f"tags.`{parse.PROMPT_TAG}` = 'true'"
# The names of metrics, a set for each run.
Measured = tuple[frozenset[str], ...]
# What servers say whose models are registered in another place (Unity Catalog, a store without a registry).
_ELSEWHERE = frozenset({"FEATURE_DISABLED", "NOT_IMPLEMENTED"})


@dataclass(frozen=True, slots=True)
class ModelList:
    """Registered models that the credential sees. `is_whole` is False when there are more than were read."""

    models: tuple[Model, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class VersionList:
    """Versions of one model, newest first. All made after `covered_from_ms` are there (0: all), older ones where marked."""

    versions: tuple[Version, ...]
    covered_from_ms: int = 0


@dataclass(frozen=True, slots=True)
class Registry:
    """The team's models with their versions. `model_gaps` tell of entries that could not be proven, or were left out by a cap."""

    models: tuple[Model, ...] = ()
    versions: Mapping[str, VersionList] = field(default_factory=dict)
    model_gaps: tuple[Gap, ...] = ()

    @property
    def all_versions(self) -> list[Version]:
        return [version for listed in self.versions.values() for version in listed.versions]

    def versions_of(self, model: Model) -> tuple[Version, ...]:
        return self.versions[model.name].versions

    def gaps_since(self, start_ms: int) -> tuple[Gap, ...]:
        """`model_gaps`, and a cut when a model's listing ends after that moment."""
        is_cut = any(listed.covered_from_ms > start_ms for listed in self.versions.values())
        return (*self.model_gaps, *([CUT] if is_cut else []))


def ask_registry(reader: Reader, entries: Sequence[str]) -> Registry | Gap:
    """Models first proven, because model-versions/search answers 200 {} for an unknown name."""
    models: dict[str, Model] = {}
    gaps: list[Gap] = []
    listed: ModelList | None = None
    try:
        for entry in entries:
            if is_pattern(entry):
                if listed is None:
                    listed = list_models(reader)
                    gaps += [] if listed.is_whole else [CUT]
                found = [m for m in listed.models if matches(m.name, entry) and not m.is_prompt]
            else:
                found = _prove(reader, entry)
            models |= {model.name: model for model in found}
            if not found:
                gaps.append(Gap(Reason.MODEL_NOT_FOUND.value, f"MLflow shows no registered model {entry!r}."))
        kept = tuple(models.values())[:MAX_MODELS]
        versions = {model.name: _ask_versions(reader, model) for model in kept}
    except SourceError as error:
        return registry_gap(error)
    gaps += [CUT] if len(kept) < len(models) else []
    return Registry(kept, versions, tuple(gaps))


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


def list_models(reader: Reader, *, where: str = "") -> ModelList:
    """Every registered model that the credential sees; prompts only where `where` asks for them. Raises SourceError."""
    params = {"max_results": str(PAGE)} | ({"filter": where} if where else {})

    def ask(token: Mapping[str, str]) -> parse.Row:
        return reader.get("2.0/mlflow/registered-models/search", {**params, **token})

    found, is_whole = read_all(ask, "registered_models", parse.model, max_pages=MAX_MODEL_PAGES)
    return ModelList(tuple(found), is_whole)


def hides_models(reader: Reader) -> bool:
    """Whether the user sees only models that are granted one by one: MLflow then refuses a name that nobody uses, where it
    says "not there" to others. Raises SourceError.
    """
    try:
        reader.get("2.0/mlflow/registered-models/get", {"name": NOBODYS_NAME})
    except SourceError as error:
        if error.kind not in {Failure.NOT_FOUND, Failure.FORBIDDEN}:
            raise
        return error.kind is Failure.FORBIDDEN
    return False


def _ask_versions(reader: Reader, model: Model) -> VersionList:
    """All versions up to a cap, and beyond it those with an alias. They can be ordered by time but not filtered by it."""
    mark = '"' if "'" in model.name else "'"
    params = {
        "filter": f"name={mark}{model.name}{mark}",
        "order_by": "creation_timestamp DESC",
        "max_results": str(PAGE),
    }

    def ask(token: Mapping[str, str]) -> parse.Row:
        return reader.get("2.0/mlflow/model-versions/search", {**params, **token})

    listed, is_whole = read_all(ask, "model_versions", parse.version, max_pages=MAX_VERSION_PAGES)
    found = {version.version: version for version in listed}
    covered_from = 0 if is_whole else min((v.created_ms for v in found.values()), default=NEVER_MS)
    for number in sorted(set(model.aliases.values()) - set(found)) if not is_whole else ():
        found |= _marked_version(reader, model.name, number)
    return VersionList(tuple(parse.newest_first(found.values())), covered_from)


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


def ask_evaluations(reader: Reader, versions: Iterable[Version]) -> dict[str, Measured | Gap]:
    """What runs measured of the logged model behind each version, by its id; absent where a cap was reached.

    runs/search leaves out which logged model a run is about, so the models are asked.
    """
    found: dict[str, Measured | Gap] = {}
    for model_id in dict.fromkeys(version.model_id for version in versions if version.model_id):
        if len(found) == MAX_LOGGED_ASKED:
            break
        found[model_id] = _ask_logged(reader, model_id)
    return found


def _ask_logged(reader: Reader, model_id: str) -> Measured | Gap:
    try:
        data = reader.get(f"2.0/mlflow/logged-models/{quote(model_id, safe='')}")
        return parse.metrics_by_run(parse.required(data, "model"))
    except SourceError as error:
        # Deleted, or a server that keeps models inside their runs.
        return () if is_absent(error) or is_missing_endpoint(error) else gap_of(error)


def ask_prompts(reader: Reader) -> ModelList | Gap:
    """All prompts of the registry. Their text comes along in the answer and is let go at once."""
    try:
        listed = list_models(reader, where=PROMPT_FILTER)
        if not listed.models and hides_models(reader):
            # Nothing seen is not nothing there: a search leaves out in silence what the user may not read.
            return Gap(
                Reason.UNAUTHORIZED.value, "MLflow shows this user no prompt unless it is granted one by one."
            )
        return ModelList(tuple(model for model in listed.models if model.is_prompt), listed.is_whole)
    except SourceError as error:
        if error.kind is Failure.REJECTED:
            return Gap(Reason.UNSUPPORTED.value, "This MLflow server is too old to keep prompts.")
        return registry_gap(error)
