"""A maturity model as it stands in its file: frozen, checked, without Django. `parse.py` makes these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assessments.rules import Rule


@dataclass(frozen=True, slots=True)
class SeedReference:
    """Ties a text to a line of the seed document. `relation`: describes, states, ends_limitation or extends."""

    ref: str
    relation: str
    quote: str


@dataclass(frozen=True, slots=True)
class Level:
    level: int
    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class Phase:
    id: str
    summary: str
    seed: tuple[SeedReference, ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    id: str
    name: str
    ms_column: str
    summary: str


@dataclass(frozen=True, slots=True)
class Source:
    id: str
    title: str
    where: str
    read: str


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    id: str
    meaning: str
    valid_days: int


@dataclass(frozen=True, slots=True)
class ProfileFlag:
    id: str
    meaning: str


@dataclass(frozen=True, slots=True)
class SignalText:
    """What the catalogue says of a signal in words; type, unit, window and reasons are `assessments.vocabulary`."""

    id: str
    definition: str
    providers: Mapping[str, str]
    no_data: str
    fooled_by: tuple[str, ...]
    note: str
    zero_means: str


@dataclass(frozen=True, slots=True)
class Automation:
    """How signals speak about a criterion. `mode` decide enters scoring, hint is only shown."""

    mode: str
    confidence: str
    rule: Rule
    signals: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Criterion:
    id: str
    level: int
    phase: str
    required: bool
    basis: str
    text: str
    help: str
    evidence: tuple[str, ...]
    na_when: tuple[str, ...]
    seed: tuple[SeedReference, ...]
    sources: tuple[str, ...]
    auto: Automation | None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a capability looks like at a level, with what follows from the seed document."""

    level: int
    text: str
    seed: tuple[SeedReference, ...]


@dataclass(frozen=True, slots=True)
class Capability:
    id: str
    dimension: str
    ms_column: str
    name: str
    question: str
    descriptors: tuple[Descriptor, ...]
    criteria: tuple[Criterion, ...]
    overlay: str
    in_rollup: bool


@dataclass(frozen=True, slots=True)
class SeedLine:
    """One line of the seed document and what answers it. `kind`: limitation, achievement or phase."""

    ref: str
    quote: str
    kind: str
    level: int | None
    part: str
    phase: str
    criteria_in_phase: int | None
    described_by: tuple[str, ...]
    stated_by: tuple[str, ...]
    ended_by: tuple[str, ...]
    extended_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeedDocument:
    title_lines: tuple[str, ...]
    level_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MaturityModelFile:
    """The whole file. `sha256` is that of its bytes."""

    key: str
    version: int
    name: str
    language: str
    note: str
    levels: tuple[Level, ...]
    phases: tuple[Phase, ...]
    dimensions: tuple[Dimension, ...]
    sources: tuple[Source, ...]
    evidence_kinds: tuple[EvidenceKind, ...]
    profile_flags: tuple[ProfileFlag, ...]
    seed_document: SeedDocument
    seed_trace: tuple[SeedLine, ...]
    signals: tuple[SignalText, ...]
    capabilities: tuple[Capability, ...]
    sha256: str

    def criteria(self) -> tuple[Criterion, ...]:
        """Every criterion, overlays included, in the order of the file."""
        return tuple(criterion for capability in self.capabilities for criterion in capability.criteria)
