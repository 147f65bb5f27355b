"""No file, however broken, gets past the parser or out of it in any other way than a refusal with file, path and reason."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import yaml

from assessments.catalog import parse
from assessments.catalog.parse import parse_maturity_model
from assessments.catalog.reader import CatalogError
from assessments.catalog.shipped import SHIPPED_FILE
from assessments.catalog.unique_keys import load_yaml
from assessments.rules import decide

RULED = "bad.yaml: capabilities[collaboration].criteria[collaboration.second_pair_of_eyes].auto"


@pytest.fixture(scope="module")
def shipped() -> Any:
    return load_yaml(SHIPPED_FILE.read_text(encoding="utf-8"))


def refusal(monkeypatch: pytest.MonkeyPatch, data: Any) -> str:
    """What the parser says of this data; empty when it takes it."""
    monkeypatch.setattr(parse, "load_yaml", lambda _: data)
    try:
        parse_maturity_model(b"replaced", "bad.yaml")
    except CatalogError as error:
        return str(error)
    return ""


def rule_of(data: Any) -> Any:
    return data["capabilities"][0]["criteria"][3]["auto"]


DEEP: dict[str, Any] = {"signal": "repo.merged_changes_90d", "op": ">=", "value": 1}
for _ in range(5):
    DEEP = {"all": [DEEP]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["yes_if"].update(value="0.8"), "yes_if.value: expected a number, true or false, found '0.8'"),
        (lambda r: r["yes_if"].update(value=None), "yes_if.value: expected a number, true or false, found None"),
        (lambda r: r["yes_if"].update(value=float("nan")), "yes_if.value: expected a number, true or false, found nan"),
        (lambda r: r["yes_if"].update(value=True), "yes_if.value: repo.reviewed_change_share_90d is a number, not True"),
        (lambda r: r["yes_if"].update(op=["<"]), "yes_if: unknown operator ['<']; known: >=, >, <=, <, ==, is"),
        (lambda r: r["yes_if"].update(signal=7), "yes_if.signal: expected a text, found int"),
        (
            lambda r: r.update(yes_if={"signal": "repo.has_tests", "op": "is", "value": 1}),
            "yes_if.value: repo.has_tests is true or false, not 1",
        ),
        (
            lambda r: r.update(yes_if={"signal": "repo.has_tests", "op": ">=", "value": True}),
            "yes_if: repo.has_tests is true or false; ask with `is`, not '>='",
        ),
        (lambda r: r.update(yes_if={"all": []}), "yes_if.all: needs a list of at least one condition"),
        (lambda r: r.update(guard={"any": 5}), "guard.any: needs a list of at least one condition"),
        (lambda r: r.update(guard={"any": [5]}), "guard.any[0]: a condition is a mapping, not int"),
        (
            lambda r: r.update(guard=DEEP),
            "guard.all[0].all[0].all[0].all[0].all[0]: conditions nest at most 5 deep",
        ),
        (lambda r: r["yes_if"].update({3: 1}), "yes_if: a condition has signal, op and value, or all, or any; "
         "this has [3, 'op', 'signal', 'value']"),
        (lambda r: (r.pop("yes_if"), r.pop("no_if")), "a rule needs yes_if or no_if"),
    ],
)  # fmt: skip
def test_a_rule_that_could_not_run_is_refused(monkeypatch, shipped, change, message):
    data = copy.deepcopy(shipped)
    change(rule_of(data))

    assert refusal(monkeypatch, data) == f"{RULED}: {message}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["capabilities"][0].update(id="Two words"),
            "capabilities[Two words].id: 'Two words' is no id: small letters, digits, - and _, "
            "parts joined by dots, at most 60",
        ),
        (
            lambda d: d["catalog"].update(id="../../etc"),
            "catalog.id: '../../etc' is no id: small letters, digits, - and _, parts joined by dots, at most 60",
        ),
        (
            lambda d: d["capabilities"][1].update(name="x" * 121),
            "capabilities[ownership].name: 121 characters; 120 is the most",
        ),
        (lambda d: d["levels"].pop(), "levels: must be 0 to 4, each once, in order"),
        (lambda d: d["signals"].pop(0), "capabilities[design].criteria[design.revisited].auto.signals: x"),
    ],
    ids=["id with a blank", "id that is a path", "long name", "missing level", "signal that is used"],
)
def test_what_could_not_be_stored_or_shown_is_refused(monkeypatch, shipped, change, message):
    data = copy.deepcopy(shipped)
    change(data)

    got = refusal(monkeypatch, data)

    if message.endswith(": x"):  # where the first signal of the file is used first
        assert got.startswith("bad.yaml: capabilities[")
        assert got.endswith("'repo.connected' leads nowhere in this file")
    else:
        assert got == f"bad.yaml: {message}"


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n".encode()
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "not readable as YAML: line 2: an alias (*) is not allowed; write it out"),
        (b"a: &a\n  b: *a\n", "not readable as YAML: line 2: an alias (*) is not allowed; write it out"),
        (b"x" * (4 * 1024 * 1024 + 1), "larger than 4 MiB"),
        (b"", "expected a mapping, found nothing"),
        (b"# nothing but words\n", "expected a mapping, found nothing"),
    ],
    ids=["bomb", "alias of itself", "too large", "empty", "comment"],
)
def test_files_that_would_hurt_are_refused_at_once(content, message):
    start = time.process_time()

    with pytest.raises(CatalogError) as refused:
        parse_maturity_model(content, "bad.yaml")

    assert str(refused.value) == f"bad.yaml: top: {message}"
    assert time.process_time() - start < 2


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- "])
def test_nesting_ends_in_a_refusal_and_not_in_a_crash(opening):
    with pytest.raises(CatalogError):
        parse_maturity_model(opening * 100_000, "bad.yaml")


JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 10**400, 1.5, float("nan"), float("inf"), "", " ", "x", "S1.T1", [], {}, [1], [[]],
    [None], ["x"], {"a": 1}, {"id": [1]}, [{"id": {"a": 1}}], {1: 2},
)  # fmt: skip


def paths(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(value, (*path, key))


@pytest.mark.slow
def test_junk_anywhere_is_refused_or_harmless(monkeypatch, shipped):
    """Every place of the file with junk of every kind, sampled: a refusal, or a model whose rules still run."""
    everywhere = list(paths(shipped))
    in_rules = [path for path in everywhere if "auto" in path]
    refusals = []
    for seed in range(250):
        rng = Random(seed)
        path, junk = rng.choice(in_rules if seed % 2 else everywhere), rng.choice(JUNK)
        place = shipped
        for key in path[:-1]:
            place = place[key]
        before, place[path[-1]] = place[path[-1]], junk
        try:
            monkeypatch.setattr(parse, "load_yaml", lambda _: shipped)
            model = parse_maturity_model(b"replaced", "bad.yaml")
            for criterion in model.criteria():
                if criterion.auto is not None:
                    decide(criterion.auto.rule, {})
        except CatalogError as error:
            refusals.append(str(error))
        finally:
            place[path[-1]] = before
    assert len(refusals) > 200
    assert [text for text in refusals if not text.startswith("bad.yaml: ")] == []


# ---- the trace of the seed document bites ----


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["seed_trace"].pop(12),
            "'S1.T1' is not a line of the seed trace",
        ),
        (
            lambda d: d["seed_trace"][12].update(quote="Automated builds!"),
            "the quote differs from the trace",
        ),
        (
            lambda d: d["seed_trace"][12].update(stated_by=[]),
            "seed_trace[S1.T1].stated_by: differs from the references of the file by ['build.automated']",
        ),
        (
            lambda d: d["seed_trace"][-1].update(criteria_in_phase=1),
            "seed_trace[P.O].criteria_in_phase: says 1, the file has 74",
        ),
    ],
    ids=["line gone", "other words", "stated by nobody", "phase miscounted"],
)
def test_a_broken_trace_is_refused(monkeypatch, shipped, change, message):
    data = copy.deepcopy(shipped)
    assert data["seed_trace"][12]["ref"] == "S1.T1"
    change(data)

    assert refusal(monkeypatch, data).endswith(message)


def test_an_achievement_that_nothing_states_any_more_is_refused(monkeypatch, shipped):
    data = copy.deepcopy(shipped)
    for capability in data["capabilities"]:
        for criterion in capability["criteria"]:
            criterion["seed"] = [
                r for r in criterion.get("seed", []) if (r["ref"], r["relation"]) != ("S1.T1", "states")
            ]
            if not criterion["seed"]:
                criterion.pop("seed")

    assert (
        refusal(monkeypatch, data)
        == "bad.yaml: seed_trace[S1.T1]: this achievement is stated by no criterion"
    )


def test_the_trace_is_held_to_the_seed_document_itself():
    """A catalogue that is consistent in itself but says other words than the seed document fails its own test."""
    from tests.assessments import test_catalog  # noqa: PLC0415 -- the test under test

    text = SHIPPED_FILE.read_text(encoding="utf-8")
    assert text.count("Automated tests for application code.") > 1
    changed = text.replace("Automated tests for application code.", "Automated tests of everything.")
    other = parse_maturity_model(changed.encode(), "other.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_catalog, "shipped_model", lambda: other)
        with pytest.raises(AssertionError):
            test_catalog.test_seed_trace_holds_every_line_of_the_seed_document_verbatim()


def test_yaml_of_the_shipped_file_reads_the_same_with_both_parsers(monkeypatch):
    text = SHIPPED_FILE.read_text(encoding="utf-8")[:20_000].rpartition("\n- ")[0]
    quick = load_yaml(text)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)

    assert load_yaml(text) == quick
