"""The worked cases of the scoring spec, one test each; `scoring_cases.yaml` is a copy of the agreed file."""

from pathlib import Path

import pytest
import yaml

from assessments.catalog.cases import run_case
from assessments.catalog.shipped import shipped_model

CASES = yaml.safe_load((Path(__file__).parent / "scoring_cases.yaml").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case_gives_the_expected_result(case):
    assert run_case(case, shipped_model()) == case["expect"]
