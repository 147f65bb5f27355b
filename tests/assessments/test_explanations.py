"""The text that people read of every deciding rule, in every outcome that it has, letter by letter."""

from __future__ import annotations

import difflib
import re

from assessments.catalog.shipped import shipped_model
from assessments.queries.signal_words import NOT_WORDS, ONE_WORDS, SIGNAL_WORDS
from assessments.vocabulary import SIGNALS, Unit
from tests.assessments.explaining import GOLDEN, told


def test_every_explanation_reads_as_it_was_looked_at_last():
    golden, now = GOLDEN.read_text(encoding="utf-8"), told()

    changed = list(
        difflib.unified_diff(golden.splitlines(), now.splitlines(), "looked at", "now", lineterm="", n=1)
    )
    assert changed == [], "Read the changes. Where they are right: python -m tests.assessments.explaining"
    assert golden == now


def test_every_deciding_rule_has_its_lines_in_all_outcomes():
    decide = [c.id for c in shipped_model().criteria() if c.auto is not None and c.auto.mode == "decide"]
    golden = GOLDEN.read_text(encoding="utf-8")
    blocks = {block.split("\n", 1)[0]: block for block in golden.removeprefix("== ").split("\n== ")}

    core = [name for name in decide if not name.startswith("genai.")]
    assert (len(core), len(decide)) == (47, 50)
    assert list(blocks) == decide
    for name, block in blocks.items():
        # Each outcome that a rule can have is told with its values; a rule that cannot have it says so.
        assert re.findall(r"^-- (.+)$", block, re.MULTILINE) == [
            "yes",
            "no",
            "unknown: in between",
            "unknown: one against the other",
            "unknown: too little was seen",
            "unknown: could not be read",
        ], name
        outcomes = re.findall(r"^  (YES|NO|UNKNOWN)\. ", block, re.MULTILINE)
        silent = block.count("  This rule has no such outcome.\n")
        assert len(outcomes) + silent == 6, name
        assert outcomes[-1] == "UNKNOWN", name
        assert {"YES", "NO"} & set(outcomes), name


def test_no_explanation_counts_one_of_many_or_shows_a_name_of_the_code():
    golden = GOLDEN.read_text(encoding="utf-8")
    plurals = "|".join(re.escape(SIGNAL_WORDS[name]) for name in ONE_WORDS)

    assert re.findall(rf"\b(?<![.,\d])1 (?:{plurals})\b", golden) == []
    text = re.sub(r"https://\S+|^== .*$", "", golden, flags=re.MULTILINE)
    assert re.findall(r"[a-z]+_[a-z_]+|>=|<=|None|True|False", text) == []


def test_every_count_has_its_singular_and_every_yes_or_no_its_no():
    units = {unit: {s.id for s in SIGNALS.values() if s.unit is unit} for unit in (Unit.COUNT, Unit.BOOL)}

    assert set(ONE_WORDS) == units[Unit.COUNT]
    assert set(NOT_WORDS) == units[Unit.BOOL]
