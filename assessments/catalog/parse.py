"""Read a maturity model's YAML file strictly. Anything that is not understood is refused with file, path and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from assessments.catalog import schema
from assessments.catalog.conditions import parse_rule
from assessments.catalog.crosscheck import cross_check
from assessments.catalog.reader import CatalogError, Node
from assessments.catalog.unique_keys import load_yaml
from assessments.rules import signals_of
from assessments.vocabulary import SIGNALS

BASES = ("seed", "microsoft", "extension")
MS_COLUMNS = ("people", "model_creation", "model_release", "application_integration")
RELATIONS = ("describes", "states", "ends_limitation", "extends")
TOP_LEVEL = 4
# Twenty times the shipped file; more is no catalogue.
MOST_BYTES = 4 * 1024 * 1024


def parse_maturity_model(content: bytes, file: str) -> schema.MaturityModelFile:
    """The maturity model in `content`; raises CatalogError naming `file`, path and reason."""
    if len(content) > MOST_BYTES:
        raise CatalogError(f"{file}: top: larger than {MOST_BYTES // 1024**2} MiB")
    try:
        data = load_yaml(content.decode("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, or a 13th month
        raise CatalogError(f"{file}: top: not readable as YAML: {' '.join(str(error).split())}") from error
    top = Node(data, "", file)
    head = top.child("catalog")
    model = schema.MaturityModelFile(
        key=head.identifier("id", 60),
        version=head.integer("version", 1, 10_000),
        name=head.name("name"),
        language=head.text("language"),
        note=" ".join(head.text(key, "") for key in ("note", "id_rule", "basis_rule")).strip(),
        levels=top.each("levels", _level),
        phases=top.each("phases", _phase),
        dimensions=top.each("dimensions", _dimension),
        sources=top.each("sources", _source),
        evidence_kinds=top.each("evidence_kinds", _evidence_kind),
        profile_flags=top.each(
            "profile_flags", lambda n: schema.ProfileFlag(n.identifier("id", 60), n.text("meaning"))
        ),
        seed_document=_seed_document(top.child("seed_document")),
        seed_trace=top.each("seed_trace", _seed_line),
        signals=top.each("signals", _signal),
        capabilities=top.each("capabilities", _capability),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    head.done()
    # Prose about the rule language and the defaults of scoring: true of the code, not a setting of the file.
    for prose in ("rule_language", "scoring_defaults"):
        if top.has(prose):
            top.take(prose, Mapping)
    top.done()
    cross_check(model, file)
    return model


def _level(node: Node) -> schema.Level:
    return schema.Level(node.integer("level", 0, TOP_LEVEL), node.text("name"), node.text("summary"))


def _phase(node: Node) -> schema.Phase:
    return schema.Phase(node.identifier("id", 40), node.text("summary"), node.each("seed", _reference))


def _dimension(node: Node) -> schema.Dimension:
    return schema.Dimension(
        node.identifier("id", 60),
        node.name("name"),
        node.choice("ms_column", MS_COLUMNS),
        node.text("summary"),
    )


def _source(node: Node) -> schema.Source:
    return schema.Source(node.text("id"), node.text("title"), node.text("where"), node.text("read"))


def _evidence_kind(node: Node) -> schema.EvidenceKind:
    return schema.EvidenceKind(
        node.identifier("id", 40), node.text("meaning"), node.integer("valid_days", 1, 3650)
    )


def _seed_document(node: Node) -> schema.SeedDocument:
    node.text("file")
    document = schema.SeedDocument(node.texts("title_lines"), node.texts("level_names"))
    node.done()
    return document


def _reference(node: Node) -> schema.SeedReference:
    return schema.SeedReference(node.text("ref"), node.choice("relation", RELATIONS), node.text("quote"))


def _seed_line(node: Node) -> schema.SeedLine:
    kind = node.choice("kind", ("limitation", "achievement", "phase"))
    is_phase = kind == "phase"
    return schema.SeedLine(
        ref=node.text("ref"),
        quote=node.text("quote"),
        kind=kind,
        level=None if is_phase else node.integer("level", 0, TOP_LEVEL),
        part="" if is_phase else node.text("part"),
        phase=node.text("phase") if is_phase else "",
        criteria_in_phase=node.integer("criteria_in_phase", 0, 10_000) if is_phase else None,
        described_by=node.texts("described_by", optional=True),
        stated_by=node.texts("stated_by", optional=True),
        ended_by=node.texts("ended_by", optional=True),
        extended_by=node.texts("extended_by", optional=True),
    )


def _signal(node: Node) -> schema.SignalText:
    """A signal in words; its typed fields must be those of the vocabulary (RULINGS 3).

    Reasons may be fewer: a version that is active in some installation was written before the vocabulary gained one.
    """
    signal = SIGNALS.get(name := node.text("id"))
    if signal is None:
        raise node.error(f"{name!r} is not in the vocabulary (assessments/vocabulary.py)", "id")
    typed: Iterable[tuple[str, Any]] = (
        ("type", signal.type.value),
        ("unit", signal.unit.value),
        ("window_days", signal.window_days),
        ("aggregate", signal.aggregate.value),
    )
    for key, known in typed:
        _must_equal(node, key, node.take(key, type(known)), known)
    sample = signal.min_sample
    given = node.take("min_sample", Mapping) if node.has("min_sample") else None
    _must_equal(node, "min_sample", given, sample and {"signal": sample.signal, "at_least": sample.at_least})
    no_data = node.child("no_data")
    strange = set(no_data.texts("reasons")) - {reason.value for reason in signal.reasons}
    if strange:
        raise no_data.error(f"{sorted(strange)} are not reasons of this signal in the vocabulary", "reasons")
    words = no_data.text("note")
    no_data.done()
    return schema.SignalText(
        id=name,
        definition=node.text("definition"),
        providers=node.child("providers").text_by_key(),
        no_data=words,
        fooled_by=node.texts("fooled_by", optional=True),
        note=node.text("note", ""),
        zero_means=node.text("zero_means", ""),
    )


def _must_equal(node: Node, key: str, given: object, known: object) -> None:
    if given != known:
        raise node.error(f"{given!r} differs from the vocabulary, which says {known!r}", key)


def _capability(node: Node) -> schema.Capability:
    return schema.Capability(
        id=node.identifier("id", 60),
        dimension=node.text("dimension"),
        ms_column=node.choice("ms_column", MS_COLUMNS),
        name=node.name("name"),
        question=node.text("question"),
        descriptors=node.each("descriptors", _descriptor),
        criteria=node.each("criteria", _criterion),
        overlay=node.text("overlay", ""),
        in_rollup=node.flag("in_rollup", default=True),
    )


def _descriptor(node: Node) -> schema.Descriptor:
    return schema.Descriptor(
        node.integer("level", 0, TOP_LEVEL), node.text("text"), node.each("seed", _reference, optional=True)
    )


def _criterion(node: Node) -> schema.Criterion:
    return schema.Criterion(
        id=node.identifier("id", 80),
        level=node.integer("level", 1, TOP_LEVEL),
        phase=node.text("phase"),
        required=node.flag("required", default=True),
        basis=node.choice("basis", BASES),
        text=node.text("text"),
        help=node.text("help"),
        evidence=node.texts("evidence"),
        na_when=node.texts("na_when", optional=True),
        seed=node.each("seed", _reference, optional=True),
        sources=node.texts("sources"),
        auto=_automation(node),
    )


def _automation(node: Node) -> schema.Automation | None:
    raw = node.take("auto", (Mapping, type(None)))
    if raw is None:
        return None
    auto = Node(raw, f"{node.path}.auto", node.file)
    try:
        rule = parse_rule(
            {key: auto.take(key, Mapping) for key in ("guard", "yes_if", "no_if") if auto.has(key)}
        )
    except CatalogError:
        raise
    except ValueError as error:
        raise auto.error(str(error)) from error
    signals = auto.texts("signals")
    if rule.yes_if is None and rule.no_if is None:
        raise auto.error("a rule needs yes_if or no_if")
    if set(signals) != set(signals_of(rule)):
        raise auto.error(
            f"{sorted(signals)} are not the signals of the rule {sorted(signals_of(rule))}", "signals"
        )
    for signal in signals:
        if signal not in SIGNALS:
            raise auto.error(f"unknown signal {signal!r}", "signals")
    automation = schema.Automation(
        mode=auto.choice("mode", ("decide", "hint")),
        confidence=auto.choice("confidence", ("low", "medium", "high")),
        rule=rule,
        signals=signals,
        note=auto.text("note", ""),
    )
    auto.done()
    return automation
