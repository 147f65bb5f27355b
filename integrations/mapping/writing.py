"""Mappings as they stand now, written as a file that says the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from integrations.connectors.base import OptionKind
from integrations.mapping.judging import Target
from integrations.mapping.reading import VERSION

_HEAD = "# What of its systems belongs to this team, read by MLOps Portal at each collection.\n"


def mapping_text(team: str, targets: Sequence[Target]) -> str:
    """The file for these mappings of a team; reading it changes nothing. Options that hold nothing are left out."""
    data = {
        "version": int(VERSION),
        "team": team,
        "connections": [{"name": target.name, "options": _options(target)} for target in targets],
    }
    return _HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1_000)


def _options(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option in target.kind.source_options:
        value = target.granted.get(option.name)
        if option.kind in {OptionKind.LIST, OptionKind.ROLES}:
            # A form that was never sent keeps a default as lines of one text.
            lines = value.splitlines() if isinstance(value, str) else [str(line) for line in value or ()]
            value = [line.strip() for line in lines if line.strip()]
        if value:
            found[option.name] = value
    return found
