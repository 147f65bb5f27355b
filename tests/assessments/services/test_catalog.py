from __future__ import annotations

from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from assessments.catalog.reader import CatalogError
from assessments.catalog.shipped import SHIPPED_FILE
from assessments.models import Capability, Criterion, Dimension, LevelDescriptor, MaturityModel
from assessments.queries.catalog import active_model
from assessments.services.catalog import VersionIsImmutable, ensure_shipped_model, load_maturity_model
from teams.models import Event
from tests.assessments.test_catalog import REFUSALS, changed
from tests.assessments.test_catalog_refusals import BOMB
from tests.factories import AT

pytestmark = pytest.mark.django_db


def counts():
    return [
        m.objects.count() for m in (MaturityModel, Dimension, Capability, Criterion, LevelDescriptor, Event)
    ]


def test_shipped_model_has_its_rows(maturity_model):
    assert counts()[:5] == [1, 5, 22, 136, 110]
    assert active_model() == maturity_model


def test_loading_the_same_bytes_changes_nothing(maturity_model):
    before = counts()

    again = load_maturity_model(content=SHIPPED_FILE.read_bytes(), file="same.yaml", at=AT, activate=True)

    assert (again.pk, counts()) == (maturity_model.pk, before)


def test_changed_bytes_of_an_active_version_are_refused(maturity_model):
    before = counts()

    with pytest.raises(VersionIsImmutable) as refused:
        load_maturity_model(content=SHIPPED_FILE.read_bytes() + b"# more\n", file="x.yaml", at=AT)

    assert str(refused.value) == (
        "mlops-maturity version 2 has been active and never changes. Nothing was loaded. "
        "Raise `version:` in the file to 3 and load it again."
    )
    assert counts() == before


@pytest.mark.slow
def test_a_version_that_was_never_active_is_replaced_and_activation_moves(maturity_model):
    second = SHIPPED_FILE.read_bytes().replace(b"\n  version: 2\n", b"\n  version: 3\n", 1)
    assert second != SHIPPED_FILE.read_bytes()
    load_maturity_model(content=second, file="three.yaml", at=AT)
    load_maturity_model(content=second + b"# more\n", file="three.yaml", at=AT, activate=True)

    assert MaturityModel.objects.count() == 2
    active = active_model()
    assert active is not None
    assert active.version == 3


def test_malformed_file_stores_nothing():
    before = counts()

    with pytest.raises(CatalogError):
        load_maturity_model(content=b"key: x\n", file="bad.yaml", at=AT)

    assert counts() == before


def test_ensure_shipped_model_loads_once(maturity_model):
    maturity_model.delete()
    assert ensure_shipped_model(at=AT).pk == ensure_shipped_model(at=AT).pk


def test_command_loads_and_activates(tmp_path):
    out = StringIO()

    call_command("load_maturity_model", str(SHIPPED_FILE), "--activate", stdout=out)

    assert out.getvalue() == f"{active_model()}: active\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- 1\n", "bad.yaml: top: expected a mapping, found list"),
        (b"\xff\xfe", "bad.yaml: top: not readable as YAML:"),
    ],
)
def test_command_names_file_and_reason(tmp_path, content, message):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    before = counts()

    with pytest.raises(CommandError) as refused:
        call_command("load_maturity_model", str(path))

    assert str(refused.value).startswith(message)
    assert counts() == before


def test_command_names_a_missing_file():
    with pytest.raises(CommandError) as refused:
        call_command("load_maturity_model", "nowhere.yaml")

    assert str(refused.value) == "nowhere.yaml: cannot be read: No such file or directory"


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSALS)
def test_command_refuses_each_kind_of_bad_file_and_stores_nothing(tmp_path, maturity_model, name):
    edit, message = REFUSALS[name]
    path = tmp_path / "bad.yaml"
    path.write_bytes(changed(lambda data: (edit(data), data["catalog"].update(version=3))))
    before = counts()

    with pytest.raises(CommandError) as refused:
        call_command("load_maturity_model", str(path), "--activate")

    assert (str(refused.value), counts(), active_model()) == (message, before, maturity_model)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "bad.yaml: top: not readable as YAML: line 2: an alias (*) is not allowed; write it out"),
        (b"", "bad.yaml: top: expected a mapping, found nothing"),
        (b"x" * 5_000_000, "bad.yaml: top: larger than 4 MiB"),
        (
            SHIPPED_FILE.read_bytes() + b"# one more word\n",
            "mlops-maturity version 2 has been active and never changes. Nothing was loaded. "
            "Raise `version:` in the file to 3 and load it again.",
        ),
    ],
    ids=["bomb", "empty", "too large", "changed bytes of an active version"],
)
def test_command_says_literally_what_is_wrong(tmp_path, maturity_model, content, message):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    before = counts()

    with pytest.raises(CommandError) as refused:
        call_command("load_maturity_model", str(path), "--activate")

    assert (str(refused.value), counts(), active_model()) == (message, before, maturity_model)


def test_command_names_a_folder(tmp_path):
    with pytest.raises(CommandError) as refused:
        call_command("load_maturity_model", str(tmp_path))

    assert str(refused.value) == f"{tmp_path}: cannot be read: Is a directory"


class TestScoreCases:
    FILE = SHIPPED_FILE.parents[3] / "tests" / "assessments" / "scoring_cases.yaml"

    def test_all_given_cases_pass(self):
        out = StringIO()

        call_command("score_cases", str(self.FILE), stdout=out)

        assert out.getvalue() == "46 passed, 0 failed\n"

    def test_a_wrong_expectation_fails_by_name(self, tmp_path):
        data = yaml.safe_load(self.FILE.read_text())
        case = next(case for case in data["cases"] if case["id"] == "Q05")
        case["expect"] = "yes"
        path = tmp_path / "cases.yaml"
        path.write_text(yaml.safe_dump({"cases": [case]}))
        out = StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("score_cases", str(path), stdout=out)

        assert out.getvalue() == "Q05: expected 'yes', got 'unknown'\n0 passed, 1 failed\n"
        assert ended.value.code == 1

    def test_each_failing_case_is_named_and_the_others_still_count(self, tmp_path):
        cases = yaml.safe_load(self.FILE.read_text())["cases"]
        for case in cases:
            if case["id"] in {"C02", "K01"}:
                case["expect"] = {**case["expect"], "flags" if case["id"] == "C02" else "level": []}
        cases[0]["expect"] = "no"
        path = tmp_path / "cases.yaml"
        path.write_text(yaml.safe_dump({"cases": cases}))
        out = StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("score_cases", str(path), stdout=out)

        lines = out.getvalue().splitlines()
        # C02 has no flags; an empty list is what it expects anyway.
        assert lines[0] == "Q01: expected 'no', got 'yes'"
        assert lines[1].startswith("K01: expected {'ahead': 3, 'applicable': 6,")
        assert lines[1].endswith("'known': 6, 'applicable': 6, 'ahead': 3}")
        assert lines[2:] == ["44 passed, 2 failed"]
        assert ended.value.code == 1

    @pytest.mark.parametrize(
        ("case", "line"),
        [
            ("{id: X1, kind: dance}", "X1: cannot be run: ValueError: X1: this runner knows no kind 'dance'"),
            ("{id: X2}", "X2: cannot be run: KeyError: 'kind'"),
            (
                "{kind: capability, criteria: [[1, 'yes', claimed]]}",
                "?: expected None, got {'state': 'assessed', ",
            ),
            (
                "{id: X3, kind: capability, criteria: [[1, perhaps, claimed]]}",
                "X3: cannot be run: ValueError: 'perhaps' is not a valid Status",
            ),
            (
                "{id: X4, kind: team, dimensions: {people: [{id: a, level: 1, verified: null, potential: 1}]}}",
                "X4: cannot be run: AssertionError: only capabilities that apply have numbers",
            ),
            ("{id: X5, kind: catalog, capability: nowhere}", "X5: cannot be run: StopIteration: "),
        ],
    )
    def test_a_case_that_cannot_be_run_fails_in_one_line(self, tmp_path, case, line):
        path = tmp_path / "cases.yaml"
        path.write_text(f"cases:\n- {case}\n")
        out = StringIO()

        with pytest.raises(SystemExit) as ended:
            call_command("score_cases", str(path), stdout=out)

        first, last = out.getvalue().splitlines()
        assert first.startswith(line)
        assert (last, ended.value.code) == ("0 passed, 1 failed", 1)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"[]", "no list of `cases` in it"),
            (b"cases: 7", "no list of `cases` in it"),
            (b"cases: [7]", "no list of `cases` in it"),
            (b"", "no list of `cases` in it"),
            (b"cases: [2026-13-01]", "not readable as YAML: month must be in 1..12"),
            (b"\xff\xfe\x00", "not readable as YAML: 'utf-8' codec can't decode byte 0xff in position 0"),
            (b"cases: [", "not readable as YAML: while parsing a flow node"),
        ],
    )
    def test_a_malformed_file_is_one_clear_line(self, tmp_path, content, message):
        path = tmp_path / "cases.yaml"
        path.write_bytes(content)

        with pytest.raises(CommandError) as refused:
            call_command("score_cases", str(path))

        assert str(refused.value).startswith(f"{path}: {message}")
        assert "\n" not in str(refused.value)

    def test_a_missing_file_is_one_clear_line(self):
        with pytest.raises(CommandError) as refused:
            call_command("score_cases", "nowhere.yaml")

        assert str(refused.value) == "nowhere.yaml: cannot be read: No such file or directory"
