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
        "mlops-maturity version 1 has been active and never changes. Nothing was loaded. "
        "Raise `version:` in the file to 2 and load it again."
    )
    assert counts() == before


@pytest.mark.slow
def test_a_version_that_was_never_active_is_replaced_and_activation_moves(maturity_model):
    second = SHIPPED_FILE.read_bytes().replace(b"\n  version: 1\n", b"\n  version: 2\n", 1)
    assert second != SHIPPED_FILE.read_bytes()
    load_maturity_model(content=second, file="two.yaml", at=AT)
    load_maturity_model(content=second + b"# more\n", file="two.yaml", at=AT, activate=True)

    assert MaturityModel.objects.count() == 2
    active = active_model()
    assert active is not None
    assert active.version == 2


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

    def test_a_case_that_cannot_be_run_fails(self, tmp_path):
        path = tmp_path / "cases.yaml"
        path.write_text("cases:\n- id: X1\n  kind: dance\n")
        out = StringIO()

        with pytest.raises(SystemExit):
            call_command("score_cases", str(path), stdout=out)

        assert out.getvalue().endswith("0 passed, 1 failed\n")

    def test_a_file_without_cases_is_refused(self, tmp_path):
        path = tmp_path / "cases.yaml"
        path.write_text("[]")

        with pytest.raises(CommandError) as refused:
            call_command("score_cases", str(path))

        assert str(refused.value) == f"{path}: no list of `cases` in it"
