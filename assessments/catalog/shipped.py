"""The maturity model that ships with the portal."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from assessments.catalog.parse import parse_maturity_model
from assessments.catalog.schema import MaturityModelFile

SHIPPED_FILE = Path(__file__).parent / "data" / "mlops-maturity_2.yaml"


@cache
def shipped_model() -> MaturityModelFile:
    """The shipped maturity model, parsed once per process."""
    return parse_maturity_model(SHIPPED_FILE.read_bytes(), SHIPPED_FILE.name)
