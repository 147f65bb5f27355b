"""The maturity model to read: five levels as in the seed document, with the criteria behind every line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assessments.catalog.schema import (
    Capability,
    Criterion,
    Level,
    MaturityModelFile,
    Phase,
    SeedLine,
    Source,
)
from assessments.queries.capability_page import RuleWords, rule_of, signals_of
from assessments.queries.words import BASIS_WORDS, signal_phrase

# What the catalogue calls the lines that belong to no part.
_UNDER_NAME = "line under the level's name"
# Words of the page for how a criterion answers a line of the seed document.
_ANSWERED = (("stated_by", "asked for by"), ("ended_by", "ended by"), ("extended_by", "taken further by"))


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """Criteria that answer a line in one way: they ask for it, end it, or take it further."""

    how: str
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class SeedLinePage:
    """A line of the seed document. `hidden` criteria belong to other phases than the one that is filtered for."""

    line: SeedLine
    answers: tuple[LineAnswer, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class LinePart:
    """Highlights, Technology, or the lines right under a level's name."""

    title: str
    lines: tuple[SeedLinePage, ...]

    @property
    def heading(self) -> str:
        return "In short" if self.title == _UNDER_NAME else self.title


@dataclass(frozen=True, slots=True)
class LevelPage:
    """A level with its parts; `under_name` are lines that stand right under its name in the seed document."""

    level: Level
    under_name: tuple[LinePart, ...]
    parts: tuple[LinePart, ...]
    criteria: int


@dataclass(frozen=True, slots=True)
class PhaseCount:
    phase: Phase
    criteria: int


@dataclass(frozen=True, slots=True)
class DimensionPage:
    id: str
    name: str
    summary: str
    capabilities: tuple[Capability, ...]
    criteria: int


@dataclass(frozen=True, slots=True)
class ModelPage:
    model: MaturityModelFile
    levels: tuple[LevelPage, ...]
    phases: tuple[PhaseCount, ...]
    phase: Phase | None
    dimensions: tuple[DimensionPage, ...]
    overlays: tuple[Capability, ...]
    core: int
    with_rule: int
    reworded: int
    added: int


def model_page(model: MaturityModelFile, phase_id: str = "") -> ModelPage:
    """The whole page; with the id of a phase only its criteria are named. An unknown phase filters nothing."""
    phase = next((p for p in model.phases if p.id == phase_id), None)
    by_id = {c.id: c for c in model.criteria()}
    core = [c for capability in model.capabilities if capability.in_rollup for c in capability.criteria]
    shown = [c for c in core if phase is None or c.phase == phase.id]
    return ModelPage(
        model=model,
        levels=tuple(_level(model, level, by_id, phase, shown) for level in model.levels),
        phases=tuple(PhaseCount(p, sum(c.phase == p.id for c in core)) for p in model.phases),
        phase=phase,
        dimensions=tuple(
            DimensionPage(
                d.id,
                d.name,
                _what_it_is(d.summary),
                tuple(c for c in model.capabilities if c.in_rollup and c.dimension == d.id),
                sum(c.id.partition(".")[0] in _inside(model, d.id) for c in shown),
            )
            for d in model.dimensions
        ),
        overlays=tuple(c for c in model.capabilities if not c.in_rollup),
        core=len(core),
        with_rule=sum(c.auto is not None and c.auto.mode == "decide" for c in core),
        reworded=sum(c.basis in {"seed", "microsoft"} for c in core),
        added=sum(c.basis == "extension" for c in core),
    )


def _what_it_is(summary: str) -> str:
    """Its first sentence; where a dimension comes from is told once, at the foot of the page."""
    return f"{summary.partition('. ')[0].removesuffix('.')}."


def _inside(model: MaturityModelFile, dimension: str) -> frozenset[str]:
    return frozenset(c.id for c in model.capabilities if c.in_rollup and c.dimension == dimension)


def _level(
    model: MaturityModelFile,
    level: Level,
    by_id: dict[str, Criterion],
    phase: Phase | None,
    shown: Sequence[Criterion],
) -> LevelPage:
    parts = _parts(model, level, by_id, phase)
    return LevelPage(
        level,
        under_name=tuple(part for part in parts if part.title == _UNDER_NAME),
        parts=tuple(part for part in parts if part.title != _UNDER_NAME),
        criteria=sum(c.level == level.level for c in shown),
    )


def _parts(
    model: MaturityModelFile, level: Level, by_id: dict[str, Criterion], phase: Phase | None
) -> tuple[LinePart, ...]:
    lines = [line for line in model.seed_trace if line.level == level.level and line.kind != "phase"]
    titles = dict.fromkeys(line.part for line in lines)
    return tuple(
        LinePart(title, tuple(_line(line, by_id, phase) for line in lines if line.part == title))
        for title in titles
    )


def _line(line: SeedLine, by_id: dict[str, Criterion], phase: Phase | None) -> SeedLinePage:
    answers = []
    hidden = 0
    for field, how in _ANSWERED:
        named: Iterable[str] = getattr(line, field)
        criteria = [by_id[name] for name in named]
        kept = tuple(c for c in criteria if phase is None or c.phase == phase.id)
        hidden += len(criteria) - len(kept)
        if kept:
            answers.append(LineAnswer(how, kept))
    return SeedLinePage(line, tuple(answers), hidden)


@dataclass(frozen=True, slots=True)
class CriterionText:
    """A criterion of the model with its rule in words, its sources by name and what proves it."""

    criterion: Criterion
    basis: str
    rule: RuleWords | None
    signals: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]
    na_when: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelText:
    level: int
    name: str
    text: str
    quotes: tuple[str, ...]
    criteria: tuple[CriterionText, ...]


@dataclass(frozen=True, slots=True)
class CapabilityText:
    capability: Capability
    dimension: str
    levels: tuple[LevelText, ...]
    previous: Capability | None
    following: Capability | None


def capability_text(model: MaturityModelFile, capability: Capability) -> CapabilityText:
    """One capability to read: its levels from bottom to top with all that each asks."""
    place = [c.id for c in model.capabilities].index(capability.id)
    texts = [_criterion_text(model, c) for c in capability.criteria]
    return CapabilityText(
        capability=capability,
        dimension=next(d.name for d in model.dimensions if d.id == capability.dimension),
        levels=tuple(
            LevelText(
                level=descriptor.level,
                name=model.levels[descriptor.level].name,
                text=descriptor.text,
                quotes=tuple(seed.quote for seed in descriptor.seed),
                criteria=tuple(t for t in texts if t.criterion.level == descriptor.level),
            )
            for descriptor in capability.descriptors
        ),
        previous=model.capabilities[place - 1] if place else None,
        following=model.capabilities[place + 1] if place + 1 < len(model.capabilities) else None,
    )


def _criterion_text(model: MaturityModelFile, criterion: Criterion) -> CriterionText:
    titles = {source.id: source.title for source in model.sources}
    kinds = {kind.id: kind.meaning for kind in model.evidence_kinds}
    flags = {flag.id: flag.meaning for flag in model.profile_flags}
    return CriterionText(
        criterion=criterion,
        basis=BASIS_WORDS.get(criterion.basis, criterion.basis),
        rule=rule_of(criterion),
        signals=tuple((name, signal_phrase(name)) for name in signals_of(criterion)),
        sources=tuple(_source(name, titles) for name in criterion.sources),
        evidence=tuple(kinds[kind] for kind in criterion.evidence),
        na_when=tuple(flags[flag] for flag in criterion.na_when),
    )


def _source(name: str, titles: dict[str, str]) -> tuple[str, str]:
    """(title, place in it) of a reference such as MSPRE:L2.people."""
    source, _, place = name.partition(":")
    return titles.get(source, source), place


def sources(model: MaturityModelFile) -> tuple[Source, ...]:
    """The works that the model was made from, own additions left out."""
    return tuple(source for source in model.sources if source.id != "OWN")
