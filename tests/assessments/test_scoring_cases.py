"""The worked cases of the scoring spec, one test each; `scoring_cases.yaml` is a copy of the agreed file."""

from pathlib import Path

import pytest
import yaml

from assessments.catalog.cases import run_case

CASES = yaml.safe_load((Path(__file__).parent / "scoring_cases.yaml").read_text(encoding="utf-8"))["cases"]
VALID_DAYS = {"ci_run": 90, "document": 365}


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] != "catalog"], ids=lambda c: c["id"])
def test_case_gives_the_expected_result(case):
    assert run_case(case, VALID_DAYS) == case["expect"]
