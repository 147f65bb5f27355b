"""The shipped catalogue holds what the seed document says, and the parser refuses what it does not understand."""

import hashlib
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from assessments.catalog.parse import parse_maturity_model
from assessments.catalog.reader import CatalogError
from assessments.catalog.shipped import SHIPPED_FILE, shipped_model
from assessments.catalog.unique_keys import load_yaml
from assessments.vocabulary import SIGNALS

QUICK_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SEED_LINES = (Path(__file__).parent / "seed_document.txt").read_text(encoding="utf-8").splitlines()


def seed_section():
    """The lines of the level section, without list marks: [(level, name or line), ...]."""
    start = SEED_LINES.index("0. No MLOps")
    level, names, lines = None, {}, []
    for line in SEED_LINES[start:]:
        text = line.strip()
        if text[:1].isdigit():
            level = int(text[0])
            names[level] = text[2:].strip()
        elif text.startswith("- ") and not text.startswith("- ***"):
            lines.append((level, text[2:]))
    return names, lines


def test_shipped_catalogue_has_the_agreed_size():
    model = shipped_model()

    assert len(model.levels) == 5
    assert len(model.dimensions) == 5
    assert [sum(c.in_rollup is wanted for c in model.capabilities) for wanted in (True, False)] == [21, 1]
    assert len(model.criteria()) == 136
    assert {s.id for s in model.signals} == set(SIGNALS)
    assert len(SIGNALS) == 68


def test_seed_trace_holds_every_line_of_the_seed_document_verbatim():
    model = shipped_model()
    names, lines = seed_section()

    assert list(model.seed_document.level_names) == [names[level] for level in range(5)]
    assert sorted((line.level, line.quote) for line in model.seed_trace if line.kind != "phase") == sorted(
        lines
    )
    assert len(lines) == 31


def test_seed_phases_are_those_of_the_introduction():
    phases = [line.strip()[2:] for line in SEED_LINES if line.startswith("  - ")]

    assert [line.quote for line in shipped_model().seed_trace if line.kind == "phase"] == phases


def changed(edit):
    data = load_yaml(SHIPPED_FILE.read_text(encoding="utf-8"))
    edit(data)
    return yaml.dump(data, Dumper=QUICK_DUMPER, sort_keys=False, allow_unicode=True).encode()


def first_criterion(data):
    return data["capabilities"][0]["criteria"][0]


def ruled_criterion(data):
    return data["capabilities"][0]["criteria"][3]


REFUSALS = {
    "unknown key": (
        lambda d: first_criterion(d).update(weight=3),
        "bad.yaml: capabilities[collaboration].criteria[collaboration.named_contacts]: unknown key 'weight'",
    ),
    "missing level": (
        lambda d: d["capabilities"][0]["descriptors"].pop(2),
        "bad.yaml: capabilities[collaboration].descriptors: level 2 is missing or stands twice",
    ),
    "dangling evidence kind": (
        lambda d: first_criterion(d).update(evidence=["oath"]),
        "bad.yaml: capabilities[collaboration].criteria[collaboration.named_contacts].evidence: "
        "'oath' leads nowhere in this file",
    ),
    "duplicate id": (
        lambda d: d["capabilities"][0]["criteria"].append(deepcopy(first_criterion(d))),
        "bad.yaml: criteria[collaboration.named_contacts]: duplicate id",
    ),
    "unknown signal": (
        lambda d: (
            ruled_criterion(d)["auto"]["yes_if"].update(signal="repo.magic"),
            ruled_criterion(d)["auto"].update(
                signals=["repo.merged_changes_90d", "repo.reviewed_change_share_90d", "repo.magic"]
            ),
        ),
        "bad.yaml: capabilities[collaboration].criteria[collaboration.second_pair_of_eyes].auto.signals: "
        "unknown signal 'repo.magic'",
    ),
    "signal that differs from the vocabulary": (
        lambda d: d["signals"][0].update(window_days=30),
        "bad.yaml: signals[repo.connected].window_days: 30 differs from the vocabulary, which says 0",
    ),
    "operator that is no operator": (
        lambda d: ruled_criterion(d)["auto"]["yes_if"].update(op="__class__"),
        "bad.yaml: capabilities[collaboration].criteria[collaboration.second_pair_of_eyes].auto: "
        "yes_if: unknown operator '__class__'; known: >=, >, <=, <, ==, is",
    ),
    "achievement at another level": (
        lambda d: next(
            c for cap in d["capabilities"] for c in cap["criteria"] if c["id"] == "build.automated"
        ).update(level=2),
        "bad.yaml: capabilities[build].criteria[build.automated].seed[S1.T1]: states a line of level 1, itself at level 2",
    ),
    "level that is a truth value": (
        lambda d: first_criterion(d).update(level=True),
        "bad.yaml: capabilities[collaboration].criteria[collaboration.named_contacts].level: expected int, found bool",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_parser_refuses_with_file_path_and_reason(name):
    edit, message = REFUSALS[name]

    with pytest.raises(CatalogError) as refusal:
        parse_maturity_model(changed(edit), "bad.yaml")

    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", "bad.yaml: top: not readable as YAML: "),
        (b"", "bad.yaml: top: expected a mapping, found nothing"),
        (b"catalog: {}\ncatalog: {}\n", "bad.yaml: top: not readable as YAML: duplicate key 'catalog'"),
        (b"\xff\xfe\x00", "bad.yaml: top: not readable as YAML: "),
        (b"!!python/object/apply:os.system ['true']", "bad.yaml: top: not readable as YAML: "),
    ],
)
def test_parser_refuses_garbage(content, message):
    with pytest.raises(CatalogError) as refusal:
        parse_maturity_model(content, "bad.yaml")

    assert str(refusal.value).startswith(message)


def test_shipped_signals_name_every_reason_of_the_vocabulary():
    named = {
        signal["id"]: set(signal["no_data"]["reasons"])
        for signal in load_yaml(SHIPPED_FILE.read_text())["signals"]
    }

    assert named == {id_: {reason.value for reason in signal.reasons} for id_, signal in SIGNALS.items()}


def test_an_older_version_stays_readable_when_the_vocabulary_grows():
    """What is active in an installation was written for fewer signals and reasons."""

    def as_version_1(data):
        data["catalog"]["version"] = 1
        data["signals"] = [one for one in data["signals"] if not one["id"].startswith("mlflow.retrain")]
        for signal in data["signals"]:
            reasons = signal["no_data"]["reasons"]
            signal["no_data"]["reasons"] = [reason for reason in reasons if reason != "unsupported"]

    older = parse_maturity_model(changed(as_version_1), "old.yaml")

    assert (older.version, len(older.signals), len(older.criteria())) == (1, 67, 136)


def test_bytes_of_the_shipped_version_are_the_ones_that_installations_have():
    """Installations keep the bytes of the version that they activated: other bytes need another version (RULINGS 20).

    Until version 2 was in a release, change this digest; from then on, raise `version:`.
    """
    assert shipped_model().version == 2
    assert hashlib.sha256(SHIPPED_FILE.read_bytes()).hexdigest() == (
        "c7efbb12f24e71509b2b33bf0f2a5291a329a0397c6eff6141bf479d31474fb1"
    )


def test_a_reason_that_the_vocabulary_does_not_have_is_refused():
    with pytest.raises(CatalogError) as refusal:
        parse_maturity_model(
            changed(lambda d: d["signals"][0]["no_data"]["reasons"].append("bad_luck")), "bad.yaml"
        )

    assert str(refusal.value) == (
        "bad.yaml: signals[repo.connected].no_data.reasons: "
        "['bad_luck'] are not reasons of this signal in the vocabulary"
    )
