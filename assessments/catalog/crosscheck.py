"""What a catalogue must hold together across its parts: levels complete, references that lead somewhere, seed trace kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from assessments.catalog import schema
from assessments.catalog.reader import CatalogError

LEVELS = range(5)


def cross_check(model: schema.MaturityModelFile, file: str) -> None:
    """Raise CatalogError for the first thing that does not hold together."""
    problem = next(_problems(model), None)
    if problem is not None:
        raise CatalogError(f"{file}: {problem}")


def _problems(model: schema.MaturityModelFile) -> Iterator[str]:
    yield from _duplicates(model)
    yield from _levels(model)
    yield from _references(model)
    yield from _seed(model)


def _duplicates(model: schema.MaturityModelFile) -> Iterable[str]:
    groups = {
        "phases": [p.id for p in model.phases],
        "dimensions": [d.id for d in model.dimensions],
        "sources": [s.id for s in model.sources],
        "evidence_kinds": [k.id for k in model.evidence_kinds],
        "profile_flags": [f.id for f in model.profile_flags],
        "signals": [s.id for s in model.signals],
        "capabilities": [c.id for c in model.capabilities],
        "criteria": [c.id for c in model.criteria()],
        "seed_trace": [line.ref for line in model.seed_trace],
    }
    for where, ids in groups.items():
        for name, count in Counter(ids).items():
            if count > 1:
                yield f"{where}[{name}]: duplicate id"


def _levels(model: schema.MaturityModelFile) -> Iterable[str]:  # noqa: C901 -- one check after another
    if [level.level for level in model.levels] != list(LEVELS):
        yield "levels: must be 0 to 4, each once, in order"
    for capability in model.capabilities:
        where = f"capabilities[{capability.id}]"
        for level in LEVELS:
            if [d.level for d in capability.descriptors].count(level) != 1:
                yield f"{where}.descriptors: level {level} is missing or stands twice"
        if not capability.criteria:
            yield f"{where}.criteria: is empty"
        if capability.overlay and capability.in_rollup:
            yield f"{where}.in_rollup: an overlay stays out of the roll-up"
        for criterion in capability.criteria:
            if criterion.id.partition(".")[0] != capability.id:
                yield f"{where}.criteria[{criterion.id}].id: must start with {capability.id + '.'!r}"


def _references(model: schema.MaturityModelFile) -> Iterable[str]:
    dimensions = {d.id for d in model.dimensions}
    phases = {p.id for p in model.phases}
    kinds = {k.id for k in model.evidence_kinds}
    flags = {f.id for f in model.profile_flags}
    sources = {s.id for s in model.sources}
    signals = {s.id for s in model.signals}
    for capability in model.capabilities:
        if capability.dimension not in dimensions and not capability.overlay:
            yield f"capabilities[{capability.id}].dimension: {capability.dimension!r} is not a dimension of this file"
        for criterion in capability.criteria:
            where = f"capabilities[{capability.id}].criteria[{criterion.id}]"
            if criterion.phase not in phases:
                yield f"{where}.phase: {criterion.phase!r} is not a phase of this file"
            yield from _dangling(f"{where}.evidence", criterion.evidence, kinds)
            yield from _dangling(f"{where}.na_when", criterion.na_when, flags)
            yield from _dangling(
                f"{where}.sources", (s.partition(":")[0] for s in criterion.sources), sources
            )
            if criterion.auto is not None:
                yield from _dangling(f"{where}.auto.signals", criterion.auto.signals, signals)


def _dangling(where: str, given: Iterable[str], known: set[str]) -> Iterable[str]:
    for name in given:
        if name not in known:
            yield f"{where}: {name!r} leads nowhere in this file"


def _seed(model: schema.MaturityModelFile) -> Iterable[str]:  # noqa: C901 -- one check after another
    """The trace must be exactly what criteria, descriptors and phases say, and leave no seed line unanswered."""
    lines = {line.ref: line for line in model.seed_trace}
    phase_of = {criterion.id: criterion.phase for criterion in model.criteria()}
    found: dict[tuple[str, str], set[str]] = {}
    for where, owner, level, references in _all_references(model):
        for reference in references:
            line = lines.get(reference.ref)
            if line is None:
                yield f"{where}.seed: {reference.ref!r} is not a line of the seed trace"
                continue
            if reference.quote != line.quote:
                yield f"{where}.seed[{line.ref}]: the quote differs from the trace"
            if reference.relation == "states" and line.kind == "achievement" and level != line.level:
                yield f"{where}.seed[{line.ref}]: states a line of level {line.level}, itself at level {level}"
            if (
                reference.relation == "states"
                and line.kind == "phase"
                and phase_of.get(owner, owner) != line.phase
            ):
                yield f"{where}.seed[{line.ref}]: states the phase {line.phase}, itself of another phase"
            found.setdefault((line.ref, reference.relation), set()).add(owner)
    for line in model.seed_trace:
        yield from _answered(line, found)
        if line.kind == "phase":
            count = sum(phase == line.phase for phase in phase_of.values())
            if count != line.criteria_in_phase:
                yield f"seed_trace[{line.ref}].criteria_in_phase: says {line.criteria_in_phase}, the file has {count}"


def _all_references(
    model: schema.MaturityModelFile,
) -> Iterable[tuple[str, str, int | None, tuple[schema.SeedReference, ...]]]:
    for phase in model.phases:
        yield f"phases[{phase.id}]", phase.id, None, phase.seed
    for capability in model.capabilities:
        where = f"capabilities[{capability.id}]"
        for descriptor in capability.descriptors:
            owner = f"{capability.id}@{descriptor.level}"
            yield f"{where}.descriptors[{descriptor.level}]", owner, descriptor.level, descriptor.seed
        for criterion in capability.criteria:
            yield f"{where}.criteria[{criterion.id}]", criterion.id, criterion.level, criterion.seed


def _answered(line: schema.SeedLine, found: dict[tuple[str, str], set[str]]) -> Iterable[str]:
    where = f"seed_trace[{line.ref}]"
    if line.kind == "achievement" and not found.get((line.ref, "states")):
        yield f"{where}: this achievement is stated by no criterion"
    if line.kind == "limitation" and not (
        found.get((line.ref, "describes")) or found.get((line.ref, "ends_limitation"))
    ):
        yield f"{where}: this limitation is neither described nor ended"
    if line.kind == "phase":
        return
    pairs = (
        ("described_by", line.described_by, "describes"),
        ("stated_by", line.stated_by, "states"),
        ("ended_by", line.ended_by, "ends_limitation"),
        ("extended_by", line.extended_by, "extends"),
    )
    for key, given, relation in pairs:
        actual = found.get((line.ref, relation), set())
        if set(given) != actual:
            yield f"{where}.{key}: differs from the references of the file by {sorted(set(given) ^ actual)}"
