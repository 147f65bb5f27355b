"""The signals of the maturity model as it is shipped, from its file and not through our own reading of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parents[3] / "assessments" / "catalog" / "data"
# The newest version of the model: an older one knows fewer signals.
NEWEST = max(_FOLDER.glob("mlops-maturity_*.yaml"), key=lambda file: int(file.stem.rpartition("_")[2]))


@cache
def shipped_signals() -> dict[str, Any]:
    """Each signal of the newest version by its id."""
    return {signal["id"]: signal for signal in yaml.safe_load(NEWEST.read_text())["signals"]}


def named_by(provider: str) -> set[str]:
    """The signals that have this provider."""
    return {name for name, signal in shipped_signals().items() if provider in signal["providers"]}
